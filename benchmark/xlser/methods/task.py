"""What a method is handed, and what it returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from xlser.errors import MethodError
from xlser.methods.speech import Labelled, PseudoLabels, Speech, not_reported
from xlser.methods.standardisation import Statistics, TrainSpeech
from xlser.methods.vocabulary import Precision, Standardisation, Track
from xlser.protocols import Schedule as Schedule  # a task has one: methods know it from here


@dataclass(frozen=True)
class EpochScores:
    """How well the source's validation speech is recognised after an epoch.

    Attributes:
        ua: mean of the recalls of the classes, 0 to 1.
        accuracy: share of utterances recognised, 0 to 1.
    """

    ua: float
    accuracy: float


def not_watched(scores: EpochScores) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Task:
    """All that a method is handed. What is not here a method may not see.

    Attributes:
        source: labelled speech of the source language (train speakers).
        source_validation: labelled speech of other source speakers, for choosing settings; may be
            empty.
        target_labelled: the target utterances within the label budget.
        target_unlabelled: the other train utterances of the target language.
        classes: emotions, in the order of class indices.
        seed: of this run.
        device: where the tensors are.
        track: fine-tune or frozen.
        schedule: epochs, batch, learning rate, crop; the same for every method.
        backbone: makes a backbone with its pretrained weights; None on the frozen track.
        source_model: weights of the shared model trained on `source` alone (stage 1), if the
            method asked for it.
        precision: of training.
        progress: call with (epochs done, epochs in all) to be shown.
        stacked: layers whose states an embedding holds, one after the other (a backbone with
            `#layers=all`); `xlser.training.WeightedLayers` sums them up.
        report: call with the pseudo-labels that are learnt from; records state how many there were
            and how right. It changes nothing (`xlser.training.Step.report` does it for a batch).
        watch: call with the scores on `source_validation` after each epoch of the training on
            target speech; records keep them. It changes nothing.
    """

    source: Labelled
    source_validation: Labelled
    target_labelled: Labelled
    target_unlabelled: Speech
    classes: tuple[str, ...]
    seed: int
    device: torch.device
    track: Track
    schedule: Schedule
    backbone: Callable[[], nn.Module] | None = None
    source_model: Mapping[str, Tensor] | None = None
    precision: Precision = "fp32"
    progress: Callable[[int, int], None] = field(default=lambda done, total: None)
    stacked: int = 1
    report: Callable[[PseudoLabels], None] = not_reported
    watch: Callable[[EpochScores], None] = not_watched

    def standardised(self, by: Standardisation | None) -> "Standardised":
        """Return this task with standardised embeddings, and what does the same to other speech.

        A dimension that hardly varies is divided by a tenth of the dimensions' median deviation,
        so that none is divided by nothing (`xlser.training.floored`).

        Args:
            by: whose mean and deviation, see `xlser.methods.Standardisation`; "none" or None
                leaves the embeddings as they are.

        Raises:
            MethodError: the task holds log-mels (fine-tune track), or it lacks speech of the target
                or speakers of train speech, and statistics of these are asked for.

        Example:
            >>> standard = task.standardised("language")  # doctest: +SKIP
            >>> classifier.fit(standard.task.source.speech.features, ...)  # doctest: +SKIP
            >>> return standard.predictor(Mine(classifier))  # doctest: +SKIP
        """
        if by is None or by == "none":
            return Standardised(self, None)
        if self.track != "frozen":
            raise MethodError(
                f"Standardisation by {by} is of embeddings, and this task holds log-mels.",
                'State tracks = ("frozen",), or standardise on that track alone.',
            )
        parts, statistics = TrainSpeech(
            self.source, self.source_validation, self.target_labelled, self.target_unlabelled
        ).standardised(by)
        task = replace(
            self,
            source=parts.source,
            source_validation=parts.validation,
            target_labelled=parts.known,
            target_unlabelled=parts.unlabelled,
        )
        return Standardised(task, statistics)


class Predictor(Protocol):
    """A fitted method."""

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes), each row summing to one.

        A row may depend on that utterance alone, not on the others in `speech`.
        """
        ...


@dataclass(frozen=True)
class Standardised:
    """A task with standardised embeddings; called, it standardises speech to be recognised.

    Attributes:
        task: with standardised embeddings in all its parts.
        statistics: of speech to be recognised; None where embeddings stay as they are.
    """

    task: Task
    statistics: Statistics | None

    def __call__(self, speech: Speech) -> Speech:
        """Return speech with standardised embeddings; each row depends on its utterance alone."""
        return self.statistics.speech(speech) if self.statistics else speech

    def predictor(self, fitted: Predictor) -> Predictor:
        """Return a predictor that hands standardised speech to `fitted`."""
        return _StandardisesFirst(self.statistics, fitted) if self.statistics else fitted


@dataclass(frozen=True)
class _StandardisesFirst:
    """A predictor of standardised speech, in front of which speech is standardised."""

    statistics: Statistics
    fitted: Predictor

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes)."""
        return self.fitted.predict(self.statistics.speech(speech))
