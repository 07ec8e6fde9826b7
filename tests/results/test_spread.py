"""Sources of spread: trainings, label draws, speakers, told apart by repeats."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.demo import Demo, request

from xlser.protocols import get_protocol
from xlser.records.validate import validate
from xlser.results import load
from xlser.results.spread import spread

COLUMNS = ["condition", "row", "target", "labels", "seed", "fold", "repeat", "draw", "value"]


def runs(values: list[tuple[int, int, int, float]]) -> pd.DataFrame:
    """Runs of one row, by seed, repeat, draw and score."""
    rows = [("c", "sft", "german", 25, seed, 0, *of, value) for seed, *of, value in values]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_each_source_by_hand() -> None:
    # Trainings: variance 2 in either seed; with other labels 50, around means of 55 and 75.
    trained = [(0, 0, 0, 50.0), (0, 1, 0, 52.0), (1, 0, 0, 70.0), (1, 1, 0, 72.0)]
    drawn = [(0, 1, 1, 60.0), (1, 1, 1, 80.0)]
    (row,) = spread(runs(trained + drawn)).to_dict("records")
    assert row["runs"] == 6
    assert row["trainings"] == pytest.approx(2**0.5)
    assert row["label_draws"] == pytest.approx((50 - 2) ** 0.5)
    assert row["speakers"] == pytest.approx((200 - 50 / 2) ** 0.5)


def test_what_no_repeats_show_is_not_known() -> None:
    (row,) = spread(runs([(0, 0, 0, 50.0), (0, 1, 0, 52.0)])).to_dict("records")
    assert row["trainings"] == pytest.approx(2**0.5)
    assert np.isnan([row["label_draws"], row["speakers"]]).all()
    assert spread(runs([(0, 0, 0, 50.0), (1, 0, 0, 60.0)])).empty


def test_sources_are_found_again_in_runs_that_are_made_up() -> None:
    rng = np.random.default_rng(0)
    values = []
    for seed in range(400):
        speakers, labels = rng.normal(0, 6), rng.normal(0, 3)
        for repeat, draw in product(range(3), (0, 1)):
            if draw and not repeat:
                continue
            own = rng.normal(0, 3) if draw else labels
            score = 50 + speakers + own + rng.normal(0, 2)
            values.append((seed, repeat, draw and repeat, score))
    (row,) = spread(runs(values)).to_dict("records")
    found = [row[name] for name in ("trainings", "label_draws", "speakers")]
    assert found == pytest.approx([2, 3, 6], rel=0.12)


def test_repeats_with_other_labels_are_valid_records_that_stand_in_no_table(
    demo_cache: Path, tmp_path: Path
) -> None:
    demo, folder = Demo(demo_cache), tmp_path / "demo" / "results"
    asked = replace(request(["knn"], labels=[0, 20], repeats=3), redraw_labels=True)
    records = demo.run(asked, folder).records
    drawn = {(r.labels, r.repeat): (r.draw, r.scenario) for r in records}
    assert {cell: draw for cell, (draw, _) in drawn.items()} == {
        (0, 0): None, (0, 1): None, (0, 2): None, (20, 0): None, (20, 1): 1, (20, 2): 2,
    }  # fmt: skip
    assert len({scenario for (k, _), (_, scenario) in drawn.items() if k == 20}) == 3
    labelled = [demo.catalogue().scenario("german", 20, 0, 0, d) for d in (0, 1, 2)]
    for scenario in labelled:  # the rule stays: classes take turns
        counts = np.bincount([scenario.emotion[i] for i in scenario.target_labelled])
        assert counts.min() == counts.max() == 4
    assert len({scenario.target_test for scenario in labelled}) == 1
    checked = validate(folder.rglob("*.json"))
    assert checked.faults == []
    found = load(get_protocol("demo"), tmp_path)
    assert len(found.tables()[0].rows) == 2
    assert set(found.spread()["labels"]) == {0, 20}
