import ast
from pathlib import Path

import pytest
import torch
from tests.tasks import CLASSES, labelled, nothing, same_weights, small_task, unheard

import xlser_baselines
from xlser.methods import Method, Predictor, Task, Track, get_method
from xlser.training import GradientMethod, train_source_model
from xlser_baselines.lower_bound import LowerBound
from xlser_baselines.sft import SupervisedFineTuning
from xlser_baselines.target_only import TargetOnly
from xlser_baselines.upper_bound import UpperBound

NAMES = ("logistic-regression", "lower-bound", "sft", "svm", "target-only", "upper-bound")
GRADIENT = (LowerBound, SupervisedFineTuning, TargetOnly, UpperBound)


def as_declared(method: type[Method], task: Task) -> Task:
    """Return `task` with just the target labels the method declares to use."""
    track = task.track
    if method.target_labels == "none":
        return small_task(track, target_labelled=nothing(track))
    if method.target_labels == "all":
        every = labelled(track, 8, seed=3, shift=0.3)
        return small_task(track, target_labelled=every, target_unlabelled=nothing(track).speech)
    return task


def fitted(method: type[Method], track: Track) -> Predictor:
    return method().fit(as_declared(method, small_task(track)))


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_method_is_registered_and_cites_its_source(name: str) -> None:
    method = get_method(name)
    assert method.__module__.startswith("xlser_baselines.")
    assert method.citation


@pytest.mark.parametrize("name", NAMES)
def test_on_the_frozen_track_it_learns_what_can_be_learnt(name: str) -> None:
    heard = unheard("frozen")
    probabilities = fitted(get_method(name), "frozen").predict(heard.speech)
    assert probabilities.shape == (len(heard), len(CLASSES))
    assert (probabilities >= 0).all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(len(heard)))
    assert (probabilities.argmax(dim=1) == heard.emotion).float().mean() > 0.6


@pytest.mark.parametrize("method", GRADIENT)
def test_on_the_finetune_track_it_learns_what_can_be_learnt(method: type[Method]) -> None:
    heard = unheard("finetune")
    probabilities = fitted(method, "finetune").predict(heard.speech)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(len(heard)))
    assert (probabilities.argmax(dim=1) == heard.emotion).float().mean() > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_method_runs_on_the_tracks_it_states(name: str) -> None:
    frozen_alone = name in ("logistic-regression", "svm")
    assert get_method(name).tracks == (("frozen",) if frozen_alone else ("finetune", "frozen"))


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("logistic-regression", "few"),
        ("lower-bound", "none"),
        ("sft", "few"),
        ("svm", "few"),
        ("target-only", "all"),
        ("upper-bound", "all"),
    ],
)
def test_a_reference_method_declares_the_target_labels_it_uses(name: str, labels: str) -> None:
    assert get_method(name).target_labels == labels


def weights(method: GradientMethod, task: Task) -> dict[str, torch.Tensor]:
    method.fit(task)
    return method.model.state_dict()


def test_the_lower_bound_is_the_source_model() -> None:
    task = small_task("frozen")
    assert same_weights(weights(LowerBound(), task), train_source_model(task))


def test_target_only_trains_on_nothing_of_the_source() -> None:
    # On the finetune track, where not even the source's mean and deviation are used.
    task = as_declared(TargetOnly, small_task("finetune"))
    other = small_task(
        "finetune",
        source=labelled("finetune", 8, seed=50, shift=3.0),
        target_labelled=task.target_labelled,
        target_unlabelled=task.target_unlabelled,
    )
    assert same_weights(weights(TargetOnly(), task), weights(TargetOnly(), other))


@pytest.mark.parametrize("method", [SupervisedFineTuning, UpperBound])
def test_supervised_methods_use_target_labels(method: type[GradientMethod]) -> None:
    task = as_declared(method, small_task("frozen"))
    relabelled = type(task.target_labelled)(
        task.target_labelled.speech, task.target_labelled.emotion.roll(1)
    )
    other = small_task("frozen", target_labelled=relabelled)
    assert not same_weights(weights(method(), task), weights(method(), other))


def test_sft_is_blind_to_unlabelled_speech() -> None:
    task = small_task("frozen")
    other = small_task("frozen", target_unlabelled=labelled("frozen", 3, seed=60, shift=5.0).speech)
    assert same_weights(
        weights(SupervisedFineTuning(), task), weights(SupervisedFineTuning(), other)
    )


def test_sft_needs_a_label() -> None:
    assert SupervisedFineTuning.least_labels == 1


FILES = sorted(Path(xlser_baselines.__file__).parent.glob("*.py"))


def imported(path: Path) -> set[str]:
    """The modules a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module or "")
            names |= {f"xlser.{a.name}" for a in node.names if node.module == "xlser"}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_of_the_suite_it_imports_methods_and_training_alone(path: Path) -> None:
    of_the_suite = {name for name in imported(path) if name.partition(".")[0] == "xlser"}
    assert of_the_suite <= {"xlser.methods", "xlser.training"}


def test_the_import_check_sees_the_imports() -> None:
    seen = set().union(*map(imported, FILES))
    assert {"xlser.methods", "xlser.training"} <= seen
