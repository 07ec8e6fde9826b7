"""What a backbone is: rows of its input in, one embedding per utterance out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from torch import Tensor, nn

from xlser.audio import Input
from xlser.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from xlser.settings import Settings


@dataclass(frozen=True)
class PublishedWeights:
    """A checkpoint that somebody published.

    Attributes:
        file: its name.
        url: where it is.
        blob: git blob id, which verifies its content.
        licence: terms of use.
    """

    file: str
    url: str
    blob: str
    licence: str


@dataclass(frozen=True)
class HubWeights:
    """A model of the Hugging Face Hub, or a folder laid out like one.

    Attributes:
        repository: `owner/name`, or the path of a folder on this machine.
        revision: commit, tag or branch; empty for a folder.
        licence: terms of use.
    """

    repository: str
    revision: str
    licence: str

    @property
    def url(self) -> str:
        """Where it is."""
        if not self.revision:
            return self.repository
        return f"https://huggingface.co/{self.repository}/tree/{self.revision}"


@dataclass(frozen=True)
class TrainedOn:
    """The speech that an encoder has been trained on, as its authors state it.

    Attributes:
        data: in words, with hours and languages.
        corpora: registered names of the corpora among it, with or without their labels.
        listed: whether the authors list all of it; if not, any corpus may be among it.
    """

    data: str
    corpora: tuple[str, ...] = ()
    listed: bool = True


NONE = "none"
"""Digest in records of a backbone without weights."""

NOTHING = TrainedOn("nothing")
UNKNOWN = TrainedOn("not stated", listed=False)


@dataclass(frozen=True)
class Budget:
    """Rows of a batch of whole utterances, padding included; a longer utterance goes by itself.

    Attributes:
        on_cpu: the largest activation is to fit into the cache.
        on_gpu: enough to keep it busy.
    """

    on_cpu: int = 1_500
    on_gpu: int = 16_000


@dataclass(frozen=True)
class Tuning:
    """How an encoder is fine-tuned, where that is not the protocol's schedule.

    Attributes:
        learning_rate: of the encoder's last layer; layers that are new (the classifier and what
            methods add) take the schedule's.
        layer_decay: factor on the learning rate from each layer to the one below.
        schedule: fields of the protocol's schedule that are others here; its batch stays.
        frozen: parts that are not trained, by the beginning of their parameters' names.
        seconds: of speech that pass at once in training; the activations of a larger batch are
            computed again in the backward pass, so many seconds at a time.
        warmup: share of a stage over which the learning rates rise from zero; after that they
            fall to zero, both in a straight line (Howard & Ruder 2018). 0: they stay.
        clip: largest norm of the gradient of all parameters; None for no limit.
    """

    learning_rate: float
    layer_decay: float = 1.0
    schedule: Mapping[str, Any] | None = None
    frozen: tuple[str, ...] = ()
    seconds: float = 240.0
    warmup: float = 0.1
    clip: float | None = None

    def stated(self) -> dict[str, Any]:
        """Return all that results depend on, as JSON has it."""
        kept = {**asdict(self), "schedule": dict(self.schedule or {}), "frozen": list(self.frozen)}
        del kept["seconds"]  # of which memory alone depends
        return kept

    def rate(self, progress: float) -> float:
        """Return the factor on the learning rates at a share of a stage, 0 <= progress < 1.

        >>> tuning = Tuning(1e-4, warmup=0.1)
        >>> [round(tuning.rate(share), 2) for share in (0.0, 0.05, 0.1, 0.55)]
        [0.01, 0.5, 1.0, 0.5]
        """
        if not self.warmup:
            return 1.0
        rising = max(progress, 0.01 * self.warmup) / self.warmup
        return min(rising, (1.0 - progress) / (1.0 - self.warmup))


class Backbone(nn.Module):
    """Maps rows of its input to one embedding per utterance.

    A subclass is registered under the entry-point group `xlser.backbones`.

    Attributes:
        name: as registered.
        dimension: of the embedding.
        citation: the publication it comes from.
        weights: the published checkpoint it starts from; None if it has nothing to learn, in
            which case it serves the frozen track alone.
        input: what it reads; None for the log-mels of the protocol's front-end.
        budget: rows of a batch of whole utterances.
        stacked: how many layers' states an embedding holds, one after the other.
        layer_rule: which layer's states are taken, and how that was decided; empty where there is
            nothing to decide.
        trained_on: the speech it has been trained on.
        licence: terms of use, where `weights` states none.
        tuning: how it is fine-tuned; None: by the protocol's schedule.
        packages: distributions that its embeddings depend on, beside the suite's own.
        notice: printed when it is used.
        asked: value of `--backbone` that names it, if that is not its name: a path, for example.
    """

    name: ClassVar[str]
    dimension: ClassVar[int]
    citation: ClassVar[str]
    weights: ClassVar[PublishedWeights | HubWeights | None]
    input: ClassVar[Input | None] = None
    budget: ClassVar[Budget] = Budget()
    stacked: ClassVar[int] = 1
    layer_rule: ClassVar[str] = ""
    trained_on: ClassVar[TrainedOn] = UNKNOWN
    licence: ClassVar[str] = "not stated"
    tuning: ClassVar[Tuning | None] = None
    packages: ClassVar[tuple[str, ...]] = ()
    notice: ClassVar[str] = ""
    asked: ClassVar[str] = ""

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return embeddings, shape (batch, dimension).

        Args:
            frames: shape (batch, frames, mels); of waveforms, shape (batch, samples, 1).
            lengths: rows of each utterance, shape (batch,); what lies beyond counts for nothing,
                so that a batch gives what its utterances give one at a time. None: all rows.
        """
        raise NotImplementedError

    def made_trainable(self) -> Self:
        """Return the backbone, its weights loaded, with what fine-tuning freezes or adds."""
        return self

    def rates(self) -> Iterator[tuple[Sequence[nn.Parameter], float]]:
        """Yield parameters with a learning rate of their own, and that rate."""
        yield from ()

    @classmethod
    def recipe(cls) -> dict[str, Any]:
        """Return further settings that change embeddings; keys of caches hold them."""
        return {}

    @classmethod
    def variant(cls, options: Mapping[str, str]) -> "type[Backbone]":
        """Return the backbone with options, as in `whisper-base#layer=3`.

        Raises:
            SettingsError: it has no such option, or the option no such value.
        """
        if options:
            raise SettingsError(
                f"The backbone {cls.name} has no option {next(iter(options))!r}.",
                f"Write --backbone {cls.name}.",
            )
        return cls

    @classmethod
    def fetch(cls, settings: "Settings") -> "tuple[type[Backbone], str, dict[str, Tensor] | None]":
        """Return the class as its weights demand, the weights' digest, and the weights by name.

        `PublishedWeights` are found without it.

        Raises:
            WeightsError: they cannot be loaded.
        """
        del settings
        return cls, NONE, None

    @classmethod
    def find(cls, settings: "Settings") -> "Path | None":
        """Return where the weights are on this machine, if they are; ask no other machine."""
        del settings
        return None

    @classmethod
    def terms(cls) -> str:
        """Return the licence."""
        return cls.weights.licence if cls.weights else cls.licence

    @classmethod
    def revision(cls) -> str | None:
        """Return the commit of the weights, or None where a digest in the record names them."""
        return (cls.weights.revision or None) if isinstance(cls.weights, HubWeights) else None


def specialised(kind: type[Backbone], **attributes: Any) -> type[Backbone]:
    """Return a subclass with other attributes, which `made_of` takes apart again."""
    made_of = vars(kind).get("_made_of", (kind, {}))
    of = (made_of[0], {**made_of[1], **attributes})
    return type(kind.__name__, (made_of[0],), {**of[1], "_made_of": of, "__doc__": kind.__doc__})


def made_of(kind: type[Backbone]) -> tuple[type[Backbone], dict[str, Any]]:
    """Return the importable class that a class is made of, and the attributes it has instead."""
    found: tuple[type[Backbone], dict[str, Any]] = vars(kind).get("_made_of", (kind, {}))
    return found
