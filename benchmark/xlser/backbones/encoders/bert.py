"""w2v-BERT 2.0: a Conformer over log-mel filter banks."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from xlser.audio import SAMPLE_RATE
from xlser.backbones.backbone import Tuning
from xlser.backbones.encoders.encoder import TransformerBackbone, inside
from xlser.backbones.encoders.layers import record_states, recorded_states
from xlser.backbones.encoders.options import ALL
from xlser.backbones.encoders.wav2vec import OFF


class Wav2Vec2BertBackbone(TransformerBackbone):
    """States of w2v-BERT 2.0, 50 a second (Barrault et al. 2023, Seamless).

    It reads 80 mel bands of two frames of 10 ms at a time, each band with mean 0 and deviation 1
    over the utterance.
    """

    family = "wav2vec2-bert"
    lora_targets = ("linear_q", "linear_v")
    shortest = 560
    tuning: ClassVar[Tuning] = Tuning(
        learning_rate=5e-5,
        layer_decay=0.9,
        schedule={"epochs": 10, "steps": 300},
        frozen=("feature_projection",),
        seconds=40.0,
        clip=1.0,
    )

    def _network(self, layers: int) -> nn.Module:
        from transformers import Wav2Vec2BertConfig, Wav2Vec2BertModel

        network = Wav2Vec2BertModel(Wav2Vec2BertConfig.from_dict({
            **self.architecture, **OFF, "num_hidden_layers": layers, "add_adapter": False,
            "use_intermediate_ffn_before_adapter": False,
        }))  # fmt: skip
        if self.layer == ALL:
            record_states(network.encoder.layers)
        return cast("nn.Module", network)

    def _layers_of(self) -> Sequence[nn.Module]:
        return cast("Sequence[nn.Module]", cast("Any", self.network).encoder.layers)

    def _states(self, samples: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
        network: Any = self.network
        rows = [
            _filter_banks(row[:length])
            for row, length in zip(samples, lengths.tolist(), strict=True)
        ]
        counts = torch.tensor([len(row) for row in rows], device=samples.device)
        hidden = network.feature_projection(nn.utils.rnn.pad_sequence(rows, batch_first=True))[0]
        mask = None
        if int(counts.min()) < hidden.shape[1]:
            mask = inside(counts, hidden.shape[1])
        with recorded_states() as states:
            out = network.encoder(hidden, attention_mask=mask)[0]
        return [*states[:-1], out] if self.layer == ALL else [out], counts


def _filter_banks(samples: Tensor) -> Tensor:
    """Return filter banks of an utterance, two frames per row, shape (frames // 2, 160)."""
    from torchaudio.compliance.kaldi import fbank

    with torch.autocast(samples.device.type, enabled=False):
        bands = fbank(
            samples[None].float() * 2**15,
            num_mel_bins=80,
            sample_frequency=SAMPLE_RATE,
            window_type="povey",
        )
        spread = (bands.var(dim=0) if len(bands) > 1 else torch.zeros_like(bands[0])) + 1e-7
        bands = (bands - bands.mean(dim=0)) / spread.sqrt()
    even = len(bands) // 2 * 2
    return cast("Tensor", bands[:even].reshape(-1, 160))
