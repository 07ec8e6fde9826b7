"""A page compares as the suite does: the same resamples, the same exchanges, the same numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.explorer.conftest import V1, stated
from tests.leaderboards.made import made, results

from xlser.corpora import get_corpus
from xlser.leaderboards.formatting import signed
from xlser.records import Predictions, Record, score_predictions
from xlser.results import Results
from xlser.site.explorer import explorer_page
from xlser.site.explorer.numbers import Numbers

_SPEECH = {"german": ("emodb", 10), "italian": ("ased", 65)}
"""Corpus and speakers of each target: few, whose exchanges are all looked at, and many."""


def _by_chance(template: Record, target: str, method: str, labels: int, seed: int) -> Record:
    """A record with three utterances a speaker, of which other ones are recognised each time."""
    corpus, speakers = _SPEECH[target]
    names: dict[str, list[str]] = {}
    for name, spoken in get_corpus(corpus).published().items():
        names.setdefault(spoken.speaker, []).append(name)
    assert len(names) == speakers
    tested = [name for of in list(names.values())[seed % 2 :] for name in of[seed : seed + 3]]
    truth = np.random.default_rng([seed, speakers]).integers(0, 5, len(tested))
    random = np.random.default_rng([ord(method[0]), labels, seed, speakers])
    share = 0.7 if (method == "sft") == (labels == 100) else 0.5  # each is better at one budget
    answers = np.where(
        random.random(len(tested)) < share, truth, random.integers(0, 5, len(tested))
    )
    levels = np.eye(5, dtype=np.float32)[answers]
    source = made(template, V1).predictions[1]
    predictions = (Predictions.of(corpus, "target", tested, truth.tolist(), levels), source)
    return made(
        template,
        V1,
        target=target,
        labels=labels,
        seed=seed,
        method=stated(method),
        predictions=predictions,
        scores=score_predictions(predictions, 5, V1.source_figure),
    )


@pytest.fixture(scope="module")
def found(template: Record) -> Results:
    return results(
        V1,
        [
            _by_chance(template, target, method, labels, seed)
            for target in _SPEECH
            for method in ("sft", "mcc")
            for labels in (25, 100)
            for seed in V1.seeds
        ],
    )


def test_differences_intervals_and_p_values_are_those_of_the_suite(
    found: Results, open_page: Any, tmp_path: Path
) -> None:
    path = tmp_path / "index.html"
    path.write_text(explorer_page(found), encoding="utf-8")
    (condition,) = {table.condition.slug for table in found.tables()}
    page = open_page(path, f"#a=sft@{condition}&b=mcc@{condition}")
    columns = {"cell": "Target", "difference": "Difference", "interval": "95 %", "p": "p"}
    cells = {name: page.cells(column, "table.differences") for name, column in columns.items()}
    shown = pd.DataFrame(cells).set_index("cell")
    frame = found.compare("sft", "mcc").frame
    assert len(frame) == len(shown) == 6
    for row in frame.itertuples():
        name = "Mean" if "+" in row.target else row.target.capitalize()
        own = shown.loc[f"{name} · {row.labels}"]
        assert own["difference"] == signed(row.difference)
        low, high = (f"{edge:.1f}".replace("-", "−") for edge in (row.low, row.high))
        assert own["interval"] == f"[{low}, {high}]"
        assert own["p"] == ("< 0.001" if row.p < 0.001 else f"{row.p:.3f}")


def test_ranks_follow_scores_in_tables_and_in_means(found: Results) -> None:
    content = Numbers(found).content()
    rows = [*content["rows"], *content["means"]]
    first = {(row["target"], row["labels"]): row["method"] for row in rows if row["rank"] == "1"}
    assert first["", 25] != first["", 100]  # by 100 labels summaries are ordered
    for row in rows:
        rivals = [r for r in rows if (r["target"], r["labels"]) == (row["target"], row["labels"])]
        assert row["rank"] == str(1 + sum(rival["score"] > row["score"] for rival in rivals))


def test_the_same_records_give_the_same_bytes(found: Results) -> None:
    assert explorer_page(found) == explorer_page(found)
