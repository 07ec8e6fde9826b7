from collections.abc import Iterator

import pytest
import torch
from tests.tasks import TinyBackbone

from xlser.backbones import Backbone
from xlser.backbones.audiontt import AudioNTT512
from xlser.methods import Speech
from xlser.training import EmotionModel, embed


def speech_of(lengths: list[int]) -> Speech:
    rows = torch.randn(sum(lengths), 64, generator=torch.Generator().manual_seed(0))
    return Speech(rows.half(), torch.tensor(lengths, dtype=torch.long))


def one_at_a_time(backbone: torch.nn.Module, speech: Speech) -> torch.Tensor:
    parts = speech.features.float().split(speech.lengths.tolist())
    with torch.inference_mode():
        return torch.cat([backbone(part[None], None) for part in parts])


@pytest.mark.parametrize(
    ("kind", "lengths"),
    [
        # More than one batch's 1500 frames, and one utterance alone longer than that.
        (TinyBackbone, [300, 1_501, 12, 700, 5, 1_500, 400, 300, 701]),
        (AudioNTT512, [61, 5, 33, 8, 90, 1, 47]),
    ],
)
def test_rows_come_in_the_order_of_the_utterances(kind: type[Backbone], lengths: list[int]) -> None:
    torch.manual_seed(0)
    backbone, speech = kind(), speech_of(lengths)
    embeddings = embed(backbone, speech)
    assert embeddings.shape == (len(lengths), kind.dimension)
    torch.testing.assert_close(
        embeddings, one_at_a_time(backbone.eval(), speech), atol=1e-4, rtol=1e-4
    )


def test_embedding_drops_nothing_out() -> None:
    backbone, speech = TinyBackbone().train(), speech_of([20, 30])
    assert torch.equal(embed(backbone, speech), embed(backbone, speech))


def test_progress_ends_with_all_utterances() -> None:
    calls: list[tuple[int, int]] = []
    embed(TinyBackbone(), speech_of([1_000] * 3), lambda done, n: calls.append((done, n)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_embeddings_can_be_trained_on() -> None:
    embeddings = embed(TinyBackbone(), speech_of([20, 30]))
    torch.nn.Linear(8, 2)(embeddings).sum().backward()
    assert not embeddings.is_inference()


def test_an_emotion_model_embeds_like_any_backbone() -> None:
    model = EmotionModel(TinyBackbone(), 8, classes=3)
    speech = speech_of([20, 7, 30])
    expected = one_at_a_time(model.eval(), speech)
    torch.testing.assert_close(embed(model, speech), expected, atol=1e-5, rtol=1e-5)


def test_of_no_utterance_there_are_no_rows() -> None:
    assert embed(TinyBackbone(), speech_of([])).shape == (0, TinyBackbone.dimension)


class Convolutional(TinyBackbone):
    """A convolution and a batch norm that has seen other speech."""

    def __init__(self) -> None:
        super().__init__()
        norm = torch.nn.BatchNorm2d(1)
        for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias):
            torch.nn.init.uniform_(values, 0.5, 2.0)
        self.smooth = torch.nn.Sequential(torch.nn.Conv2d(1, 1, (1, 3), padding=(0, 1)), norm)

    def forward(self, frames: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        return super().forward(self.smooth(frames[:, None]).squeeze(1), lengths)


@pytest.mark.parametrize("kind", [AudioNTT512, Convolutional])
def test_batch_norm_counts_and_is_left_as_it_was(kind: type[Backbone]) -> None:
    torch.manual_seed(0)
    backbone, speech = kind(), speech_of([40, 40])
    modules = dict(backbone.named_modules())
    expected = one_at_a_time(backbone.eval(), speech)
    torch.testing.assert_close(embed(backbone, speech), expected, atol=1e-4, rtol=1e-4)
    assert dict(backbone.named_modules()) == modules
    assert torch.equal(one_at_a_time(backbone, speech), expected)


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_embeddings_do_not_depend_on_the_number_of_threads() -> None:
    torch.manual_seed(0)
    backbone, speech = AudioNTT512(), speech_of([1_200, 900, 601, 300, 44])
    by_two = embed(backbone, speech)
    torch.set_num_threads(1)
    assert torch.equal(by_two, embed(backbone, speech))


@pytest.mark.usefixtures("two_threads")
def test_threads_are_as_many_as_before() -> None:
    embed(TinyBackbone(), speech_of([20, 30]))
    assert torch.get_num_threads() == 2


class Failing(TinyBackbone):
    def forward(self, frames: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        if frames.shape[1] > 1_000:
            raise ValueError("too long")
        return super().forward(frames, lengths)


def test_what_the_network_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="too long"):
        embed(Failing(), speech_of([1_200, 900, 5]))
