"""Lists the code of methods that committed records state and that is not the installed code.

    python -m tests.tools.former_code leaderboards [--accept]

Before `--accept` adds these digests to `former_code.json` beside the methods, run a cell of each
method anew and compare: what is listed there is taken to give the same results.
"""

import json
from argparse import ArgumentParser
from pathlib import Path

from xlser.methods.provenance.owned import FORMER_CODE, owned
from xlser.methods.provenance.sources import source_of
from xlser.records.store import read_runs


def main() -> None:
    """List, and add if asked to."""
    parser = ArgumentParser()
    parser.add_argument("leaderboards", type=Path)
    parser.add_argument("--accept", action="store_true")
    given = parser.parse_args()
    path = source_of("xlser_baselines").with_name(FORMER_CODE)
    known: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
    for results in sorted(given.leaderboards.glob("*/results")):
        frame = read_runs(results).frame[["method", "packaged_code"]].drop_duplicates()
        for name, code in frame.itertuples(index=False, name=None):
            method = owned(name)
            if method is None or code in ("", method.code, *known.get(name, [])):
                continue
            print(f"{results.parent.name}: {name}: {code}, installed {method.code}")
            known.setdefault(name, []).append(code)
    if given.accept:
        text = json.dumps(dict(sorted(known.items())), indent=1)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
