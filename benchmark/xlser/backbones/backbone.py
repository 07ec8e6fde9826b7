"""What a backbone is: frames in, one embedding an utterance out."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from xlser import registry
from xlser.audio import FrontEnd


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


class Backbone(nn.Module):
    """Maps log-mel frames to one embedding an utterance.

    A subclass is registered under the entry-point group `xlser.backbones`.

    Attributes:
        name: as registered.
        dimension: of the embedding.
        citation: the publication it comes from.
        weights: the published checkpoint it starts from; None if it has nothing to learn, in
            which case it serves the frozen track alone.
        frontend: what its log-mels are computed with, where that is not the protocol's.
    """

    name: ClassVar[str]
    dimension: ClassVar[int]
    citation: ClassVar[str]
    weights: ClassVar[PublishedWeights | None]
    frontend: ClassVar[FrontEnd | None] = None

    def forward(self, frames: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return embeddings, shape (batch, dimension).

        Args:
            frames: shape (batch, frames, mels).
            lengths: frames of each utterance, shape (batch,); what lies beyond counts for nothing,
                so that a batch gives what its utterances give one at a time. None: all frames.
        """
        raise NotImplementedError


def backbone_names() -> list[str]:
    """Return the names of all registered backbones, sorted."""
    return registry.names("xlser.backbones")


def get_backbone(name: str) -> type[Backbone]:
    """Return the backbone class registered as `name`.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: it cannot be imported or is not a backbone.
    """
    return registry.load("xlser.backbones", name, Backbone)
