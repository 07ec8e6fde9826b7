"""The encoder of Whisper, on an utterance's own length."""

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from xlser.audio import SAMPLE_RATE
from xlser.backbones.backbone import Tuning
from xlser.backbones.encoders.encoder import TransformerBackbone, inside
from xlser.backbones.encoders.options import ALL

_WINDOW, _HOP = 400, 160
_SAMPLES_A_STATE = 2 * _HOP  # the second convolution halves the frames


class WhisperBackbone(TransformerBackbone):
    """States of Whisper's encoder, 50 a second (Radford et al. 2023, Robust Speech Recognition).

    Whisper pads each utterance to 30 s; here it is padded with zeros to the next whole state, and
    the table of positions is cut there. That costs a tenth and gives other states than the padded
    way: there, an utterance's frames attend to the silence that follows as well.
    """

    family = "whisper"
    lora_targets = ("q_proj", "v_proj")
    tuning: ClassVar[Tuning] = Tuning(
        learning_rate=1e-4,
        layer_decay=0.8,
        schedule={"epochs": 10, "steps": 300},
        frozen=("conv1", "conv2", "embed_positions"),
        clip=1.0,
    )

    def _network(self, layers: int) -> nn.Module:
        from transformers import WhisperConfig
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        config = WhisperConfig.from_dict({
            **self.architecture, "encoder_layers": layers, "encoder_layerdrop": 0.0,
        })  # fmt: skip
        config._attn_implementation = "sdpa"
        network: Any = WhisperEncoder(config)
        if layers < self.depth:
            network.layer_norm = nn.Identity()
        return cast("nn.Module", network)

    def _layers_of(self) -> Sequence[nn.Module]:
        return cast("Sequence[nn.Module]", self.network.layers)

    def _states(self, samples: Tensor, lengths: Tensor) -> tuple[list[Tensor], Tensor]:
        network: Any = self.network
        counts = -(-lengths // _SAMPLES_A_STATE)
        frames = 2 * counts
        x = self._log_mel(samples, frames)
        x = nn.functional.gelu(network.conv1(x))
        x = x * inside(frames, x.shape[2])[:, None]  # so that a border is one in a batch as well
        x = nn.functional.gelu(network.conv2(x)).transpose(1, 2)
        x = x + network.embed_positions.weight[: x.shape[1]]
        mask = None
        if int(counts.min()) < x.shape[1]:
            mask = inside(counts, x.shape[1])[:, None, None].expand(-1, 1, x.shape[1], -1)
        states = [x]
        for layer in network.layers:
            states.append(layer(states[-1], mask))
        states[-1] = network.layer_norm(states[-1])
        return states if self.layer == ALL else states[-1:], counts

    def _log_mel(self, samples: Tensor, frames: Tensor) -> Tensor:
        """Return Whisper's log-mels, shape (pieces, mels, frames), 0 past the pieces' ends.

        A frame is what it is of the utterance padded to 30 s: silence follows the end.
        """
        longest = int(frames.max())
        after = _HOP * (longest - 1) + _WINDOW // 2 - samples.shape[1]
        padded = nn.functional.pad(samples[:, None], (_WINDOW // 2, 0), mode="reflect")[:, 0]
        padded = nn.functional.pad(padded, (0, after))
        window = torch.hann_window(_WINDOW, device=samples.device)
        with torch.autocast(samples.device.type, enabled=False):
            spectrum = torch.stft(
                padded.float(), _WINDOW, _HOP, window=window, center=False, return_complex=True
            )
            bands = _bands(cast("Any", self.network).config.num_mel_bins).to(samples.device)
            mel = (bands @ spectrum.abs().square()).clamp(min=1e-10).log10()
            within = inside(frames, longest)[:, None]
            loudest = mel.masked_fill(~within, -torch.inf).amax(dim=(1, 2), keepdim=True)
            return (torch.maximum(mel, loudest - 8.0) + 4.0) / 4.0 * within


@cache
def _bands(mels: int) -> Tensor:
    """Return the weights of Slaney's mel bands, shape (mels, 201)."""
    from torchaudio.functional import melscale_fbanks

    weights: Tensor = melscale_fbanks(
        _WINDOW // 2 + 1, 0.0, SAMPLE_RATE / 2, mels, SAMPLE_RATE, "slaney", "slaney"
    )
    return weights.T.contiguous()
