from collections import Counter
from itertools import pairwise

import pytest
from tests.protocols.catalogues import TARGETS, cell, corpus_utterances, role_of

from xlser.protocols import get_protocol
from xlser.protocols.rules import labelling_order


@pytest.mark.parametrize(("name", "target", "seed"), TARGETS)
def test_a_smaller_budget_is_the_start_of_a_larger_one(name: str, target: str, seed: int) -> None:
    budgets = sorted(get_protocol(name).budgets)
    labelled = [cell(name, target, seed, k).target_labelled for k in budgets]
    assert [len(ids) for ids in labelled] == budgets
    for smaller, larger in pairwise(labelled):
        assert larger[: len(smaller)] == smaller


@pytest.mark.parametrize(("name", "target", "seed"), TARGETS)
def test_a_budget_is_balanced_within_one_unless_a_class_is_exhausted(
    name: str, target: str, seed: int
) -> None:
    for budget in get_protocol(name).budgets:
        scenario = cell(name, target, seed, budget)
        train = (*scenario.target_labelled, *scenario.target_unlabelled)
        there = Counter(scenario.emotion[id_] for id_ in train)
        chosen = Counter(scenario.emotion[id_] for id_ in scenario.target_labelled)
        most = max(chosen.values(), default=0)
        for emotion in range(len(scenario.classes)):
            assert chosen[emotion] in (most, most - 1) or chosen[emotion] == there[emotion]


@pytest.mark.parametrize(("name", "target", "seed"), TARGETS)
def test_whatever_the_budget_labelled_and_unlabelled_are_the_train_set(
    name: str, target: str, seed: int
) -> None:
    all_of_it = cell(name, target, seed, "all")
    train = set(all_of_it.target_labelled)
    assert all_of_it.target_unlabelled == ()
    for budget in get_protocol(name).budgets:
        scenario = cell(name, target, seed, budget)
        assert len(scenario.target_labelled) + len(scenario.target_unlabelled) == len(train)
        assert {*scenario.target_labelled, *scenario.target_unlabelled} == train


@pytest.mark.parametrize(("name", "target", "seed"), TARGETS)
def test_the_budget_changes_nothing_but_which_train_utterances_are_labelled(
    name: str, target: str, seed: int
) -> None:
    first, *others = (cell(name, target, seed, k) for k in (*get_protocol(name).budgets, "all"))
    for other in others:
        for role in ("source_train", "source_validation", "source_test", "target_test"):
            assert getattr(other, role) == getattr(first, role)


def test_an_exhausted_class_leaves_its_turns_to_the_others() -> None:
    # No budget of a protocol exhausts a class; 400 of ShEMO would: it has 38 fearful utterances.
    v1 = get_protocol("v1")
    train = v1.splits["shemo"][0].train
    shemo = corpus_utterances("shemo")
    order = labelling_order(shemo, train, protocol="v1", seed=0, classes=v1.classes, most=400)
    emotions = {u.name: u.emotion for u in role_of(v1, "shemo", 0, "train")}
    there, chosen = Counter(emotions.values()), Counter(emotions[name] for name in order)
    assert len(order) == len(set(order)) == 400
    assert chosen["fear"] == there["fear"] < 400 // 5
    others = [chosen[emotion] for emotion in v1.classes if chosen[emotion] < there[emotion]]
    assert max(others) - min(others) <= 1
