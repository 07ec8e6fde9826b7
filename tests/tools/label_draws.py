"""What random label draws change, against draws with classes in turn.

`python -m tests.tools.label_draws collect BOARDS BALANCED.json RANDOM.json OUT.csv` takes UA and
accuracy of each run from leaderboards of two protocols that differ in `labelling_rule` alone.
`python -m tests.tools.label_draws show OUT.csv` prints the table of docs/studies.
"""

import sys
from pathlib import Path

import pandas as pd

from xlser import load_results

_RUN = ["row", "target", "labels", "seed", "fold"]
_RULES = ("balanced", "random")


def collect(boards: Path, protocols: dict[str, str]) -> pd.DataFrame:
    """Return a row a run, with its rule, UA and accuracy, percent."""
    found = []
    for rule, protocol in protocols.items():
        frame = load_results(boards, protocol).frame
        frame = frame[(frame.role == "target") & frame.metric.isin(["ua", "accuracy"])]
        scores = frame.set_index([*_RUN, "metric"]).value.unstack("metric")
        found.append(scores.reset_index().assign(labelling=rule))
    return pd.concat(found)[["labelling", *_RUN, "ua", "accuracy"]].sort_values(_RUN)


def table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over languages by rule, and the difference with its standard error."""
    scores = runs.melt([*_RUN, "labelling"], ["ua", "accuracy"], "metric")
    by_run = scores.pivot(index=["metric", *_RUN], columns="labelling", values="value").dropna()
    languages = by_run.groupby(["row", "labels", "metric", "target"]).mean()
    languages["difference"] = languages["random"] - languages["balanced"]
    rows = languages.groupby(["row", "labels", "metric"])
    means = rows.mean()
    means["standard error"] = rows.difference.sem()
    return means[[*_RULES, "difference", "standard error"]]


def main(command: str, *given: str) -> None:
    """Collect runs, or show them."""
    if command == "collect":
        boards, balanced, random, out = given
        protocols = dict(zip(_RULES, (balanced, random), strict=True))
        collect(Path(boards), protocols).round(2).to_csv(out, index=False)
    else:
        shown = table(pd.read_csv(given[0])).reset_index()
        print(shown.to_markdown(index=False, floatfmt=".1f"))


if __name__ == "__main__":
    main(*sys.argv[1:])
