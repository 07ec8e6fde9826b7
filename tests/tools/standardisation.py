"""What standardisation is worth on real speech: the table of docs/standardisation.md.

    python -m tests.tools.standardisation OUT [BACKBONE [METHOD ...]]

Runs are recorded under OUT, so that the command goes on from where it was stopped. It needs the
corpora of `v1` (XLSER_DATA) and the weights of the backbone.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np
import pandas as pd

import xlser
from xlser.api.pipeline import Pipeline
from xlser.methods import Standardisation, get_method
from xlser.protocols import get_protocol
from xlser.settings import Settings
from xlser.training import GradientMethod

TARGETS, BUDGETS, SEEDS = ("german", "italian"), (0, 25, 100), (0, 1, 2)


class SourceAlone(GradientMethod):
    """`lower-bound`, but for the statistics by which embeddings are standardised."""

    name = "source-alone"
    target_labels = "none"
    citation = "Agarla et al. (2022), Section 6.1, with the statistics of other speech"
    stages = ("source",)


def run(out: str, backbone: str, methods: Sequence[str]) -> None:
    """Run each method under each standardisation; some ten minutes on two cores."""
    for name in methods:
        kind = SourceAlone if name == SourceAlone.name else get_method(name)
        # Without labels, what is labelled is the source.
        asked = ("none", "source", "language") if kind is SourceAlone else get_args(Standardisation)
        xlser.run(
            [kind(standardisation=by) for by in asked],
            protocol="v1",
            target=TARGETS,
            labels=BUDGETS,
            seeds=SEEDS,
            backbone=backbone,
            leaderboards=out,
        )


def scores(out: str, role: str) -> pd.DataFrame:
    """Return the mean UA % over seeds and target languages: by method and standardisation.

    Args:
        out: folder of the runs.
        role: "target", or "source" for English.
    """
    frame = xlser.load_results(out, "v1").frame
    chosen = frame[(frame["role"] == role) & (frame["metric"] == "ua")]
    by = chosen["row"].str.extract(r"standardisation=(\w+)", expand=False)
    declared = {"logistic-regression": "labelled", "svm": "labelled"}
    by = by.fillna(chosen["method"].map(declared).fillna("source"))
    keys = [chosen["method"], by.rename("standardisation"), chosen["target"], chosen["labels"]]
    return chosen["value"].groupby(keys).mean().unstack(["target", "labels"])


def lines(table: pd.DataFrame) -> Iterator[str]:
    """Yield the table as Markdown."""
    columns = [(target, labels) for target in TARGETS for labels in BUDGETS]
    yield "| method | standardised by | " + " | ".join(f"{t} {k}" for t, k in columns) + " |"
    yield "|:--|:--|" + "--:|" * len(columns)
    for method in dict.fromkeys(table.index.get_level_values(0)):
        for by in get_args(Standardisation):
            if (method, by) in table.index:
                values = [table.loc[(method, by)].get(column) for column in columns]
                cells = [
                    "" if value is None or value != value else f"{value:.1f}" for value in values
                ]
                yield f"| `{method}` | {by} | " + " | ".join(cells) + " |"


def idle(backbone: str) -> Iterator[str]:
    """Yield how many dimensions of each corpus do not vary, and how many hardly do."""
    pipeline = Pipeline.gather(get_protocol("v1"), TARGETS, backbone, Settings.gather())
    inputs = pipeline.inputs("frozen").prepared()
    yield "| corpus | dimensions | do not vary | deviation under a tenth of the median |"
    yield "|:--|--:|--:|--:|"
    for corpus, features in inputs.features.items():
        deviation = features.in_memory().values.std(axis=0, dtype="float64")
        small = (deviation > 0) & (deviation < 0.1 * np.median(deviation))
        dead = int((deviation == 0).sum())
        yield f"| {corpus} | {len(deviation)} | {dead} | {int(small.sum())} |"


if __name__ == "__main__":
    out, backbone = sys.argv[1], (sys.argv[2:] or ["audiontt-512"])[0]
    run(out, backbone, sys.argv[3:] or ["logistic-regression", "svm", SourceAlone.name])
    print("\n".join(idle(backbone)))
    for role in ("target", "source"):
        print(f"\nUA % of the {role} language\n")
        print("\n".join(lines(scores(out, role))))
