"""The suite of checks: sound methods pass, and each check fails a method that breaks its rule."""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from xlser import registry
from xlser.conformance import Report, check_method
from xlser.methods import Attribute, Method, Predictor, Speech, Task, get_method, method_names

if TYPE_CHECKING:
    from decimal import Decimal


class NearestMean(Method):
    """A sound method: the class mean that is nearest to an utterance's mean row."""

    name = "nearest-mean"
    target_labels = "few"
    citation = "nobody (2024)"
    tracks = ("frozen",)
    scale: float = 1.0

    def fit(self, task: Task) -> Predictor:
        rows = torch.cat([mean_rows(p.speech) for p in (task.source, task.target_labelled)])
        emotion = torch.cat([task.source.emotion, task.target_labelled.emotion])
        self.means = torch.stack([rows[emotion == c].mean(dim=0) for c in range(5)])
        self.learn(task)
        return self

    def learn(self, task: Task) -> None:
        """Where subclasses go wrong."""

    def predict(self, speech: Speech) -> Tensor:
        distances = torch.cdist(mean_rows(speech), self.means)
        return (-self.scale * distances).softmax(dim=1)


def mean_rows(speech: Speech) -> Tensor:
    of_row = torch.repeat_interleave(torch.arange(len(speech)), speech.lengths)
    summed = torch.zeros(len(speech), speech.features.shape[1], dtype=torch.float32)
    return summed.index_add(0, of_row, speech.features.float()) / speech.lengths[:, None]


def like(method: type[Method], **changes: Any) -> type[Method]:
    """Return a subclass that states other facts."""
    return type(method.__name__, (method,), changes)


def failed(report: Report) -> set[str]:
    return {check.name for check in report.faults}


@pytest.mark.parametrize(
    "facts",
    [
        {"target_labels": "none"},
        {"target_labels": "few", "least_labels": 12},
        {"target_labels": "all"},
        {"tracks": ("finetune", "frozen"), "attributes": ("gender",)},
    ],
)
def test_a_sound_method_passes(facts: dict[str, Any]) -> None:
    report = check_method(like(NearestMean, **facts))
    assert report.passed, str(report)
    assert report.method == "nearest-mean"
    assert {check.track for check in report.checks} == {None, *facts.get("tracks", ("frozen",))}


_OURS = [n for n in method_names() if registry.package_of("xlser.methods", n).startswith("xlser ")]


@pytest.mark.parametrize("name", _OURS)
def test_a_method_of_ours_passes(name: str) -> None:
    report = check_method(get_method(name))
    assert report.passed, str(report)


# Declarations.


class AnnotatedForCheckersAlone(NearestMean):
    price: Decimal


class KeepsAPath(NearestMean):
    folder: Path | None = None


class KeepsADtype(NearestMean):
    dtype: torch.dtype = torch.float32


class NameAsASetting(NearestMean):
    name: str = "nearest-mean"


class InfiniteDefault(NearestMean):
    scale = float("inf")


class DefaultOfAnotherType(NearestMean):
    scales: tuple[float, ...] = [0.1, 1.0]  # type: ignore[assignment]


class InvalidDefault(NearestMean):
    scale = "wide"  # type: ignore[assignment]


TYPES = "has settings of types that json has"
DEFAULTS = "has defaults that are valid and survive json"


@pytest.mark.parametrize(
    ("method", "check", "fault"),
    [
        (like(NearestMean, name="Nearest Mean"), "states its name", "'Nearest Mean'"),
        (like(NearestMean, name=None), "states its name", "does not state name"),
        (like(NearestMean, citation=" "), "states its citation", "empty"),
        (like(NearestMean, citation=None), "states its citation", "does not state citation"),
        (like(NearestMean, target_labels="some"), "states its target labels", "'some'"),
        (like(NearestMean, target_labels=None), "states its target labels", "does not state"),
        (like(NearestMean, least_labels=-1), "states its least labels", "-1"),
        (like(NearestMean, least_labels=True), "states its least labels", "True"),
        (like(NearestMean, least_labels="1"), "states its least labels", "'1'"),
        (
            like(NearestMean, least_labels=1, target_labels="none"),
            "states its least labels",
            'target_labels="few"',
        ),
        (like(NearestMean, attributes=("age",)), "states its attributes", "'age'"),
        (like(NearestMean, attributes="gender"), "states its attributes", "tuple"),
        (like(NearestMean, tracks=("fine-tune",)), "states its tracks", "'fine-tune'"),
        (like(NearestMean, tracks="frozen"), "states its tracks", "tuple"),
        (like(NearestMean, tracks=()), "states its tracks", "no track"),
        (KeepsAPath, TYPES, "'folder'"),
        (KeepsADtype, TYPES, "'dtype'"),
        (NameAsASetting, TYPES, "without an annotation"),
        (AnnotatedForCheckersAlone, TYPES, "TYPE_CHECKING"),
        (InfiniteDefault, DEFAULTS, "finite"),
        (DefaultOfAnotherType, DEFAULTS, "'scales'"),
        (InvalidDefault, DEFAULTS, "scale"),
    ],
)
def test_an_unsound_declaration_is_told_and_nothing_is_run(
    method: type[Method], check: str, fault: str
) -> None:
    report = check_method(method)
    assert check in failed(report)
    assert any(fault in str(entry.fault) for entry in report.faults if entry.name == check)
    assert {entry.track for entry in report.checks} == {None}


# Behaviour: each class breaks one rule.


class FailsToFit(NearestMean):
    def learn(self, task: Task) -> None:
        raise RuntimeError("no luck")


class ExitsInFit(NearestMean):
    def learn(self, task: Task) -> None:
        raise SystemExit(3)


class ReturnsNothing(NearestMean):
    def fit(self, task: Task) -> Predictor:
        return None  # type: ignore[return-value]


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


def test_what_a_method_changes_in_the_process_is_told_and_changed_back(tmp_path: Path) -> None:
    class Tidy(NearestMean):
        def learn(self, task: Task) -> None:
            with torch.no_grad():
                self.means = self.means.clone()

    class Meddling(NearestMean):
        def learn(self, task: Task) -> None:
            torch.set_default_dtype(torch.float64)
            torch.set_default_device("meta")
            torch.set_grad_enabled(False)
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)

        def predict(self, speech: Speech) -> Tensor:
            os.chdir(tmp_path)
            return super().predict(speech)

    assert check_method(Tidy).passed
    before = process()
    (check,) = check_method(Meddling).faults
    assert process() == before
    assert check.name == "leaves the process as it was"
    for what in ("dtype", "device", "gradient mode", "threads", "deterministic", "folder"):
        assert what in str(check.fault)


def process() -> list[Any]:
    return [
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        Path.cwd(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
    ]


def test_a_check_leaves_the_generators_and_the_process_as_they_were() -> None:
    before = process()
    assert check_method(NearestMean).passed
    assert process() == before


def test_another_seed_may_answer_otherwise() -> None:
    class Draws(NearestMean):
        def learn(self, task: Task) -> None:
            drawn = torch.rand(()).item() + random.random() + float(np.random.rand())
            own = np.random.default_rng(task.seed).random()
            self.means = self.means + drawn + own

    assert check_method(Draws).passed


@pytest.mark.parametrize(
    ("facts", "labels"),
    [
        ({"target_labels": "none"}, {0}),
        ({"target_labels": "few"}, {0, 1, 10}),
        ({"target_labels": "few", "least_labels": 20}, {20}),
        ({"target_labels": "all", "attributes": ("naturalness",)}, {1, 30}),
        ({"target_labels": "none", "attributes": ("gender", "naturalness")}, {0}),
    ],
)
def test_a_task_holds_what_is_declared_and_no_more(facts: dict[str, Any], labels: set[int]) -> None:
    tasks: list[Task] = []
    heard: list[Speech] = []

    class Records(NearestMean):
        def learn(self, task: Task) -> None:
            tasks.append(task)

        def predict(self, speech: Speech) -> Tensor:
            heard.append(speech)
            return super().predict(speech)

    assert check_method(like(Records, **facts)).passed
    told = Counter(frozenset(task.source.speech.attributes) for task in tasks)
    assert told.pop(frozenset(get_args(Attribute))) == 1
    assert set(told) == {frozenset(facts.get("attributes", ()))}
    assert {len(task.target_labelled) for task in tasks} == labels
    if facts["target_labels"] == "all":
        assert not any(len(task.target_unlabelled) for task in tasks)
    assert all(task.backbone is None and task.source_model is None for task in tasks)
    assert not any(speech.attributes for speech in heard)


def test_it_takes_a_few_seconds() -> None:
    began = time.process_time()
    check_method(get_method("sft"))
    assert time.process_time() - began < 10
