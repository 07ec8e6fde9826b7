"""What a model states of itself."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from xlser.methods import Track
from xlser.protocols import Labels


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainedOn(_Stated):
    """Speech that a model learnt from.

    Attributes:
        source: utterances with labels, by corpus.
        labelled: utterances of the target with labels, by corpus.
        unlabelled: utterances of the target without, by corpus.
        encoder: what the encoder was trained on before, as its authors state it.
        encoder_corpora: corpora of the protocol that are among it.
    """

    source: Mapping[str, int]
    labelled: Mapping[str, int]
    unlabelled: Mapping[str, int]
    encoder: str
    encoder_corpora: tuple[str, ...] = ()

    def in_words(self) -> str:
        """Return it in a sentence."""
        labelled = [of for of in (self.source, self.labelled) if of]
        parts = [
            f"{_sum(of)} labelled {'ones' if i else 'utterances'} of {_names(of)}"
            for i, of in enumerate(labelled)
        ]
        if self.unlabelled:
            parts.append(f"{_sum(self.unlabelled)} unlabelled ones of {_names(self.unlabelled)}")
        *others, last = parts
        return f"{', '.join(others)} and {last}" if others else last


class Measured(_Stated):
    """What a model scores on speakers that it did not train on.

    Attributes:
        ua: unweighted accuracy, percent.
        accuracy: percent.
        utterances: tested.
        speakers: that spoke them.
        corpora: of them.
    """

    ua: float
    accuracy: float
    utterances: int
    speakers: int
    corpora: tuple[str, ...]

    def in_words(self, language: str) -> str:
        """Return it in words."""
        return (
            f"{language.capitalize()} {self.ua:.1f} % UA ({self.utterances} utterances of "
            f"{self.speakers} speakers of {', '.join(self.corpora)}, none of them in training)"
        )


class Card(_Stated):
    """What a model is, what it learnt from, and what it scores.

    Attributes:
        schema_version: of this card.
        method: its registered name.
        package: distribution and version that the method came from.
        settings: hyper-parameters.
        citation: publication of the method.
        protocol: under which it was trained.
        protocol_digest: of that protocol.
        target: language it is for.
        labels: label budget.
        seed: of the protocol.
        fold: of the seed.
        classes: emotions, in the order of probabilities.
        track: fine-tune or frozen.
        backbone: its name.
        weights: their digest.
        licence: of the backbone.
        frontend: of the log-mels that the backbone reads, unless it states an input of its own.
        trained_on: speech that it learnt from.
        measured: by language; the target's first.
        predictor: what the predictor consists of (`xlser.models.state`).
        tensors: SHA-256 of the file of tensors.
    """

    schema_version: Literal[1] = 1
    method: str
    package: str
    settings: Mapping[str, Any]
    citation: str
    protocol: str
    protocol_digest: str
    target: str
    labels: Labels
    seed: int
    fold: int
    classes: tuple[str, ...]
    track: Track
    backbone: str
    weights: str
    licence: str
    frontend: Mapping[str, Any]
    trained_on: TrainedOn
    measured: Mapping[str, Measured]
    predictor: Any = None
    tensors: str = ""

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return (
            f"{self.method} for {self.target.capitalize()}, {self.labels} labels "
            f"({self.backbone}, {self.track} track, {self.protocol})"
        )

    def about(self) -> str:
        """Return what a reader of its predictions must know."""
        scores = "; ".join(of.in_words(language) for language, of in self.measured.items())
        encoder = (
            f" The encoder was trained on {', '.join(self.encoder_corpora)}."
            if self.encoder_corpora
            else ""
        )
        return (
            f"{self.title}. Trained on {self.trained_on.in_words()}.{encoder} Measured: {scores}. "
            "Other speech, as that of other languages, recordings or spontaneous emotions, was "
            "not measured."
        )

    @property
    def encoder_corpora(self) -> tuple[str, ...]:
        """Corpora of the protocol that the encoder was trained on."""
        return self.trained_on.encoder_corpora


def _sum(counts: Mapping[str, int]) -> str:
    return f"{sum(counts.values()):,}"


def _names(counts: Mapping[str, int]) -> str:
    return ", ".join(counts)
