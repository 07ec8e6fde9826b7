"""wav2vec 2.0, HuBERT and WavLM: convolutions over samples, then a Transformer."""

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from xlser.backbones.backbone import Tuning
from xlser.backbones.encoders.encoder import TransformerBackbone, inside
from xlser.backbones.encoders.layers import record_states, recorded_states
from xlser.backbones.encoders.options import ALL

_TUNING = Tuning(
    learning_rate=5e-5,
    layer_decay=0.9,
    schedule={"epochs": 10, "steps": 300},
    frozen=("feature_extractor", "feature_projection", "encoder.pos_conv_embed"),
    seconds=80.0,
    clip=1.0,
)

OFF: dict[str, Any] = {
    "layerdrop": 0.0,
    "apply_spec_augment": False,
    "mask_time_prob": 0.0,
    "mask_feature_prob": 0.0,
}
"""Values of a configuration without which `train()` drops layers and masks spectrograms."""


class Wav2Vec2Backbone(TransformerBackbone):
    """States of wav2vec 2.0, 50 a second (Baevski et al. 2020).

    The convolutions pass each utterance by itself: their group norm sees the whole of it, so that
    padding would change it. Their output is padded, and the Transformer is given a mask.
    """

    family = "wav2vec2"
    model: ClassVar[str] = "Wav2Vec2Model"
    lora_targets = ("q_proj", "v_proj")
    tuning: ClassVar[Tuning] = _TUNING

    def _network(self, layers: int) -> nn.Module:
        import transformers

        kind = getattr(transformers, self.model)
        config = kind.config_class.from_dict({
            **self.architecture, **OFF, "num_hidden_layers": layers, "add_adapter": False,
        })  # fmt: skip
        if self.model != "WavLMModel":
            config._attn_implementation = "sdpa"
        network = kind(config)
        if config.do_stable_layer_norm and layers < self.depth:
            network.encoder.layer_norm = nn.Identity()  # which follows the last layer there
        if self.layer == ALL:
            record_states(network.encoder.layers)
        return cast("nn.Module", network)

    def _layers_of(self) -> Sequence[nn.Module]:
        return cast("Sequence[nn.Module]", cast("Any", self.network).encoder.layers)

    def _states(self, samples: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
        network: Any = self.network
        features, counts = self._features(samples, lengths)
        projected = network.feature_projection(features)
        hidden = projected[0] if isinstance(projected, tuple) else projected
        mask = None
        if int(counts.min()) < hidden.shape[1]:
            mask = inside(counts, hidden.shape[1])
        with recorded_states() as states:
            out = network.encoder(hidden, attention_mask=mask)[0]
        return [*states[:-1], out] if self.layer == ALL else [out], counts

    def _features(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the convolutions make, shape (pieces, frames, channels), and the frames."""
        convolutions: Any = cast("Any", self.network).feature_extractor
        with torch.set_grad_enabled(torch.is_grad_enabled() and self._convolves()):
            if int(lengths.min()) == samples.shape[1]:
                together: Tensor = convolutions(samples).transpose(1, 2)
                return together, torch.full_like(lengths, together.shape[1])
            alone = [
                convolutions(row[:length][None])[0].T
                for row, length in zip(samples, lengths.tolist(), strict=True)
            ]
        counts = torch.tensor([len(part) for part in alone], device=samples.device)
        return nn.utils.rnn.pad_sequence(alone, batch_first=True), counts

    def _convolves(self) -> bool:
        """Return whether the convolutions are trained."""
        convolutions = cast("nn.Module", cast("Any", self.network).feature_extractor)
        return any(p.requires_grad for p in convolutions.parameters())


class HubertBackbone(Wav2Vec2Backbone):
    """States of HuBERT, 50 a second (Hsu et al. 2021)."""

    family = "hubert"
    model = "HubertModel"


class WavLMBackbone(Wav2Vec2Backbone):
    """States of WavLM, 50 a second (Chen et al. 2022).

    Its attention reads the weights of its projections itself, so low-rank matrices go beside the
    feed-forward layers.
    """

    family = "wavlm"
    model = "WavLMModel"
    lora_targets = ("intermediate_dense", "output_dense")

    def _network(self, layers: int) -> nn.Module:
        # Its attention mixes masks of two types, which torch remarks upon and serves all the same.
        warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask")
        return super()._network(layers)
