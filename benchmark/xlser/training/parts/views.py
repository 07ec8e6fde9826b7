"""Views of speech: strong augmentation, and mixtures of pairs."""

import torch
from torch import Tensor
from torch.nn.functional import pad

_STRETCH = 0.1  # of the rate
_GAIN = 0.35  # 6 dB, in standard deviations of a log-mel spectrogram (4 nepers, as measured)
_NOISE = 0.2  # standard deviations
_MASKS = 2  # in frequency and in time each
_MASKED_BANDS, _MASKED_TIME = 0.25, 0.2  # largest share of a mask
_DROPPED = 0.1  # share of an embedding's dimensions
_QUIETEST, _LOUDEST = 10.0, 30.0  # decibels of a waveform over the noise that is added to it
_DECIBELS = 6.0  # of a waveform's gain


def strong_view(speech: Tensor) -> Tensor:
    """Return a strong augmentation of each utterance of a batch.

    Of log-mel crops: a time-stretch of up to 10 %, a gain of up to 6 dB, noise, and SpecAugment
    masks, two in frequency and two in time (Park et al. 2019). Of waveforms: a change of speed of
    up to 10 % (Ko et al. 2015), a gain of up to 6 dB, white noise 10 to 30 dB below the speech, and
    two masks in time; zeros at a crop's end, which stand for no speech, stay zeros. An embedding
    knows no time and no bands; it gets noise and loses a tenth of its dimensions, the batch's mean
    in their place. The weak view is the random crop, or the embedding itself. All draws are from
    torch's global generator.

    Args:
        speech: crops, shape (batch, frames, mels), or (batch, samples, 1) of waveforms, or
            embeddings, shape (batch, dimension).
    """
    if not len(speech):
        return speech
    if speech.dim() == 2:
        return _noisy_embeddings(speech)
    if speech.shape[2] == 1:
        return _strong_waveforms(speech)
    from torchaudio.functional import mask_along_axis_iid  # frozen runs do without

    speech = _stretched(speech)
    gain = _GAIN * (2 * torch.rand(len(speech), 1, 1, device=speech.device) - 1)
    speech = speech + gain + _NOISE * torch.randn_like(speech)
    frames, mels = speech.shape[1:]
    speech = speech.unsqueeze(1)  # (batch, channel, frames, mels), as torchaudio takes it
    for _ in range(_MASKS):
        speech = mask_along_axis_iid(speech, int(_MASKED_TIME * frames), 0.0, axis=2)
        speech = mask_along_axis_iid(speech, int(_MASKED_BANDS * mels), 0.0, axis=3)
    return speech.squeeze(1)


def _strong_waveforms(waveforms: Tensor) -> Tensor:
    from torchaudio.functional import mask_along_axis_iid

    waveforms = _stretched(waveforms)
    place = torch.arange(1, waveforms.shape[1] + 1, device=waveforms.device)[:, None]
    lengths = (place * (waveforms != 0)).amax(dim=1, keepdim=True)
    draws = torch.rand(2, len(waveforms), 1, 1, device=waveforms.device)
    power = waveforms.square().sum(dim=1, keepdim=True) / lengths.clamp(min=1)
    below = _QUIETEST + (_LOUDEST - _QUIETEST) * draws[0]
    noise = (power * 10 ** (-below / 10)).sqrt() * torch.randn_like(waveforms)
    gain = 10 ** (_DECIBELS / 20 * (2 * draws[1] - 1))
    changed = (gain * (waveforms + noise) * (place <= lengths)).unsqueeze(1)
    for _ in range(_MASKS):
        changed = mask_along_axis_iid(changed, int(_MASKED_TIME * waveforms.shape[1]), 0.0, axis=2)
    return changed.squeeze(1)


def _stretched(speech: Tensor) -> Tensor:
    """Read each utterance at a rate of its own, with linear interpolation, 0 past its end."""
    frames = speech.shape[1]
    rate = 1 + _STRETCH * (2 * torch.rand(len(speech), 1, device=speech.device) - 1)
    position = rate * torch.arange(frames, device=speech.device)
    before = position.floor().long().clamp(max=frames)
    padded = pad(speech, (0, 0, 0, 2))
    rows = torch.arange(len(speech), device=speech.device)[:, None]
    between = (position - before).clamp(0, 1)[..., None]
    return (1 - between) * padded[rows, before] + between * padded[rows, before + 1]


def _noisy_embeddings(embeddings: Tensor) -> Tensor:
    mean = embeddings.mean(dim=0)
    spread = _deviation(embeddings.detach())
    noisy = embeddings + _NOISE * spread * torch.randn_like(embeddings)
    return torch.where(torch.rand_like(embeddings) < _DROPPED, mean, noisy)


def _deviation(embeddings: Tensor) -> Tensor:
    """Return `embeddings.std(dim=0, correction=0)`, to the bit, in a third of the time."""
    exact = embeddings.double()  # as that is computed
    return (exact - exact.mean(dim=0)).square().mean(dim=0).sqrt().to(embeddings.dtype)


def mixup(one: Tensor, other: Tensor, share: Tensor | float) -> Tensor:
    """Return share x one + (1 - share) x other (Zhang et al. 2018; Agarla et al. 2022, Eq. 6, 7).

    Args:
        one: speech or class probabilities, shape (batch, ...).
        other: what it is mixed with, of the same shape.
        share: 0 to 1, one number per batch.
    """
    return share * one + (1 - share) * other
