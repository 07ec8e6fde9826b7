"""Core-seconds of runs by the code of version 0.1, in a process of its own environment.

`tests.speed.versions` starts it with the Python that has version 0.1 installed, so that nothing
here may import this checkout's packages. Lines of JSON come in and go out, as with
`tests.speed.runs --serve`.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.speed.runs import BACKBONE, counted


class Bench:
    """Corpora and embeddings of version 0.1, on which its methods are measured."""

    def __init__(self, protocol: str, targets: Sequence[str]) -> None:
        import torch

        from xlser import runs
        from xlser.protocols import get_protocol
        from xlser.settings import Settings
        from xlser.training import pretrained

        torch.set_num_threads(1)
        settings = Settings.gather()
        chosen = get_protocol(protocol)
        self._speech = runs.gather(chosen, targets, settings, lambda work, done, total: None)
        self._backbone = pretrained(BACKBONE, settings)
        self._speech.prepare("frozen", self._backbone)

    def measure(
        self, method: str, targets: Sequence[str], labels: Sequence[int], seeds: Sequence[int]
    ) -> dict[str, Any]:
        """Return the CPU seconds of a method's runs by part, as `tests.speed.runs` does."""
        import torch

        from xlser import runs
        from xlser.methods import get_method
        from xlser.runs import calling, one_run, source_models

        get_method(method)  # imports what it needs
        asked = runs.Request([method], {}, targets, labels, seeds, "frozen", "fp32")
        counts: dict[str, float] = {}
        with (
            TemporaryDirectory() as folder,
            counted(one_run, "source_model", counts, "source"),
            counted(source_models, "_train", counts, "source trained"),
            counted(calling._Here, "fit", counts, "fit"),
            counted(calling._Here, "predict", counts, "predict"),
        ):
            results = Path(folder)
            began = time.process_time()
            plan = runs.make_plan(asked, self._speech, self._backbone, results)
            shared = runs.Shared(self._speech, self._backbone, results, torch.device("cpu"))
            outcome = runs.execute(plan, shared, runs.Events(), runs.Local(jobs=1))
            whole = time.process_time() - began
        if outcome.failures or not plan.todo:
            return {"runs": 0}
        return {**counts, "whole": whole, "runs": len(plan.todo)}

    def planned(self, method: str, targets: Sequence[str]) -> int:
        """Return how many runs of a method the whole grid has."""
        from xlser import runs

        asked = runs.Request([method], {}, targets, [], [], "frozen", "fp32")
        return len(runs.make_plan(asked, self._speech, self._backbone, Path("nowhere")).todo)

    def methods(self) -> list[str]:
        """Return the names of its methods."""
        from xlser.methods import method_names

        return list(method_names())


def main() -> None:
    """Answer each line, which names a function of `Bench` and its arguments."""
    bench = Bench(*json.loads(sys.argv[1]))
    for line in sys.stdin:
        function, *arguments = json.loads(line)
        print(json.dumps(getattr(bench, function)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
