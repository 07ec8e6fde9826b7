import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from xlser.methods import Labelled, Speech

BANDS = 3


def ragged(lengths: list[int]) -> Speech:
    """Speech whose every row is different and none is zero: row r holds r + 1."""
    rows = torch.arange(1, sum(lengths) + 1).repeat_interleave(BANDS).reshape(-1, BANDS)
    return Speech(rows.half(), torch.tensor(lengths, dtype=torch.long))


def rows_of(speech: Speech, utterance: int) -> list[int]:
    """The row numbers of one utterance, found with a plain loop."""
    lengths = speech.lengths.tolist()
    first = sum(lengths[:utterance])
    return [row + 1 for row in range(first, first + lengths[utterance])]


def embeddings(count: int = 4) -> Speech:
    return Speech(torch.randn(count, BANDS), torch.ones(count, dtype=torch.long))


def lengths_and_choice(shortest: int) -> st.SearchStrategy[tuple[list[int], list[int]]]:
    """Lengths of utterances, and some of the utterances."""
    return st.lists(st.integers(shortest, 12), min_size=1, max_size=10).flatmap(
        lambda lengths: st.tuples(
            st.just(lengths), st.lists(st.integers(0, len(lengths) - 1), max_size=12)
        )
    )


@given(lengths_and_choice(shortest=0))
def test_indexing_equals_a_plain_loop(case: tuple[list[int], list[int]]) -> None:
    lengths, choice = case
    speech = ragged(lengths)
    chosen = speech[torch.tensor(choice, dtype=torch.long)]
    assert chosen.lengths.tolist() == [lengths[i] for i in choice]
    assert chosen.features[:, 0].tolist() == [row for i in choice for row in rows_of(speech, i)]


def test_indexing_embeddings_takes_rows() -> None:
    speech = embeddings()
    chosen = speech[torch.tensor([2, 0, 2])]
    assert chosen.embedded
    assert torch.equal(chosen.features, speech.features[[2, 0, 2]])


def crops(speech: Speech, index: Tensor, frames: int, seed: int = 0) -> Tensor:
    """Crops that begin anywhere."""
    begins = torch.rand(len(index), generator=torch.Generator().manual_seed(seed))
    return speech.crops(index, frames, begins)


@given(lengths_and_choice(shortest=1), st.integers(1, 15), st.integers(0, 2**31))
def test_a_crop_is_consecutive_rows_of_its_utterance_then_zeros(
    case: tuple[list[int], list[int]], frames: int, seed: int
) -> None:
    lengths, choice = case
    speech = ragged(lengths)
    index = torch.tensor(choice, dtype=torch.long)
    cropped = crops(speech, index, frames, seed)
    assert cropped.shape == (len(choice), frames, BANDS)
    for utterance, crop in zip(choice, cropped[..., 0].int().tolist(), strict=True):
        rows = rows_of(speech, utterance)
        if len(rows) < frames:
            assert crop == rows + [0] * (frames - len(rows))
        else:
            assert crop in [rows[i : i + frames] for i in range(len(rows) - frames + 1)]


def test_every_position_of_a_crop_is_equally_likely() -> None:
    speech, draws = ragged([7, 14]), 8000
    cropped = crops(speech, torch.ones(draws, dtype=torch.long), 5)
    first = cropped[:, 0, 0].long() - 8  # utterance 1 begins at row number 8
    counts = torch.bincount(first, minlength=10)
    assert len(counts) == 14 - 5 + 1
    assert (counts - draws / 10).abs().max() < 5 * (draws * 0.1 * 0.9) ** 0.5


def test_a_crop_begins_where_it_is_told() -> None:
    speech = ragged([7, 14])
    first = speech.crops(torch.tensor([1, 1, 1]), 5, torch.tensor([0.0, 0.55, 0.999]))[:, 0, 0]
    assert (first - 8).tolist() == [0, 5, 9]  # of ten places; utterance 1 begins at row number 8


def test_a_crop_as_long_as_its_utterance_is_the_utterance() -> None:
    speech = ragged([3, 6])
    crop = crops(speech, torch.tensor([1]), 6)
    assert crop[0, :, 0].tolist() == [4, 5, 6, 7, 8, 9]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6))
def test_whole_utterances_are_padded_to_the_longest_of_the_batch(lengths: list[int]) -> None:
    speech = ragged([*lengths, 50])
    batch = speech.whole(torch.arange(len(lengths)))[..., 0].int().tolist()
    for utterance, row in enumerate(batch):
        rows = rows_of(speech, utterance)
        assert row == rows + [0] * (max(lengths) - len(rows))


def test_crops_and_whole_utterances_are_float32_as_networks_want_them() -> None:
    speech, index = ragged([4, 9]), torch.tensor([0, 1])
    assert speech.whole(index).dtype == torch.float32
    assert crops(speech, index, 5).dtype == torch.float32


def test_an_embedding_is_its_own_crop_and_its_own_whole() -> None:
    speech, index = embeddings(), torch.tensor([3, 1])
    assert torch.equal(crops(speech, index, 200), speech.features[index])
    assert torch.equal(speech.whole(index), speech.features[index])


def test_log_mel_frames_are_not_taken_for_embeddings() -> None:
    assert not ragged([1, 1]).embedded
    assert embeddings().embedded


def test_counts_and_offsets_of_ragged_speech() -> None:
    speech = ragged([3, 1, 6])
    assert len(speech) == 3
    assert speech.starts.tolist() == [0, 3, 4]
    assert speech.longest == 6
    assert len(Labelled(speech, torch.tensor([0, 1, 0]))) == 3


def test_no_speech_has_length_zero_and_empty_crops() -> None:
    none = ragged([])
    assert (len(none), none.longest) == (0, 0)
    index = torch.zeros(0, dtype=torch.long)
    assert crops(none, index, 5).shape == (0, 5, BANDS)
    assert len(none[index]) == 0
