"""Records made by hand, and the tables of a page read back."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xlser.corpora import get_corpus
from xlser.methods.provenance.owned import owned
from xlser.protocols import Protocol
from xlser.records import Predictions, Record, score_predictions
from xlser.records.columns import to_table
from xlser.records.runs_table import Block, Runs
from xlser.results import Results, Table
from xlser.site.pages.protocol import render

NAMES = tuple(
    {spoken.speaker: name for name, spoken in get_corpus("emodb").published().items()}.values()
)
"""An utterance of each of the ten speakers of EMO-DB."""


def made(template: Record, protocol: Protocol, right: int = 7, **changes: Any) -> Record:
    """A record of `protocol` in which `right` of 10 target utterances are recognised."""
    classes = len(protocol.classes)
    truth = [i % classes for i in range(10)]
    answers = [t if i < right else (t + 1) % classes for i, t in enumerate(truth)]
    matrix = np.eye(classes, dtype=np.float32)[answers]
    predictions = (
        Predictions.of("emodb", "target", NAMES, truth, matrix),
        Predictions.of("ravdess", "source", NAMES, truth, matrix),
    )
    stamp = {"name": "sft", "target_labels": "few", "packaged_code": None}
    stamp |= changes.pop("method", {})
    known = owned(stamp["name"])
    stamp.setdefault("settings", dict(known.defaults[0]) if known else {})
    return template.model_copy(
        update={
            "key": repr(sorted(changes.items())) + repr(stamp),
            "protocol": protocol.name,
            "protocol_version": protocol.version,
            "protocol_digest": protocol.digest,
            "classes": protocol.classes,
            "labels": 100,
            "absent_corpora": (),
            "source_corpora": ("ravdess", "savee", "tess"),
            "source_figure": protocol.source_figure,
            "predictions": predictions,
            "scores": score_predictions(predictions, classes, protocol.source_figure),
            "method": template.method.model_copy(update=stamp),
            **changes,
        }
    )


def over_seeds(
    template: Record, protocol: Protocol, rights: Mapping[int, int] | int, **changes: Any
) -> list[Record]:
    """Records of some seeds, by how many utterances each recognises; a number means all seeds."""
    if isinstance(rights, int):
        rights = dict.fromkeys(protocol.seeds, rights)
    return [made(template, protocol, n, seed=seed, **dict(changes)) for seed, n in rights.items()]


def results(protocol: Protocol, records: list[Record]) -> Results:
    """Results of records that lie in no file."""
    paths = [Path(f"{i:03}.json") for i in range(len(records))]
    return Results(protocol, Runs([(Block(to_table(records), {}), paths, paths)]))


def boards(protocol: Protocol, records: list[Record]) -> list[Table]:
    return list(results(protocol, records).tables())


def page(protocol: Protocol, records: list[Record]) -> str:
    return render(results(protocol, records))


def write(records: list[Record], leaderboards: Path) -> None:
    """Write records where `xlser run` would; their names end as by keys that all differ."""
    for i, record in enumerate(records):
        record.write(leaderboards / record.protocol / "results" / f"{i}-{i:08x}.json")


def read(text: str) -> list[list[dict[str, str]]]:
    """Every table of results on a page, as rows by column title; that of costs is none."""
    found = []
    for block in text.partition("## Cost")[0].strip().split("\n\n"):
        if block.startswith("|"):
            titles, _, *rows = [
                [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
            ]
            found.append([dict(zip(titles, row, strict=True)) for row in rows])
    return found


def under(text: str, heading: str) -> str:
    """The part of a page between a heading and the next of its level or above."""
    _, _, rest = text.partition(f"\n{heading}\n")
    level = heading.count("#")
    lines = []
    for line in rest.splitlines():
        if line.startswith("#") and len(line) - len(line.lstrip("#")) <= level:
            break
        lines.append(line)
    return "\n".join(lines)


def without_interval(cell: str) -> str:
    """A cell with no interval behind its figure."""
    return re.sub(r" \[[^]]*\]", "", cell)


def interval(cell: str) -> tuple[float, float]:
    """The interval in a cell."""
    (edges,) = re.findall(r"\[([^]]*)\]", cell)
    low, high = map(float, edges.replace("−", "-").split(", "))
    return low, high
