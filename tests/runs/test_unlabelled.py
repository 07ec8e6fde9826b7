"""What a record states of unlabelled speech: held against the truth, changing no training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.demo import Demo, request

from xlser.methods import Method, Predictor, PseudoLabels, Speech, Task
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.records.unlabelled import Calibration, PseudoLabelling
from xlser.results import load
from xlser.runs.source_models import source_model
from xlser.runs.task import make_task
from xlser.runs.unlabelled.tally import PARTS, Tally


class SaysAnger(Method):
    """Takes every unlabelled utterance for the first class; keeps half of them, then all."""

    name = "says-anger"
    target_labels = "few"
    citation = "none"
    weight: float = 1.0

    def fit(self, task: Task) -> Predictor:
        where = torch.arange(len(task.target_unlabelled))
        half = (where % 2).float()
        for weight, progress in ((half, 0.0), (torch.ones_like(half), 0.9)):
            task.report(
                PseudoLabels(where, torch.zeros_like(where), self.weight * weight, progress)
            )
        return Uniform(len(task.classes))


class Uniform:
    def __init__(self, classes: int) -> None:
        self.classes = classes

    def predict(self, speech: Speech) -> torch.Tensor:
        return torch.full((len(speech), self.classes), 1 / self.classes)


@pytest.mark.parametrize("isolate", [False, True])
def test_reported_pseudo_labels_are_held_against_the_truth(
    isolate: bool, demo_cache: Path, tmp_path: Path
) -> None:
    ended = Demo(demo_cache).run(request([SaysAnger], labels=[20]), tmp_path, isolate=isolate)
    (record,) = ended.records
    stated = record.unlabelled
    assert stated
    assert stated.pseudo_labels
    scenario = Demo(demo_cache).catalogue().scenario("german", 20, 0, 0)
    truth = [scenario.emotion[id_] for id_ in scenario.target_unlabelled]
    angry = round(truth.count(0) / len(truth), 4)
    assert 0 < angry < 1
    assert stated.utterances == len(truth)
    pseudo = stated.pseudo_labels
    assert pseudo.kept == (0.5, None, None, 1.0)
    assert (pseudo.right_of_all[0], pseudo.right[-1], pseudo.right_of_all[-1]) == (angry,) * 3
    assert pseudo.largest == (1.0, None, None, 1.0)
    assert stated.source_model is None  # it starts from none
    (path,) = tmp_path.rglob("*.json")
    assert Record.read(path).unlabelled == stated


def test_weights_that_are_none_are_an_error_that_names_the_method(
    demo_cache: Path, tmp_path: Path
) -> None:
    for weight in (-1.0, 2.0, float("nan")):
        asked = request([SaysAnger], settings={"weight": weight}, labels=[20])
        ((_, said),) = Demo(demo_cache).run(asked, tmp_path).failures
        assert "says-anger reported pseudo-labels with weights" in said


def test_source_models_are_stated_and_shared_by_label_budgets(
    demo_cache: Path, tmp_path: Path
) -> None:
    demo, results = Demo(demo_cache), tmp_path / "demo" / "results"
    ended = demo.run(request(["fixmatch", "svm"], labels=[0, 20]), results)
    none, some = (r.unlabelled for r in ended.records if r.method.name == "fixmatch")
    assert none
    assert some
    assert none.source_model
    assert some.source_model
    assert none.source_model_validation == some.source_model_validation
    assert none.source_model.utterances == some.source_model.utterances + 20
    assert all(r.unlabelled is None for r in ended.records if r.method.name == "svm")

    frame = load(get_protocol("demo"), tmp_path).frame
    of_run = frame[(frame["method"] == "fixmatch") & (frame["labels"] == 0)].iloc[0]
    assert of_run["source_model_ece"] == pytest.approx(100 * none.source_model.ece)
    assert none.pseudo_labels
    assert of_run["kept"] == pytest.approx(100 * (none.pseudo_labels.kept[-1] or 0))
    assert frame.loc[frame["method"] == "svm", "kept"].isna().all()


def test_the_source_models_figures_are_those_of_its_own_answers(
    demo_cache: Path, tmp_path: Path
) -> None:
    """The lower bound is the source model: its answers to validation speech are the same."""
    demo = Demo(demo_cache)
    (record,) = demo.run(request(["lower-bound"]), tmp_path).records
    run = demo.plan(request(["lower-bound"]), tmp_path / "none").todo[0]
    task = make_task(run, demo.inputs(), torch.device("cpu"))
    weights = source_model(task, run.scenario, demo.inputs()).weights
    predictor = run.method.fit(replace(task, source_model=weights))
    answers = predictor.predict(task.source_validation.speech).numpy().astype(np.float64)
    truth = task.source_validation.emotion.numpy()
    assert record.unlabelled
    assert record.unlabelled.source_model_validation == Calibration.of(answers, truth)


def test_calibration_by_hand() -> None:
    answers = np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [0.4, 0.6]])
    of = Calibration.of(answers, np.array([0, 1, 1, 1]))
    # Bins of 1/15: both 0.9 share one (confidence 0.9, accuracy 0.5), 0.7 and 0.6 have their own.
    assert (of.accuracy, of.confidence) == (0.75, 0.775)
    assert of.ece == pytest.approx((2 * 0.4 + 0.3 + 0.4) / 4)


def test_pseudo_labels_by_hand() -> None:
    tally = Tally(3, 2, torch.device("cpu"))
    for progress in (0.0, 0.1):  # utterance 2 is drawn twice, and kept once
        index, answers = torch.tensor([0, 2]), torch.tensor([1, 0])
        tally.add(PseudoLabels(index, answers, torch.tensor([1.0, 10 * progress]), progress))
    tally.add(PseudoLabels(index[:0], answers[:0], torch.ones(0), 0.99))
    sums = tally.sums()
    assert sums is not None
    assert sums.shape == (2, PARTS, 3, 2)
    of = PseudoLabelling.of(sums.numpy(), np.array([1, 0, 1]))
    assert of.kept == (0.75, None, None, None)
    assert of.right == (0.6667, None, None, None)
    assert of.right_of_all == (0.5, None, None, None)
    assert of.largest == (0.6667, None, None, None)


def test_a_tally_without_reports_is_none() -> None:
    assert Tally(3, 2, torch.device("cpu")).sums() is None
