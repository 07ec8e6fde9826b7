"""What all Transformer encoders share: pieces of speech, pooling, layers, fine-tuning."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from xlser.audio import SAMPLE_RATE, Waveform
from xlser.backbones.backbone import Backbone, Budget, HubWeights, Tuning, specialised
from xlser.backbones.encoders.layers import low_rank
from xlser.backbones.encoders.options import ALL, Options
from xlser.backbones.extras import require
from xlser.backbones.naming import named
from xlser.settings import Settings


class TransformerBackbone(Backbone):
    """Mean over time of the states of one layer of a Transformer encoder.

    Layer 0 is what the first layer reads; layer `depth` is the encoder's output, its final norm
    included. Layers above the one that is taken are not built. Speech longer than `longest` is cut
    into equal pieces, whose frames are pooled together: memory stays bounded, and Whisper has no
    positions beyond. Utterances of a batch do not see each other or their padding.

    In training, rows of zeros at the end of a crop count as padding, as `Speech.crops` makes them.

    Attributes:
        family: `model_type` of the configuration.
        architecture: values of the configuration; those not named are the family's defaults.
        width: of a state.
        depth: layers of the encoder.
        layer: which layer's states are pooled; `ALL` for all of them, one after the other.
        lora: rank of the matrices that fine-tuning adds (Hu et al. 2022); 0: it trains the layers.
        normalise: whether an utterance's samples are brought to mean 0 and deviation 1 first.
        shortest: samples to which a shorter utterance is padded.
        longest: samples of a piece.
    """

    input = Waveform()
    budget = Budget(on_cpu=20 * SAMPLE_RATE, on_gpu=300 * SAMPLE_RATE)
    packages = ("transformers",)
    weights: ClassVar[HubWeights]
    tuning: ClassVar[Tuning]
    family: ClassVar[str]
    architecture: ClassVar[Mapping[str, Any]] = {}
    width: ClassVar[int]
    depth: ClassVar[int]
    layer: ClassVar[int]
    lora: ClassVar[int] = 0
    lora_targets: ClassVar[tuple[str, ...]]
    normalise: ClassVar[bool] = False
    shortest: ClassVar[int] = 400
    longest: ClassVar[int] = 30 * SAMPLE_RATE

    def __init__(self) -> None:
        super().__init__()
        require("transformers", self.name)
        self.network = self._network(self.depth if self.layer == ALL else self.layer)

    def _network(self, layers: int) -> nn.Module:
        """Return the untrained encoder with its first `layers` layers."""
        raise NotImplementedError

    def _states(self, samples: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return states and how many frames of each piece are its own.

        Args:
            samples: shape (pieces, longest), zero past the pieces' ends.
            lengths: samples of each piece, shape (pieces,).

        Returns:
            For each layer that is taken, shape (pieces, frames, width); shape (pieces,).
        """
        raise NotImplementedError

    def _layers_of(self) -> Sequence[nn.Module]:
        """Return the layers, the first first."""
        raise NotImplementedError

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return embeddings, shape (batch, dimension); see `Backbone.forward`.

        Args:
            frames: waveforms, shape (batch, samples, 1), full scale 1.
            lengths: samples of each, shape (batch,).
        """
        samples = frames[..., 0]
        if lengths is None:
            lengths = _sounding(samples) if self.training else _whole(samples)
        pieces, owners = self._pieces(samples, lengths)
        again = self.training and torch.is_grad_enabled()
        sums = samples.new_zeros(len(samples), self.dimension)
        counts = samples.new_zeros(len(samples), 1)
        parts = list(self._at_once(pieces, again))
        for index in parts:
            some = [pieces[i] for i in index]
            if again and len(parts) > 1:
                pooled, count = checkpoint(self._pooled, some, use_reentrant=False)
            else:
                pooled, count = self._pooled(some)
            of = torch.tensor([owners[i] for i in index], device=samples.device)
            sums = sums.index_add(0, of, pooled.to(sums.dtype))
            counts = counts.index_add(0, of, count[:, None].to(counts.dtype))
        return sums / counts

    def _pieces(self, samples: Tensor, lengths: Tensor) -> tuple[list[Tensor], list[int]]:
        """Return the pieces of all utterances, and which utterance each is of."""
        pieces: list[Tensor] = []
        owners: list[int] = []
        for owner, length in enumerate(lengths.tolist()):
            own = samples[owner, :length]
            if self.normalise:
                own = (own - own.mean()) / (own.var(correction=0) + 1e-7).sqrt()
            if length < self.shortest:
                own = nn.functional.pad(own, (0, self.shortest - length))
            cut = own.tensor_split(-(-len(own) // self.longest))
            pieces += cut
            owners += [owner] * len(cut)
        return pieces, owners

    def _at_once(self, pieces: Sequence[Tensor], training: bool) -> Iterator[list[int]]:
        """Yield the pieces that pass through the encoder together, padding included."""
        on_gpu = pieces[0].is_cuda
        most = self.budget.on_gpu if on_gpu else self.budget.on_cpu
        if training:
            most = round(self.tuning.seconds * SAMPLE_RATE)
        taken: list[int] = []
        longest = 0
        for i, piece in enumerate(pieces):
            longest = max(longest, len(piece))
            if taken and longest * (len(taken) + 1) > most:
                yield taken
                taken, longest = [], len(piece)
            taken.append(i)
        yield taken

    def _pooled(self, pieces: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the sums over the frames of each piece, and how many frames these are."""
        lengths = torch.tensor([len(piece) for piece in pieces], device=pieces[0].device)
        padded = nn.utils.rnn.pad_sequence(pieces, batch_first=True)
        states, counts = self._states(padded, lengths)
        within = inside(counts, states[0].shape[1])[..., None]
        return torch.cat([(state.float() * within).sum(dim=1) for state in states], dim=1), counts

    def made_trainable(self) -> Self:
        """Freeze what `tuning` names; with `lora`, all but the matrices it adds."""
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad = not (self.lora or name.startswith(self.tuning.frozen))
        if self.lora:
            low_rank(self.network, self.lora, self.lora_targets, self.name)
        return self

    def rates(self) -> Iterator[tuple[Sequence[nn.Parameter], float]]:
        """Yield the parameters of each layer, the last first, then those below; and their rates."""
        base, decay = self.tuning.learning_rate, self.tuning.layer_decay
        seen: set[int] = set()
        layers = list(self._layers_of())
        parts: list[nn.Module] = [*layers[::-1], self.network]
        for below, part in enumerate(parts):
            group = [p for p in part.parameters() if p.requires_grad and id(p) not in seen]
            seen.update(map(id, group))
            if group:
                yield group, base if self.lora else base * decay**below

    @classmethod
    def recipe(cls) -> dict[str, Any]:
        """Return the layer and how an utterance is prepared: later versions may declare others."""
        return {
            "layer": cls.layer,
            "normalise": cls.normalise,
            "shortest": cls.shortest,
            "longest": cls.longest,
        }

    @classmethod
    def variant(cls, options: Mapping[str, str]) -> type[Backbone]:
        """Return the encoder with another layer, all layers, or low-rank matrices.

        Args:
            options: "layer" (a number), "layers" ("all"), "lora" (a rank), "steps" (batches of
                each stage of fine-tuning).

        Raises:
            SettingsError: there is no such option, or not with such a value.
        """
        name = cls.made_from()
        asked = Options.read(options, name, cls.depth, cls.layer)
        changed = asked.changed(cls.layer)
        if not changed:
            return cls
        rule = cls.layer_rule
        if asked.layer != cls.layer:
            rule = "all, one after the other" if asked.layer == ALL else "named by the user"
        stacked = cls.depth + 1 if asked.layer == ALL else 1
        return specialised(
            cls,
            name=named(name, changed),
            asked=named(cls.asked, changed) if cls.asked else "",
            layer=asked.layer,
            layer_rule=rule,
            lora=asked.lora,
            stacked=stacked,
            dimension=stacked * cls.width,
            tuning=asked.tuned(cls.tuning),
        )

    @classmethod
    def fetch(cls, settings: Settings) -> tuple[type[Backbone], str, dict[str, Tensor] | None]:
        """Return the class with its configuration, the digest of the weights, and the weights.

        Raises:
            WeightsError: they cannot be loaded, or are of another encoder.
        """
        from xlser.backbones.encoders.hub import folder_of
        from xlser.backbones.encoders.loading import load_encoder

        return load_encoder(cls, folder_of(cls.weights, cls.made_from(), settings))

    @classmethod
    def find(cls, settings: Settings) -> Path | None:
        """Return the folder of the weights on this machine, if there is one; ask no other."""
        from xlser.backbones.encoders.hub import cached, folder_here

        return folder_here(cls.weights, cls.made_from(), settings) or cached(cls.weights)

    @classmethod
    def made_from(cls) -> str:
        """Return the name without options, under which a folder may hold the weights."""
        return cls.name.partition("#")[0]


def _whole(samples: Tensor) -> Tensor:
    return torch.full((len(samples),), samples.shape[1], device=samples.device)


def _sounding(samples: Tensor) -> Tensor:
    """Return the samples of each row up to its last that is not zero; at least one."""
    place = torch.arange(1, samples.shape[1] + 1, device=samples.device)
    return (place * (samples != 0)).amax(dim=1).clamp(min=1)


def inside(lengths: Tensor, frames: int) -> Tensor:
    """Return a mask of shape (batch, frames): True within each piece."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]
