import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocols.catalogues import TARGETS, catalogue, cell, corpus_utterances

from xlser.errors import ProtocolError, UnknownNameError
from xlser.protocols import Labels, get_protocol

ROLES = (
    "source_train",
    "source_validation",
    "source_test",
    "target_labelled",
    "target_unlabelled",
    "target_test",
)
Cell = tuple[str, str, int, Labels]


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    name, target, seed = draw(st.sampled_from(TARGETS))
    return name, target, seed, draw(st.sampled_from([*get_protocol(name).budgets, "all"]))


@given(cells())
@settings(max_examples=40, deadline=None)
def test_no_utterance_plays_two_roles(asked: Cell) -> None:
    scenario = cell(*asked)
    ids = [id_ for role in ROLES for id_ in getattr(scenario, role)]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(scenario.emotion)


@given(cells(), st.integers())
@settings(max_examples=25, deadline=None)
def test_a_scenario_does_not_depend_on_the_order_of_the_catalogue(
    asked: Cell, shuffling: int
) -> None:
    name, target, seed, labels = asked
    shuffler = random.Random(shuffling)
    shuffled = {c: shuffler.sample(us, len(us)) for c, us in catalogue(name).items()}
    again = get_protocol(name).scenario(shuffled, target, labels, seed)
    assert again == cell(*asked)
    assert again.digest == cell(*asked).digest


@given(cells(), cells())
@settings(max_examples=40, deadline=None)
def test_digests_are_equal_for_equal_cells_alone(one: Cell, other: Cell) -> None:
    assert (cell(*one).digest == cell(*other).digest) == (one == other)


@pytest.mark.parametrize("name", ["agarla2022", "v1"])
def test_every_budget_and_seed_has_a_digest_of_its_own(name: str) -> None:
    protocol = get_protocol(name)
    cells = [(name, "german", s, k) for s in protocol.seeds for k in (*protocol.budgets, "all")]
    assert len({cell(*each).digest for each in cells}) == len(cells)


def test_the_digest_of_one_cell_is_pinned() -> None:
    assert (
        cell("v1", "german", 0, 100).digest
        == "a146070b407fe0287d1210c44f59c80773c39286e2997a2fba894eb8c9929a97"
    )


@pytest.mark.parametrize(("name", "target", "seed"), TARGETS)
def test_the_order_of_ids_is_not_that_of_their_names(name: str, target: str, seed: int) -> None:
    for ids in orders(name, target, seed):
        assert list(ids) != sorted(ids)


@pytest.mark.parametrize(("name", "target", "seed"), TARGETS)
def test_the_order_of_ids_tells_nothing_of_emotions(name: str, target: str, seed: int) -> None:
    """In a random order neighbours share their emotion as often as any two utterances do."""
    emotion = cell(name, target, seed, "all").emotion
    for ids in orders(name, target, seed):
        emotions = [emotion[id_] for id_ in ids]
        n = len(emotions)
        counts = [emotions.count(c) for c in range(max(emotions) + 1)]
        expected = sum(k * (k - 1) for k in counts) / (n * (n - 1))
        shared = sum(a == b for a, b in pairwise(emotions)) / (n - 1)
        assert abs(shared - expected) < 4 * math.sqrt(expected * (1 - expected) / n)


def orders(name: str, target: str, seed: int) -> list[tuple[str, ...]]:
    """Return the ids of the roles that are shuffled: of the source, if there is one, and target."""
    protocol = get_protocol(name)
    fewest = cell(name, target, seed, protocol.budgets[0] if protocol.budgets else "all")
    of_source = [fewest.source_train, fewest.source_test] if protocol.source_corpora else []
    train = fewest.target_unlabelled or fewest.target_labelled
    return [*of_source, train, fewest.target_test]


def test_an_absent_source_corpus_is_stated() -> None:
    at_hand = {c: us for c, us in catalogue("v1").items() if c != "savee"}
    scenario = get_protocol("v1").scenario(at_hand, "german", 0, 0)
    assert scenario.source_corpora == ("ravdess", "tess")
    assert scenario.absent_corpora == ("savee",)
    assert scenario.digest != cell("v1", "german", 0, 0).digest


def test_a_complete_source_states_no_absent_corpus() -> None:
    scenario = cell("v1", "german", 0, 0)
    assert scenario.source_corpora == ("ravdess", "savee", "tess")
    assert scenario.absent_corpora == ()


@pytest.mark.parametrize("absent", [["emodb"], ["ravdess", "savee", "tess"]])
def test_a_language_without_any_corpus_is_an_error(absent: list[str]) -> None:
    at_hand = {c: us for c, us in catalogue("v1").items() if c not in absent}
    with pytest.raises(ProtocolError, match=f"speech of {', '.join(absent)} is at") as caught:
        get_protocol("v1").scenario(at_hand, "german", 0, 0)
    assert "xlser corpora" in caught.value.remedy


def test_corpora_of_other_languages_are_not_needed() -> None:
    needed = ("ravdess", "savee", "tess", "emodb")
    at_hand = {c: us for c, us in catalogue("v1").items() if c in needed}
    assert get_protocol("v1").scenario(at_hand, "german", 25, 1) == cell("v1", "german", 1, 25)


def test_an_unknown_target_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'german'"):
        cell("v1", "germann", 0, 0)


def test_the_source_language_is_no_target() -> None:
    with pytest.raises(UnknownNameError, match="Known: french, german, italian, persian"):
        cell("v1", "english", 0, 0)


@pytest.mark.parametrize("labels", [-1, 10, 101])
def test_a_budget_the_protocol_lacks_lists_those_it_has(labels: int) -> None:
    with pytest.raises(ProtocolError, match=r"Choose from 0, 25, 50, 100"):
        cell("v1", "german", 0, labels)


@pytest.mark.parametrize("seed", [-1, 3])
def test_a_seed_the_protocol_lacks_lists_those_it_has(seed: int) -> None:
    with pytest.raises(ProtocolError, match=r"Choose from 0, 1, 2"):
        cell("v1", "german", seed, 0)


@pytest.mark.parametrize("target", get_protocol("agarla2022-4").targets)
def test_no_fear_is_in_a_four_class_scenario(target: str) -> None:
    scenario = cell("agarla2022-4", target, 0, 0)
    whole = {corpus: corpus_utterances(corpus) for corpus in catalogue("agarla2022-4")}
    fearful = {u.id for us in whole.values() for u in us if u.emotion == "fear"}
    assert fearful
    assert get_protocol("agarla2022-4").scenario(whole, target, 0, 0) == scenario
    assert not fearful & set(scenario.emotion)
    assert set(scenario.emotion.values()) == {0, 1, 2, 3}


@pytest.mark.parametrize("role", ["source_train", "target_labelled", "target_test"])
def test_an_utterance_left_out_is_missed_in_its_role_and_nowhere_else(role: str) -> None:
    whole = cell("v1", "german", 0, 25)
    left_out = getattr(whole, role)[3]
    at_hand = {c: [u for u in us if u.id != left_out] for c, us in catalogue("v1").items()}
    scenario = get_protocol("v1").scenario(at_hand, "german", 25, 0)
    assert left_out not in scenario.emotion
    for each in ROLES:
        assert getattr(scenario, each) == tuple(i for i in getattr(whole, each) if i != left_out)


def test_class_indices_follow_the_protocols_order_of_classes() -> None:
    scenario = cell("v1", "german", 0, 0)
    emotions = {u.id: u.emotion for us in catalogue("v1").values() for u in us}
    assert all(scenario.classes[c] == emotions[id_] for id_, c in scenario.emotion.items())
