"""The record of a run that kept its best epoch holds the curve over epochs."""

from pathlib import Path

import pytest
from tests.demo import Demo, request

from xlser.methods import EpochScores, Method, Predictor, Task, get_method
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.records.packing import pack
from xlser.results import load


class Boasts(Method):
    """Reports a score above one."""

    name = "boasts"
    target_labels = "few"
    citation = "none"

    def fit(self, task: Task) -> Predictor:
        task.watch(EpochScores(1.5, 0.5))
        return get_method("svm")().fit(task)


@pytest.mark.parametrize("isolate", [False, True])
def test_a_curve_has_an_epoch_each_and_survives_packing(
    isolate: bool, demo_cache: Path, tmp_path: Path
) -> None:
    asked = request(["sft"], labels=[20], settings={"keep": "best"})
    results = tmp_path / "demo" / "results"
    (record,) = Demo(demo_cache).run(asked, results, isolate=isolate).records
    curve = record.curve
    assert curve
    assert len(curve.ua) == len(curve.accuracy) == get_protocol("demo").schedule.epochs
    assert max(curve.ua) == curve.ua[curve.best - 1] > 0.3
    assert record.method.changed == ("keep",)
    (path,) = results.rglob("*.json")
    assert Record.read(path).curve == curve
    pack(results)
    assert not path.exists()
    found = load(get_protocol("demo"), tmp_path)
    (kept,) = found.runs.frame["curve"]
    assert tuple(kept["ua"]) == curve.ua
    assert set(found.frame["best_epoch"]) == {curve.best}


def test_a_run_that_did_not_look_has_none(demo_cache: Path, tmp_path: Path) -> None:
    results = tmp_path / "demo" / "results"
    (record,) = Demo(demo_cache).run(request(["sft"], labels=[20]), results).records
    assert record.curve is None
    assert load(get_protocol("demo"), tmp_path).frame["best_epoch"].isna().all()


@pytest.mark.parametrize("isolate", [False, True])
def test_scores_that_are_none_are_an_error_that_names_the_method(
    isolate: bool, demo_cache: Path, tmp_path: Path
) -> None:
    ended = Demo(demo_cache).run(request([Boasts], labels=[20]), tmp_path, isolate=isolate)
    ((_, message),) = ended.failures
    assert "reported scores of epochs that are not between 0 and 1" in message
