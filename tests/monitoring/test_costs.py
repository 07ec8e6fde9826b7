import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.records import committed

import xlser_protocols
from xlser.monitoring.costs import Costs, Kind, shipped_figures
from xlser.records import Record
from xlser.runs import Job

ROOT = Path(__file__).parents[2]
SHIPPED = Path(xlser_protocols.__file__).with_name("costs.json")


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


def test_the_shipped_figures_follow_from_committed_records_byte_for_byte() -> None:
    """`python -m xlser.monitoring.costs leaderboards reference/demo` writes them anew."""
    written = shipped_figures([ROOT / "leaderboards", ROOT / "reference/demo"])
    assert SHIPPED in written
    assert {file.parent.name for file in written} == {"xlser_protocols", "xlser_agarla2022"}
    assert written == {file: file.read_bytes() for file in written}


def test_a_protocols_package_ships_what_its_runs_cost() -> None:
    tuned = Costs().estimate(job("upper-bound", "finetune"))
    assert tuned.figure.of.protocol == "agarla2022"
    assert not [row for row in json.loads(SHIPPED.read_bytes()) if "agarla" in str(row)]


def test_records_at_hand_are_believed_before_shipped_figures(
    template: Record, tmp_path: Path
) -> None:
    shipped = Costs.of(tmp_path / "none").estimate(job("sft"))
    assert not shipped.own
    assert not shipped.guess
    for fit in (100.0, 300.0, 900.0):
        record(template, tmp_path, fit, 50.0)
    record(template, tmp_path, 300.0, 70.0)
    costs = Costs.of(tmp_path)
    own = costs.estimate(job("sft"))
    assert own.own
    assert not own.guess
    assert costs.seconds(job("sft")) == 301.0  # the median, with predict
    assert own.figure.times == 4
    sizes = [path.stat().st_size for path in tmp_path.rglob("*.json")]
    assert own.figure.size == round(sum(sizes) / 4)
    # The source model was trained twice, however many records tell of it.
    assert costs.seconds(job("sft", model=True)) == 60.0
    assert costs.estimate(job("sft", model=True)).figure.times == 2
    assert not costs.estimate(job("svm")).own


def test_what_was_never_measured_is_a_guess_from_what_is_nearest() -> None:
    costs = Costs()
    measured = {m: costs.seconds(job(m)) for m in ("lower-bound", "sft", "gan-adaptation")}
    guess = costs.estimate(job("stranger"))
    assert guess.guess
    assert guess.figure.of.track == "frozen"
    assert guess.figure.of.backbone == "audiontt-512"
    assert measured["sft"] < guess.figure.seconds < measured["gan-adaptation"]
    tuned = costs.estimate(job("dann", "finetune"))
    assert tuned.guess
    assert tuned.figure.of.track == "finetune"
    assert costs.estimate(job("sft", precision="bf16")).guess


@pytest.mark.parametrize(("kind", "seconds"), [("gpu", 3.0), ("cpu", 201.0)])
def test_a_kind_of_device_has_costs_of_its_own(
    template: Record, tmp_path: Path, kind: Kind, seconds: float
) -> None:
    record(template, tmp_path, 200.0, 50.0, device="cpu")
    record(template, tmp_path, 2.0, 5.0, device="a GPU")
    estimate = Costs.of(tmp_path, kind).estimate(job("sft"))
    assert estimate.figure.seconds == seconds
    assert not estimate.guess
    assert estimate == replace(estimate, own=True)


def test_where_no_gpu_was_timed_a_cpu_is_a_guess() -> None:
    estimate = Costs("gpu").estimate(job("sft"))
    assert estimate.guess
    assert estimate.figure.of.kind == "cpu"
    assert estimate.figure.of.track == "frozen"
