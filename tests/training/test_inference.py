import pytest
import torch
from tests.tasks import TinyBackbone

from xlser.methods import Speech
from xlser.training import Backbone, EmotionModel, embed
from xlser.training.audiontt import AudioNTT512


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
        # More than one batch's 8000 frames, and one utterance alone longer than that.
        (TinyBackbone, [300, 9_001, 12, 4_000, 5, 7_999, 2_000, 300, 4_001]),
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
    embed(TinyBackbone(), speech_of([5_000] * 3), lambda done, n: calls.append((done, n)))
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
