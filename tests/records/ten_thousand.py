"""The size of a large leaderboard, and how long it takes to read: ten thousand made-up records.

`python -m tests.records.ten_thousand [FOLDER]` makes the records of a grid of ten languages, three
seeds by three folds, four label budgets and 28 methods (10,080 runs, 470 target utterances and
2,500 of the source each, five classes), packs them and measures them: `xlser records size` in a
process of its own. A third of the methods are soft, a third overconfident, a third between.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from tests.cli.commands import XLSER

from xlser.records import (
    BackboneStamp,
    Environment,
    MethodStamp,
    Predictions,
    Record,
    score_predictions,
)
from xlser.records.columns import to_table
from xlser.records.packing import as_files
from xlser.system.files import write_atomically

LANGUAGES = 10
FOLDS = 9  # of three seeds, three each
BUDGETS = (0, 25, 50, 100)
METHODS = 28
TARGET, SOURCE = 470, 2_500  # utterances
CLASSES = ("anger", "fear", "happiness", "neutral", "sadness")
SHARPNESS = (1, 4, 10)
"""Of the probabilities; at 10, two in three utterances are predicted with 99 % or more."""

Reals = npt.NDArray[np.float64]


class Speech:
    """Made-up test utterances: names, emotions, and how hard each is, for all methods alike."""

    def __init__(self, corpus: str, count: int, fold: int) -> None:
        chance = np.random.default_rng([fold, *corpus.encode()])
        self.corpus = corpus
        numbers = chance.permutation(10 * count)[:count]
        self.names = [f"speaker{n % 60:02}-{n // 60:04}" for n in numbers.tolist()]
        self.truth = chance.integers(0, len(CLASSES), count)
        self.hard = chance.normal(0, 1, (count, len(CLASSES)))

    def probabilities(self, chance: np.random.Generator, sharpness: float) -> Reals:
        """Return the probabilities of a method of any skill, shape (utterances, classes)."""
        skill = chance.uniform(0.8, 2.5)
        noise = chance.normal(0, 0.8, self.hard.shape)
        score = sharpness * (skill * np.eye(len(CLASSES))[self.truth] + self.hard + noise)
        weight = np.exp(score - score.max(axis=1, keepdims=True))
        shares: Reals = weight / weight.sum(axis=1, keepdims=True)
        return shares


def records(language: int) -> Iterator[Record]:
    """Yield the records of one target."""
    target = f"language-{language}"
    for fold in range(FOLDS):
        tested = Speech(target, TARGET, fold), Speech("english", SOURCE, fold)
        for method, labels in product(range(METHODS), BUDGETS):
            yield _record(target, method, labels, fold, tested)


def _record(
    target: str, method: int, labels: int, fold: int, tested: tuple[Speech, Speech]
) -> Record:
    key = sha256(f"{target} {method} {labels} {fold}".encode()).hexdigest()
    chance = np.random.default_rng(list(bytes.fromhex(key)))
    sharpness = SHARPNESS[method % len(SHARPNESS)]
    predictions = [
        Predictions.of(
            speech.corpus,
            role,
            speech.names,
            speech.truth.tolist(),
            speech.probabilities(chance, sharpness),
        )
        for role, speech in zip(("target", "source"), tested, strict=True)
    ]
    started = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=int(chance.integers(1 << 22)))
    return Record(
        schema_version=3,
        key=key,
        protocol="made-up",
        protocol_version=1,
        protocol_digest=sha256(b"protocol").hexdigest(),
        scenario=sha256(f"{target} {labels} {fold}".encode()).hexdigest(),
        method=MethodStamp(
            name=f"method-{method:02}",
            package="some-methods 1.0.0",
            packaged=True,
            code="",
            target_labels="few",
            settings={"weight": 0.5, "rounds": method},
            changed=(),
        ),
        target=target,
        labels=labels,
        seed=fold,
        repeat=0,
        track="frozen",
        backbone=BackboneStamp(name="encoder", weights=sha256(b"weights").hexdigest()[:40]),
        precision="fp32",
        isolated=False,
        classes=CLASSES,
        source_corpora=("english",),
        absent_corpora=(),
        excluded={},
        corpora={name: sha256(name.encode()).hexdigest() for name in ("english", target)},
        source_figure="pooled",
        scores=score_predictions(predictions, len(CLASSES), "pooled"),
        predictions=tuple(predictions),
        started=started.isoformat(timespec="seconds"),
        seconds={
            name: round(chance.lognormal(2), 3) for name in ("source model", "fit", "predict")
        },
        peak_memory={"host": int(chance.integers(500, 4_000))},
        environment=Environment(
            packages={"xlser": "0.2.0", "torch": "2.11.0"},
            git={"xlser": "0" * 40},
            python="3.11.7",
            system="Linux x86_64",
            processor="AMD EPYC",
            device="cpu",
            threads=1,
        ),
    )


def make(results: Path, languages: int = LANGUAGES) -> None:
    """Write the packed files of some targets."""
    for language in range(languages):
        for path, content in as_files(to_table(records(language)), results).items():
            write_atomically(results / path, content)


def measure(results: Path) -> list[dict[str, Any]]:
    """Return what `xlser records size` prints, in a process of its own."""
    command = [*XLSER, "records", "size", str(results), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: list[dict[str, Any]] = json.loads(done.stdout)
    return answer


def main() -> None:
    """Make the records in a folder (a temporary one if none is named) and print what they take."""
    with TemporaryDirectory() as temporary:
        results = Path(sys.argv[1] if sys.argv[1:] else temporary) / "results"
        make(results)
        print(measure(results))


if __name__ == "__main__":
    main()
