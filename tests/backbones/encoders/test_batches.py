"""A batch gives what its utterances give one at a time, whatever the family."""

from collections.abc import Callable

import pytest
import torch
from tests.backbones.encoders.conftest import speech
from tests.backbones.encoders.models import MODELS
from torch import Tensor, nn

from xlser.backbones import PretrainedBackbone
from xlser.methods import Speech
from xlser.training import embed

Tiny = Callable[..., PretrainedBackbone]

LENGTHS = (16_000, 31_999, 7_777, 401, 320, 1)


def one_at_a_time(network: nn.Module, waveforms: Tensor, lengths: Tensor) -> Tensor:
    with torch.inference_mode():
        rows = [
            network(waveforms[i : i + 1, :n], lengths[i : i + 1]) for i, n in enumerate(lengths)
        ]
    return torch.cat(rows)


@pytest.mark.parametrize("options", ["", "layer=3", "layer=0", "layers=all"])
@pytest.mark.parametrize("name", MODELS)
def test_a_batch_gives_what_single_utterances_give(tiny: Tiny, name: str, options: str) -> None:
    network = tiny(name, options).build().eval()
    waveforms, lengths = speech(*LENGTHS)
    with torch.inference_mode():
        together = network(waveforms, lengths)
    assert together.shape == (len(LENGTHS), network.dimension)
    torch.testing.assert_close(
        together, one_at_a_time(network, waveforms, lengths), atol=1e-4, rtol=1e-4
    )
    assert together.std(dim=0).mean() > 1e-3  # utterances differ by more than the tolerance


@pytest.mark.parametrize("name", MODELS)
def test_embedding_a_corpus_gives_what_single_utterances_give(tiny: Tiny, name: str) -> None:
    network = tiny(name).build().eval()
    waveforms, lengths = speech(*LENGTHS)
    parts = [waveforms[i, :n] for i, n in enumerate(lengths)]
    samples = (torch.cat(parts) * 2**15).round().to(torch.int16)
    made = embed(network, Speech(samples, lengths))
    as_read = (waveforms * 2**15).round() / 2**15
    torch.testing.assert_close(made, one_at_a_time(network, as_read, lengths), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_long_speech_is_the_mean_over_its_pieces(tiny: Tiny, name: str) -> None:
    network = tiny(name, "layer=1").build().eval()
    network.normalise = False  # which looks at the whole
    waveforms, lengths = speech(61 * 16_000)
    with torch.inference_mode():
        whole = network(waveforms, lengths)
        pieces = torch.cat([network(part) for part in waveforms.tensor_split(3, dim=1)])
    torch.testing.assert_close(whole, pieces.mean(dim=0, keepdim=True), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_training_draws_nothing_but_dropout(tiny: Tiny, name: str) -> None:
    """Spec-augment and layerdrop are off, and zeros at the end of a crop are padding."""
    network = tiny(name).build()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for attribute in ("dropout", "activation_dropout", "attention_dropout"):
            if isinstance(getattr(module, attribute, None), float):
                setattr(module, attribute, 0.0)
    waveforms, lengths = speech(16_000, 9_000)
    expected = network.eval()(waveforms, lengths)
    torch.testing.assert_close(network.train()(waveforms), expected, atol=1e-4, rtol=1e-4)
