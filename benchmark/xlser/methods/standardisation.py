"""Standardisation of embeddings: by whose mean and deviation, and how that is computed.

The statistics of the target language come from its train speech alone, labelled or not. Speech to
be recognised enters none of them: a predictor answers one utterance at a time.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods.speech import Labelled, Speech
from xlser.methods.vocabulary import Standardisation

FEWEST = 10
"""Utterances from which a deviation is computed. Of a target language with fewer the deviation is
the source's; utterances of a speaker with fewer are standardised by their language."""


def floored(deviations: Tensor) -> Tensor:
    """Return what to divide the dimensions of embeddings by, shape (dimension,).

    Their standard deviation, or a tenth of the dimensions' median where that is more. Some units
    of a pretrained network answer to next to nothing in acted English: divided by what little they
    vary there, one utterance in which they answer lies a million deviations out and drowns the
    rest.

    Args:
        deviations: standard deviation of each dimension, shape (dimension,).
    """
    return torch.maximum(deviations, 0.1 * deviations.median() + 1e-6)


@dataclass(frozen=True)
class Statistics:
    """What embeddings are standardised by.

    Attributes:
        mean: shape (dimension,), float32.
        deviation: population standard deviation, `floored`, shape (dimension,), float32.
    """

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, embeddings: Tensor) -> "Statistics":
        """Return the statistics of embeddings, shape (utterances, dimension), one or more.

        A dimension that does not vary at all counts as of deviation 1, as in scikit-learn's
        `StandardScaler`; then all are `floored`.
        """
        x = embeddings.double()
        mean, variance = x.mean(dim=0), x.var(dim=0, correction=0)
        rounding = len(x) * torch.finfo(x.dtype).eps
        constant = variance <= rounding * variance + (rounding * mean).square()
        deviation = variance.sqrt().masked_fill(constant, 1.0)
        return cls(mean.float(), floored(deviation).float())

    def __call__(self, embeddings: Tensor) -> Tensor:
        """Return standardised embeddings, shape (utterances, dimension)."""
        return (embeddings - self.mean) / self.deviation

    def speech(self, speech: Speech) -> Speech:
        """Return speech with standardised embeddings."""
        return replace(speech, features=self(speech.features))


class TrainSpeech(NamedTuple):
    """The speech of a task.

    Attributes:
        source: labelled, of the source language.
        validation: labelled, of other source speakers.
        known: labelled, of the target language.
        unlabelled: of the target language.
    """

    source: Labelled
    validation: Labelled
    known: Labelled
    unlabelled: Speech

    def standardised(self, by: Standardisation) -> tuple["TrainSpeech", Statistics]:
        """Return the same speech, standardised, and the statistics for speech to be recognised.

        Args:
            by: whose mean and deviation; not "none".

        Raises:
            MethodError: no speech of the target, or no speakers, where they are needed.
        """
        source, known = self.source.speech.features, self.known.speech.features
        of_source = Statistics.of(source)
        if by == "source":
            return self._by(of_source), of_source
        if by == "labelled":
            of_labelled = Statistics.of(_joined(source, known))
            return self._by(of_labelled), of_labelled
        target = _of_target(_joined(known, self.unlabelled.features), of_source)
        languages = self._languages(of_source)
        parts = TrainSpeech(
            _by_language(self.source, languages),
            _by_language(self.validation, languages),
            replace(self.known, speech=target.speech(self.known.speech)),
            target.speech(self.unlabelled),
        )
        return (self._by_speaker(parts) if by == "speaker" else parts), target

    def _by(self, statistics: Statistics) -> "TrainSpeech":
        """Standardise all speech by the same statistics."""

        def labelled(part: Labelled) -> Labelled:
            return replace(part, speech=statistics.speech(part.speech))

        return TrainSpeech(
            labelled(self.source),
            labelled(self.validation),
            labelled(self.known),
            statistics.speech(self.unlabelled),
        )

    def _languages(self, of_source: Statistics) -> dict[int, Statistics]:
        """Return the statistics of each source language, by its number."""
        domain = self.source.domain
        if domain is None:
            return {0: of_source}
        x = self.source.speech.features
        return {number: Statistics.of(x[domain == number]) for number in set(domain.tolist())}

    def _by_speaker(self, others: "TrainSpeech") -> "TrainSpeech":
        """Standardise train speakers by their own statistics, those of few utterances as `others`.

        Source validation speakers stand for speakers to be recognised: they stay as their
        language is standardised.
        """
        parts = (self.source.speech, self.known.speech, self.unlabelled)
        x = torch.cat([part.features for part in parts])
        speaker = torch.cat([_speakers(part) for part in parts])
        done = torch.cat(
            [
                others.source.speech.features,
                others.known.speech.features,
                others.unlabelled.features,
            ]
        )
        for number in set(speaker.tolist()):
            own = speaker == number
            if int(own.sum()) >= FEWEST:
                done[own] = Statistics.of(x[own])(x[own])
        source, known, unlabelled = done.split_with_sizes([len(part) for part in parts])
        return TrainSpeech(
            _with_features(others.source, source),
            others.validation,
            _with_features(others.known, known),
            replace(others.unlabelled, features=unlabelled),
        )


def _joined(*parts: Tensor) -> Tensor:
    return torch.cat([part for part in parts if len(part)] or list(parts[:1]))


def _of_target(embeddings: Tensor, source: Statistics) -> Statistics:
    """Return the statistics of all train speech of the target language."""
    if not len(embeddings):
        raise MethodError(
            "Standardisation by the target language needs speech of it, and the task holds none.",
            "Use standardisation=source, or a method that is handed speech of the target.",
        )
    own = Statistics.of(embeddings)
    return own if len(embeddings) >= FEWEST else Statistics(own.mean, source.deviation)


def _by_language(part: Labelled, languages: dict[int, Statistics]) -> Labelled:
    """Standardise source speech, each language by its own statistics."""
    if part.domain is None:
        return replace(part, speech=languages[0].speech(part.speech))
    features = part.speech.features.clone()
    for number, own in languages.items():
        features[part.domain == number] = own(features[part.domain == number])
    return _with_features(part, features)


def _with_features(part: Labelled, features: Tensor) -> Labelled:
    return replace(part, speech=replace(part.speech, features=features))


def _speakers(speech: Speech) -> Tensor:
    """Return the number of each utterance's speaker, shape (utterances,)."""
    if "speaker" not in speech.attributes:
        raise MethodError(
            "Standardisation by speaker needs the speakers of train speech, which this task does "
            "not carry.",
            'State standardisation = "speaker" or attributes = ("speaker",) in the class, or set '
            "--set standardisation=speaker.",
        )
    return speech.attributes["speaker"]
