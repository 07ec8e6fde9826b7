import pandas as pd

from xlser.runs.plan_notes import PLANNED, plan_notes

FLIP = {
    "key": "k0", "method": "flip", "package": "flip 1.0", "settings": "{}", "target": "german",
    "labels": 0, "track": "frozen", "backbone": "audiontt-512", "weights": "random",
    "precision": "fp32", "source_corpora": ("ravdess",), "excluded": "{}",
    "corpora": '{"emodb":"a","ravdess":"b"}', "repeat": 0,
}  # fmt: skip


def runs(*changes: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{**FLIP, **change} for change in changes], columns=[*PLANNED, "repeat"])


NONE = runs()


def test_a_plan_that_fits_has_no_notes() -> None:
    assert plan_notes(runs({"key": "k1"}), runs({}), runs({})) == []
    assert plan_notes(runs({}), NONE, NONE) == []


def test_runs_recorded_by_another_version_are_named() -> None:
    new = {"package": "flip 2.0"}
    done = runs({"key": "k0", **new}, {"key": "k1", **new})
    assert plan_notes(NONE, done, runs({"key": "k0"}, {"key": "k1"})) == [
        "flip: 2 runs are recorded already by flip 1.0; flip 2.0 is installed: delete their "
        "records to run them again."
    ]


def test_seeds_that_join_a_row_of_another_version_are_named() -> None:
    new = {"package": "flip 2.0"}
    (note,) = plan_notes(runs({"key": "k1", **new}, {"key": "k2", **new}), NONE, runs({}))
    assert note.startswith("flip: 2 runs are to do by flip 2.0 in rows that have seeds of flip 1.0")
    other = {"key": "k3", "settings": '{"tau":1}', **new}
    assert plan_notes(runs(other), NONE, runs({})) == []


def test_runs_on_other_recordings_than_most_records_are_named() -> None:
    other = {"corpora": '{"emodb":"c","ravdess":"b"}'}
    (note,) = plan_notes(runs({"key": "k1", **other}), NONE, runs({}, {"key": "k2"}, other))
    assert note.startswith("german: 1 run is to do on other recordings of emodb than most records")
    elsewhere = {"target": "italian", **other}
    assert plan_notes(runs(elsewhere), NONE, runs({})) == []


def test_repeats_stand_in_no_row_and_count_for_nothing() -> None:
    other = {"corpora": '{"emodb":"c","ravdess":"b"}', "repeat": 1}
    assert plan_notes(runs({"key": "k1"}), NONE, runs({}, other, other)) == []
