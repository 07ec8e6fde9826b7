import json
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest
from tests.records import committed

import xlser_baselines
from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.monitoring.costs import Costs, Kind
from xlser.records import Record
from xlser.records.store import read_records
from xlser.runs import Job

ROOT = Path(__file__).parents[2]
TABLE = Path(xlser_baselines.__file__).with_name("costs.json")


def job(method: str, track: str = "frozen", model: bool = False, **other: Any) -> Job:
    about = {
        "method": SimpleNamespace(name=method),
        "track": track,
        "precision": "bf16" if track == "finetune" else "fp32",
        "scenario": SimpleNamespace(protocol="v1"),
        "identity": {"backbone": ["audiontt-512", ""]},
    }
    run: Any = SimpleNamespace(**about | other)
    return Job("key", "label", run, model=Path("model") if model else None)


@pytest.fixture(scope="module")
def template() -> Record:
    return committed.record("sft-k100-s0-")


def record(template: Record, results: Path, fit: float, trained: float, **where: Any) -> None:
    changed: dict[str, Any] = {
        "seconds": {"source model": trained, "fit": fit, "predict": 1.0},
        "environment": template.environment.model_copy(update=where),
    }
    path = results / "german" / f"{len(list(results.rglob('*.json')))}.json"
    template.model_copy(update=changed).write(path)


def stages(of: Record) -> tuple[float, float | None]:
    seconds = dict(of.seconds)
    trained = seconds.pop(SOURCE_MODEL, None)
    return sum(seconds.values()), trained


@pytest.fixture(scope="module")
def of_v1() -> list[Record]:
    found = (record for _, record in read_records(ROOT / "leaderboards/v1/results"))
    return [r for r in found if (r.track, r.backbone.name) == ("frozen", "audiontt-512")]


def test_the_relative_costs_are_those_of_the_committed_records_of_v1(of_v1: list[Record]) -> None:
    took: dict[str, list[float]] = {}
    for of in of_v1:
        took.setdefault(of.method.name, []).append(stages(of)[0])
    one = median({trained for of in of_v1 if (trained := stages(of)[1])})
    table = json.loads(TABLE.read_bytes())
    assert table.keys() == took.keys()
    for name, relative in table.items():
        assert relative == pytest.approx(median(took[name]) / one, rel=0.1), name


def test_records_at_hand_are_believed_before_relative_costs(
    template: Record, tmp_path: Path
) -> None:
    without = Costs(results=tmp_path / "none").estimate(job("sft"))
    assert without.guess
    assert without.times == 0
    for fit in (100.0, 300.0, 900.0):
        record(template, tmp_path, fit, 50.0)
    record(template, tmp_path, 300.0, 70.0)
    costs = Costs(results=tmp_path)
    own = costs.estimate(job("sft"))
    assert (own.origin, own.guess, own.times) == ("your records", False, 4)
    assert costs.seconds(job("sft")) == 301.0  # the median, with predict
    # The source model was trained twice, however many records state it.
    assert costs.seconds(job("sft", model=True)) == 60.0
    assert costs.estimate(job("sft", model=True)).times == 2
    assert costs.estimate(job("sft", precision="bf16")).origin == "guess: your records, fp32"


def test_what_was_never_measured_is_guessed_from_what_other_jobs_took(
    template: Record, tmp_path: Path
) -> None:
    table = json.loads(TABLE.read_bytes())
    for fit in (99.0, 99.0):
        record(template, tmp_path, fit, 100.0)
    costs = Costs(results=tmp_path)
    guess = costs.estimate(job("svm"))
    assert guess.guess
    assert guess.seconds == pytest.approx(100.0 * table["svm"], rel=0.05)
    assert costs.seconds(job("stranger")) == pytest.approx(100.0 * median(table.values()), rel=0.05)


def test_without_records_a_guess_is_scaled_by_the_track_and_the_device() -> None:
    def model(kind: Kind, track: str) -> float:
        return Costs(kind).seconds(job("sft", track, model=True))

    assert model("cpu", "frozen") < model("gpu", "finetune") < model("cpu", "finetune")
    sft, dear = (Costs().seconds(job(name)) for name in ("sft", "gan-adaptation"))
    assert sft < dear


@pytest.mark.parametrize(("kind", "seconds"), [("gpu", 3.0), ("cpu", 201.0)])
def test_a_kind_of_device_has_costs_of_its_own(
    template: Record, tmp_path: Path, kind: Kind, seconds: float
) -> None:
    record(template, tmp_path, 200.0, 50.0, device="cpu")
    record(template, tmp_path, 2.0, 5.0, device="a GPU")
    estimate = Costs(kind, tmp_path).estimate(job("sft"))
    assert estimate.seconds == seconds
    assert not estimate.guess
