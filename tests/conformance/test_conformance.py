"""Behaviour of methods: each check fails a method that breaks its rule."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.conformance.nearest_mean import NearestMean, failed, like, mean_rows
from torch import Tensor

from xlser.conformance import check_method
from xlser.methods import Method, Predictor, Speech, Task


class FailsToFit(NearestMean):
    def learn(self, task: Task) -> None:
        raise RuntimeError("no luck")


class ExitsInFit(NearestMean):
    def learn(self, task: Task) -> None:
        raise SystemExit(3)


class ReturnsNothing(NearestMean):
    def fit(self, task: Task) -> Predictor:
        return None


class FailsToPredict(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        raise RuntimeError("no luck")


class OneColumnTooFew(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        return torch.full((len(speech), 4), 0.25)


class NotANumber(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        return super().predict(speech) * torch.nan


class Logits(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        return super().predict(speech).log()


class TakesAttributesItDoesNotDeclare(NearestMean):
    def learn(self, task: Task) -> None:
        self.means = self.means + task.source.speech.attributes["gender"].sum()


class TakesLabelsItDoesNotDeclare(NearestMean):
    target_labels = "none"

    def learn(self, task: Task) -> None:
        self.means = self.means + int(task.target_labelled.emotion.max())


class WantsUnlabelledSpeechBesideAllLabels(NearestMean):
    target_labels = "all"

    def learn(self, task: Task) -> None:
        self.means = self.means + task.target_unlabelled.longest / len(task.target_unlabelled)


ANSWERS = "answers every utterance with probabilities"


class DividesByDeviationsInTheSource(NearestMean):
    """Regression over embeddings that scikit-learn standardises: none is divided by zero."""

    def fit(self, task: Task) -> Predictor:
        x, y = task.source.speech.features.numpy(), task.source.emotion.numpy()
        self.classifier = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
        return self

    def predict(self, speech: Speech) -> Tensor:
        return torch.from_numpy(self.classifier.predict_proba(speech.features.numpy())).float()


class DividesByZero(DividesByDeviationsInTheSource):
    def predict(self, speech: Speech) -> Tensor:
        with np.errstate(all="ignore"):
            x = (speech.features - self.mean) / self.deviation
        return x[:, :5].softmax(dim=1) + 0 * x.sum(dim=1, keepdim=True)

    def fit(self, task: Task) -> Predictor:
        x = task.source.speech.features
        self.mean, self.deviation = x.mean(dim=0), x.std(dim=0)
        return self


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        (FailsToFit, r"fit raised RuntimeError \(test_conformance.py, line \d+\): no luck"),
        (ExitsInFit, "fit raised SystemExit"),
        (ReturnsNothing, "fit returned NoneType"),
        (FailsToPredict, "predict raised RuntimeError"),
        (OneColumnTooFew, r"\(15, 4\), not a tensor of shape \(15, 5\)"),
        (NotANumber, "not finite"),
        (Logits, "not probabilities"),
        (DividesByZero, "not finite"),
        (TakesAttributesItDoesNotDeclare, r'states attributes = \("gender",\)'),
        (TakesLabelsItDoesNotDeclare, "declare what the method needs"),
        (WantsUnlabelledSpeechBesideAllLabels, "ZeroDivisionError"),
    ],
)
def test_a_method_that_does_not_answer_ends_the_suite(method: type[Method], fault: str) -> None:
    report = check_method(method)
    (check,) = report.faults
    assert (check.name, check.track) == (ANSWERS, "frozen")
    assert check is report.checks[-1]
    assert re.search(fault, str(report))


class DrawsUnseeded(NearestMean):
    def learn(self, task: Task) -> None:
        self.means = self.means + float(np.random.default_rng().random())


class CountsItsInstances(NearestMean):
    made: ClassVar[list[int]] = []

    def learn(self, task: Task) -> None:
        self.made.append(1)
        self.means = self.means * len(self.made)


class KnowsOneSeed(NearestMean):
    def learn(self, task: Task) -> None:
        if task.seed:
            raise ValueError("a seed other than 0")


class KeepsWhatItLearnt(NearestMean):
    def learn(self, task: Task) -> None:
        self.seen = getattr(self, "seen", 0) + len(task.target_unlabelled)
        self.means = self.means * self.seen / 30


class TakesAttributesWhereThereAreAny(NearestMean):
    def learn(self, task: Task) -> None:
        self.means = self.means * (1 + len(task.target_unlabelled.attributes))


class ChangesTheSource(NearestMean):
    def learn(self, task: Task) -> None:
        task.source.speech.features.mul_(2.0)


class ChangesLabels(NearestMean):
    def learn(self, task: Task) -> None:
        task.target_labelled.emotion.clamp_(max=3)


class ChangesUnlabelledSpeech(NearestMean):
    def learn(self, task: Task) -> None:
        task.target_unlabelled.features.sub_(task.target_unlabelled.features.mean(dim=0))


class ChangesWhatItIsToRecognise(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        answer = super().predict(speech)
        speech.features.zero_()
        return answer


class DrawsInPredict(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        noise = torch.randn(len(speech), 5)
        return (super().predict(speech).log() + noise).softmax(dim=1)


class LearnsInPredict(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        answer = super().predict(speech)
        self.means = self.means + 0.1 * mean_rows(speech).mean(dim=0)
        return answer


class NormalisesByTheBatch(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        rows = mean_rows(speech) - mean_rows(speech).mean(dim=0)
        return (-torch.cdist(rows, self.means)).softmax(dim=1)


class SquashesAloneOnly(NearestMean):
    """As `tensor.squeeze()` does: right for every batch but one of a single utterance."""

    def predict(self, speech: Speech) -> Tensor:
        return super().predict(speech).squeeze()


class AnswersInAnOrderOfItsOwn(NearestMean):
    def predict(self, speech: Speech) -> Tensor:
        answer = super().predict(speech)
        return answer[answer[:, 0].argsort()]


class NeedsValidationSpeech(NearestMean):
    def learn(self, task: Task) -> None:
        self.means = self.means + task.source_validation.speech.features.mean(dim=0)


class NeedsTheSourceUnsaid(NearestMean):
    uses_source = False

    def learn(self, task: Task) -> None:
        self.means = self.means + task.source.speech.features.mean(dim=0)


class NeedsATargetLabel(NearestMean):
    def learn(self, task: Task) -> None:
        self.means = self.means + task.target_labelled.speech.features.mean(dim=0)


class NeedsTwoTargetLabels(NearestMean):
    least_labels = 1

    def learn(self, task: Task) -> None:
        self.means = self.means * task.target_labelled.speech.features.std(dim=0)


class NeedsALabelOfEveryClass(NearestMean):
    least_labels = 5

    def learn(self, task: Task) -> None:
        labelled = mean_rows(task.target_labelled.speech)
        emotion = task.target_labelled.emotion
        self.means = torch.stack([labelled[emotion == c].mean(dim=0) for c in range(5)])


class NeedsTwoUnlabelledUtterances(NearestMean):
    def learn(self, task: Task) -> None:
        self.means = self.means + task.target_unlabelled.features.std(dim=0)


ALONE = "answers one utterance at a time as in a batch"
PART = "answers part of a batch as the whole"
ORDER = "answers the same in any order"
TWICE = "answers the same when asked twice"
SEED = "answers the same for the same seed"
KEEPS = "keeps nothing from one fit to the next"
ATTRIBUTES = "uses no attribute that it does not declare"
TASK = "leaves its task as it was"
SINGLE = "runs with a single labelled target utterance"


@pytest.mark.filterwarnings("ignore:std")
@pytest.mark.parametrize(
    ("method", "checks"),
    [
        (DrawsUnseeded, {SEED, KEEPS, ATTRIBUTES}),
        (CountsItsInstances, {SEED, KEEPS, ATTRIBUTES}),
        (KnowsOneSeed, {"runs under another seed", KEEPS}),
        (KeepsWhatItLearnt, {KEEPS}),
        (TakesAttributesWhereThereAreAny, {ATTRIBUTES}),
        (ChangesTheSource, {TASK}),
        (ChangesLabels, {TASK}),
        (ChangesUnlabelledSpeech, {TASK}),
        (ChangesWhatItIsToRecognise, {"leaves the speech to be recognised as it was"}),
        (DrawsInPredict, {TWICE, ALONE, PART, ORDER}),
        (LearnsInPredict, {TWICE, ALONE, PART, ORDER}),
        (NormalisesByTheBatch, {ALONE, PART}),
        (SquashesAloneOnly, {ALONE}),
        (AnswersInAnOrderOfItsOwn, {ALONE, PART, ORDER}),
        (NeedsValidationSpeech, {"runs without source validation speech"}),
        (NeedsTheSourceUnsaid, {"runs without a source"}),
        (NeedsATargetLabel, {"runs at its least label budget"}),
        (NeedsTwoTargetLabels, {"runs at its least label budget", SINGLE}),
        (like(NeedsTwoTargetLabels, target_labels="all"), {SINGLE}),
        (NeedsALabelOfEveryClass, {"runs with a class absent from the target labels"}),
        (
            DividesByDeviationsInTheSource,
            {"lets no dimension decide that hardly varies"},
        ),
        (NeedsTwoUnlabelledUtterances, {"runs with a single unlabelled target utterance"}),
    ],
)
def test_a_broken_rule_fails_its_check(method: type[Method], checks: set[str]) -> None:
    report = check_method(method)
    assert failed(report) == checks, str(report)
    assert all(str(check.fault).endswith(".") for check in report.faults)


def test_an_utterance_longer_or_shorter_than_usual_must_be_answered() -> None:
    class ConvolvesOverThreeFrames(NearestMean):
        tracks = ("finetune",)

        def predict(self, speech: Speech) -> Tensor:
            if speech.lengths.min() < 3:
                raise RuntimeError("kernel size can't be greater than actual input size")
            return super().predict(speech)

    class HasPlacesForAHundredFrames(NearestMean):
        tracks = ("finetune",)

        def predict(self, speech: Speech) -> Tensor:
            torch.zeros(100)[speech.longest - 1]
            return super().predict(speech)

    for method in (ConvolvesOverThreeFrames, HasPlacesForAHundredFrames):
        assert failed(check_method(method)) == {
            "answers utterances shorter than a crop and much longer"
        }
