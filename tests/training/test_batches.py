import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tasks import SHORT, nothing, small_task, with_attributes

from xlser.errors import MethodError
from xlser.methods import Labelled, Speech, Task
from xlser.training import HALF_TARGET, Step
from xlser.training.batches import Batches

PARTS = ("source", "target_labelled", "target_unlabelled")
WHERE = {"source": 0, "target_labelled": 1_000, "target_unlabelled": 2_000}


def numbered(count: int, first: int) -> Labelled:
    """Embeddings that are their utterance's number, which modulo 5 is their emotion."""
    numbers = torch.arange(first, first + count)
    speech = Speech(numbers[:, None].float(), torch.ones(count, dtype=torch.long))
    return Labelled(speech, numbers % 5)


def task_of(source: int, labelled: int, unlabelled: int, batch: int) -> Task:
    """A task whose utterances tell where they are from: see `WHERE`."""
    return small_task(
        "frozen",
        source=numbered(source, WHERE["source"]),
        target_labelled=numbered(labelled, WHERE["target_labelled"]),
        target_unlabelled=numbered(unlabelled, WHERE["target_unlabelled"]).speech,
        schedule=SHORT.model_copy(update={"batch": batch}),
    )


def batches_of(task: Task, shares: dict[str, float] | None = None, seed: int = 0) -> Batches:
    return Batches(task, shares, torch.Generator().manual_seed(seed))


def drawn(step: Step) -> dict[str, list[int]]:
    """The utterances of a batch by part, counted from each part's first."""
    labelled = step.labelled.speech[:, 0].long()
    target = step.labelled.target
    return {
        "source": labelled[~target].tolist(),
        "target_labelled": (labelled[target] - WHERE["target_labelled"]).tolist(),
        "target_unlabelled": (step.unlabelled.speech[:, 0].long() - 2_000).tolist(),
    }


sizes = st.tuples(st.integers(1, 60), st.integers(0, 30), st.integers(0, 60), st.integers(3, 25))


def test_parts_supply_in_proportion_to_their_size() -> None:
    batches = batches_of(task_of(source=40, labelled=10, unlabelled=30, batch=16))
    assert batches.counts == {"source": 8, "target_labelled": 2, "target_unlabelled": 6}
    assert batches.steps == 5


def test_shares_are_honoured_and_parts_not_named_supply_nothing() -> None:
    shares = {"source": 0.5, "target_labelled": 0.5}
    batches = batches_of(task_of(source=40, labelled=2, unlabelled=30, batch=16), shares)
    assert batches.counts == {"source": 8, "target_labelled": 8}
    step = batches.draw(0.0)
    assert step.labelled.target.tolist() == [False] * 8 + [True] * 8
    assert step.unlabelled.speech.shape == (0, 1)


def test_shares_of_an_empty_part_go_to_the_others() -> None:
    shares = {"source": 0.5, "target_labelled": 0.5}
    batches = batches_of(task_of(source=40, labelled=0, unlabelled=30, batch=16), shares)
    assert batches.counts == {"source": 16}


def test_an_epoch_with_shares_is_as_long_as_the_parts_drawn_from() -> None:
    shares = {"source": 0.5, "target_labelled": 0.5}
    assert batches_of(task_of(40, 8, 500, batch=16), shares).steps == 3


@given(sizes)
@settings(max_examples=50, deadline=None)
def test_every_part_that_is_there_is_in_every_batch(case: tuple[int, int, int, int]) -> None:
    task = task_of(*case)
    batches = batches_of(task)
    there = {part: size for part, size in zip(PARTS, case, strict=False) if size}
    for _ in range(3):
        counts = {part: len(ids) for part, ids in drawn(batches.draw(0.0)).items() if ids}
        assert counts == batches.counts
        assert counts.keys() == there.keys()
        assert sum(counts.values()) == max(min(case[3], sum(there.values())), len(there))


@given(sizes, st.integers(0, 2**31))
@settings(max_examples=50, deadline=None)
def test_every_utterance_is_drawn_once_before_any_is_drawn_twice(
    case: tuple[int, int, int, int], seed: int
) -> None:
    batches = batches_of(task_of(*case), seed=seed)
    streams: dict[str, list[int]] = {part: [] for part in PARTS}
    for _ in range(2 * batches.steps + 2):
        for part, ids in drawn(batches.draw(0.0)).items():
            streams[part] += ids
    for part, size in zip(PARTS, case, strict=False):
        for first in range(0, len(streams[part]) - size + 1, max(size, 1)):
            assert sorted(streams[part][first : first + size]) == list(range(size))


def test_one_unlabelled_utterance_among_thousands_is_in_every_batch() -> None:
    batches = batches_of(task_of(source=900, labelled=100, unlabelled=1, batch=10))
    assert all(drawn(batches.draw(0.0))["target_unlabelled"] == [0] for _ in range(5))


def test_every_round_has_an_order_of_its_own() -> None:
    batches = batches_of(task_of(source=50, labelled=0, unlabelled=0, batch=50))
    first, second = drawn(batches.draw(0.0))["source"], drawn(batches.draw(0.0))["source"]
    assert first != second
    assert first != sorted(first)


def test_emotions_belong_to_their_utterances() -> None:
    batches = batches_of(task_of(source=40, labelled=10, unlabelled=30, batch=16))
    for _ in range(10):
        labelled = batches.draw(0.0).labelled
        assert torch.equal(labelled.emotion, labelled.speech[:, 0].long() % 5)


def test_without_unlabelled_speech_the_step_holds_none() -> None:
    task = small_task("finetune", target_unlabelled=nothing("finetune").speech)
    step = batches_of(task).draw(0.25)
    assert step.unlabelled.speech.shape == (0, SHORT.crop, 64)
    assert step.progress == 0.25


def test_crops_have_the_schedules_length() -> None:
    step = batches_of(small_task("finetune")).draw(0.0)
    assert step.labelled.speech.shape[1:] == (SHORT.crop, 64)
    assert step.unlabelled.speech.shape[1:] == (SHORT.crop, 64)


def test_fewer_utterances_than_a_batch_make_a_smaller_batch() -> None:
    batches = batches_of(task_of(source=3, labelled=2, unlabelled=4, batch=100))
    assert batches.counts == {"source": 3, "target_labelled": 2, "target_unlabelled": 4}
    assert batches.steps == 1


@pytest.mark.parametrize("shares", [{"target_labelled": 1.0}, {"target_labelled": 1, "source": 0}])
def test_nothing_to_train_on_is_an_error(shares: dict[str, float]) -> None:
    task = small_task("frozen", target_labelled=nothing("frozen"))
    with pytest.raises(MethodError, match=r"nothing to train on.*target_labelled") as caught:
        batches_of(task, shares)
    assert "least_labels" in caught.value.remedy


def test_a_seed_means_the_same_batches() -> None:
    task = small_task("finetune")
    one, again, other = (batches_of(task, seed=s).draw(0.0) for s in (3, 3, 4))
    assert torch.equal(one.labelled.speech, again.labelled.speech)
    assert torch.equal(one.unlabelled.speech, again.unlabelled.speech)
    assert not torch.equal(one.labelled.speech, other.labelled.speech)


@pytest.mark.parametrize("track", ["finetune", "frozen"])
def test_draws_are_in_the_order_of_the_batches(track: str) -> None:
    # Records depend on it: part by part its utterances, then where their crops begin.
    task = small_task(track)
    batches, generator = batches_of(task, seed=5), torch.Generator().manual_seed(5)
    parts = (task.source.speech, task.target_labelled.speech, task.target_unlabelled)
    waiting = [torch.empty(0, dtype=torch.long)] * 3
    for _ in range(3 * batches.steps):
        step, expected = batches.draw(0.0), []
        for i, (part, count) in enumerate(zip(parts, batches.counts.values(), strict=True)):
            while len(waiting[i]) < count:
                order = torch.randperm(len(part), generator=generator)
                waiting[i] = torch.cat([waiting[i], order])
            index, waiting[i] = waiting[i][:count], waiting[i][count:]
            begins = torch.rand(0 if track == "frozen" else count, generator=generator)
            expected.append(part.crops(index, SHORT.crop, begins))
        assert torch.equal(step.labelled.speech, torch.cat(expected[:2]))
        assert torch.equal(step.unlabelled.speech, expected[2])


def test_an_index_is_a_place_in_its_part() -> None:
    task = task_of(source=40, labelled=10, unlabelled=30, batch=16)
    batches = batches_of(task)
    for _ in range(6):
        step = batches.draw(0.0)
        labelled, target = step.labelled, step.labelled.target
        parts = (
            (task.source.speech, labelled.speech[~target], labelled.index[~target]),
            (task.target_labelled.speech, labelled.speech[target], labelled.index[target]),
            (task.target_unlabelled, step.unlabelled.speech, step.unlabelled.index),
        )
        for whole, speech, index in parts:
            assert index.dtype == torch.int64
            assert torch.equal(whole.features[index], speech)


def numbered_attributes(task: Task) -> Task:
    """The task, its attributes told: some functions of an utterance's number."""
    task = with_attributes(task, ("gender", "naturalness"))
    for speech in (task.source.speech, task.target_labelled.speech, task.target_unlabelled):
        number = speech.features[:, 0].long()
        speech.attributes["gender"].copy_(number % 2)
        speech.attributes["naturalness"].copy_(number // 2 % 2)
    return task


def test_attributes_belong_to_their_utterances() -> None:
    task = numbered_attributes(task_of(source=40, labelled=10, unlabelled=30, batch=16))
    batches = batches_of(task)
    for _ in range(6):
        step = batches.draw(0.0)
        for batch in (step.labelled, step.unlabelled):
            number = batch.speech[:, 0].long()
            assert batch.attributes.keys() == {"gender", "naturalness"}
            assert torch.equal(batch.attributes["gender"], number % 2)
            assert torch.equal(batch.attributes["naturalness"], number // 2 % 2)


def test_attributes_that_are_not_told_are_not_there() -> None:
    step = batches_of(small_task("frozen")).draw(0.0)
    assert step.labelled.attributes == {}
    assert step.unlabelled.attributes == {}


def test_an_attribute_of_no_unlabelled_speech_is_empty() -> None:
    task = with_attributes(
        small_task("finetune", target_unlabelled=nothing("finetune").speech), ("gender",)
    )
    step = batches_of(task).draw(0.0)
    assert step.unlabelled.attributes["gender"].shape == (0,)
    assert len(step.labelled.attributes["gender"]) == len(step.labelled.emotion)


def half_target(labelled: int, unlabelled: int) -> Batches:
    return batches_of(task_of(40, labelled, unlabelled, batch=16), dict(HALF_TARGET))


def test_half_of_a_batch_is_target_speech_and_half_of_that_labelled() -> None:
    expected = {"source": 8, "target_labelled": 4, "target_unlabelled": 4}
    assert half_target(labelled=2, unlabelled=500).counts == expected


def test_half_of_a_batch_is_target_speech_with_or_without_labels() -> None:
    assert half_target(labelled=0, unlabelled=30).counts == {"source": 8, "target_unlabelled": 8}
    assert half_target(labelled=30, unlabelled=0).counts == {"source": 8, "target_labelled": 8}


@pytest.mark.parametrize("shares", [HALF_TARGET, {"source": 1.0, "target_labelled": 0.0}])
def test_drawing_leaves_the_shares_as_they_were(shares: dict[str, float]) -> None:
    before = dict(shares)
    batches_of(task_of(40, 0, 30, batch=16), shares)
    assert shares == before


WANTED_WITHOUT_LABELS = {"source": 0.5, "target_labelled": 0.5, "target_unlabelled": 0.0}


def test_a_share_of_zero_is_drawn_from_only_where_the_other_target_part_is_empty() -> None:
    with_labels = batches_of(task_of(40, 10, 30, batch=16), WANTED_WITHOUT_LABELS)
    assert with_labels.counts == {"source": 8, "target_labelled": 8}
    assert len(with_labels.draw(0.0).unlabelled.index) == 0
    without = batches_of(task_of(40, 0, 30, batch=16), WANTED_WITHOUT_LABELS)
    assert without.counts == {"source": 8, "target_unlabelled": 8}
    assert drawn(without.draw(0.0))["target_labelled"] == []


def test_a_target_part_that_is_not_named_inherits_nothing() -> None:
    shares = {"source": 0.5, "target_labelled": 0.5}
    assert batches_of(task_of(40, 0, 30, batch=16), shares).counts == {"source": 16}


def test_rows_of_the_target_are_the_labelled_ones_and_all_unlabelled_ones() -> None:
    step = half_target(labelled=10, unlabelled=30).draw(0.0)
    assert step.of_target.tolist() == [False] * 8 + [True] * 8
    without = half_target(labelled=0, unlabelled=30).draw(0.0)
    assert without.of_target.tolist() == [False] * 8 + [True] * 8
    all_labelled = half_target(labelled=30, unlabelled=0).draw(0.0)
    assert all_labelled.of_target.tolist() == [False] * 8 + [True] * 8


def test_rows_can_be_told_apart_by_domain() -> None:
    step = half_target(labelled=10, unlabelled=30).draw(0.0)
    source, target = step.by_domain(step.labelled.speech, step.unlabelled.speech)
    assert (source < 1_000).all()
    assert ((target[:4] >= 1_000) & (target[:4] < 2_000)).all()  # labelled ones first
    assert (target[4:] >= 2_000).all()
    # In the order of both together, which methods build on.
    both = torch.cat([step.labelled.speech, step.unlabelled.speech])
    assert torch.equal(torch.cat([source, target]), both)
