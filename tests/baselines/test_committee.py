from dataclasses import replace

import pytest
import torch
from tests.tasks import small_task, unheard
from torch import Tensor

from xlser.errors import UnknownNameError
from xlser.methods import Task, get_method
from xlser.training import derive, train_source_model
from xlser_baselines.aligned_committee import AlignedCommittee
from xlser_baselines.committee import Committee


@pytest.fixture(scope="module")
def task() -> Task:
    task = small_task("frozen")
    return replace(task, source_model=train_source_model(task))


def answers(task: Task, *members: str) -> Tensor:
    return Committee(members=members).fit(task).predict(unheard("frozen").speech)


def alone(task: Task, name: str, place: int, **settings: object) -> Tensor:
    """What a member answers by itself, under the seed that its place gives it."""
    own = replace(task, seed=derive(task.seed, f"member {place}") >> 32)
    return get_method(name)(**settings).fit(own).predict(unheard("frozen").speech)


def test_the_answer_is_the_mean_of_what_members_answer_alone(task: Task) -> None:
    names = ("svm", "deep-coral", "aligned-linear")
    expected = torch.stack([alone(task, name, i) for i, name in enumerate(names)]).mean(dim=0)
    torch.testing.assert_close(answers(task, *names), expected)


@pytest.mark.parametrize("twin", [False, True])
def test_members_of_an_aligned_one_standardise_each_language_by_itself(
    task: Task, twin: bool
) -> None:
    names = ("deep-coral", "svm", "aligned-linear")  # svm has no twin, aligned-linear no choice
    settings = ({"standardisation": "language", "twin": twin}, {"standardisation": "language"})
    seen = AlignedCommittee(twin=twin).visible(task)
    each = [alone(seen, n, i, **s) for i, (n, s) in enumerate(zip(names, settings, strict=False))]
    each.append(alone(seen, names[2], 2, twin=twin))
    found = AlignedCommittee(members=names, twin=twin).fit(task)
    answer = found.predict(unheard("frozen").speech)
    torch.testing.assert_close(answer, torch.stack(each).mean(dim=0))


def test_a_method_named_twice_is_trained_twice(task: Task) -> None:
    first, second = alone(task, "deep-coral", 0), alone(task, "deep-coral", 1)
    assert not torch.equal(first, second)
    torch.testing.assert_close(answers(task, "deep-coral", "deep-coral"), (first + second) / 2)


def test_progress_goes_once_from_nothing_to_all(task: Task) -> None:
    told: list[float] = []
    heard = replace(task, progress=lambda done, total: told.append(done / total))
    answers(heard, "logistic-regression", "deep-coral", "aligned-linear")
    assert told == sorted(told)
    assert told[-1] == 1
    assert len({round(share, 6) for share in told}) > 5


@pytest.mark.parametrize(
    ("members", "error", "said"),
    [
        ((), ValueError, "needs members"),
        (("svn",), UnknownNameError, "Did you mean 'svm'"),
        (("aggregated-multitask",), ValueError, "needs gender and naturalness"),
    ],
)
def test_members_that_cannot_be_are_named(
    task: Task, members: tuple[str, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        answers(task, *members)
