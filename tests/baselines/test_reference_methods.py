import ast
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from tests.baselines.steps import gradients, loss_of, ready, step_of, without_unlabelled
from tests.tasks import (
    CLASSES,
    SHORT,
    labelled,
    nothing,
    same_weights,
    small_task,
    task_for,
    unheard,
)
from torch import Tensor

import xlser_baselines
from xlser import registry
from xlser.errors import MethodError
from xlser.methods import Method, Task, Track, get_method, method_names
from xlser.training import GradientMethod, train_source_model
from xlser_baselines.lower_bound import LowerBound
from xlser_baselines.sft import SupervisedFineTuning
from xlser_baselines.target_only import TargetOnly
from xlser_baselines.upper_bound import UpperBound

NAMES = [n for n in method_names() if registry.package_of("xlser.methods", n).startswith("xlser ")]
GRADIENT = [n for n in NAMES if issubclass(get_method(n), GradientMethod)]
OF_FEW_LABELS = [n for n in GRADIENT if get_method(n).target_labels == "few"]

LABELS = {
    "adabn": "none",
    "joint-upper-bound": "all",
    "lower-bound": "none",
    "target-only": "all",
    "tent": "none",
    "upper-bound": "all",
}  # the others: "few"
LEAST_LABELS = {"sft": 1}  # the others: 0
LANGUAGE = ("bbse", "em-prior", "knn", "label-propagation", "otda", "prototypes")
OURS = ("aligned-committee", "aligned-linear", "committee")
FROZEN = (*OURS, "logistic-regression", "svm", *LANGUAGE)
CLASSICAL = ("knn", "logistic-regression", "svm")
NO_TWIN = ("joint-upper-bound", "lower-bound", "sft", "target-only", "upper-bound", *CLASSICAL)
TRACKS = dict.fromkeys(FROZEN, ("frozen",))  # the others: both
ATTRIBUTES = {"aggregated-multitask": ("gender", "naturalness")}  # the others: none

SETTINGS = {
    "adamatch": {"tau": 0.9, "window": 128, "half_life": 0.007},
    "aggregated-multitask": {"weight": 0.3},
    "aligned-committee": {"members": ("mean-teacher", "softmatch", "deep-coral", "svm")},
    "aligned-linear": {"penalty": 0.1, "shrinkage": 0.5, "relevance": 20.0},
    "bbse": {"penalty": 0.1},
    "cada": {"tau": 0.9, "weight": 1.0},
    "cdac": {
        "temperature": 0.05,
        "largest": 5,
        "tau": 0.95,
        "consistency": 30.0,
        "warm_up": 0.4,
    },
    "committee": {"members": ("logistic-regression", "aligned-linear", "deep-coral", "fluda")},
    "dan": {"weight": 1.0},
    "deepjdot": {"alpha": 0.01, "answers": 1.0, "blur": 0.05, "rounds": 50},
    "deep-coral": {"weight": 1.0},
    "em-prior": {"penalty": 0.1, "rounds": 1000},
    "ent": {"weight": 0.1},
    "fixmatch": {"tau": 0.95},
    "flexmatch": {"tau": 0.95},
    "fluda": {"shots": 5},
    "freematch": {"half_life": 0.007, "fairness": 0.001},
    "gan-adaptation": {"critic_steps": 5, "penalty": 10.0, "weight": 1.0},
    "hard-pseudo-labels": {"tau": 0.5},
    "knn": {"neighbours": 20, "temperature": 0.07},
    "label-propagation": {"neighbours": 10, "alpha": 0.2},
    "language-dann": {"batch_norm": "per-domain"},
    "logistic-regression": {"inverse_penalties": (0.0001, 0.001, 0.01, 0.1)},
    "mcc": {"temperature": 2.5},
    "mean-teacher": {"decay": 0.999, "weight": 50.0, "warm_up": 0.4},
    "mixmatch": {"temperature": 0.5, "alpha": 0.5, "weight": 10.0, "warm_up": 0.4},
    "mme": {"weight": 0.1, "temperature": 0.05},
    "nnpm": {
        "similarity": 0.6,
        "neighbours": 10,
        "momentum": 0.5,
        "hardest": 0.01,
        "pull": 5.0,
        "weight": 1.0,
    },
    "otda": {"blur": 0.02, "rounds": 100, "penalty": 0.1},
    "prototypes": {"temperature": 0.1, "rounds": 1},
    "shot": {"weight": 0.3},
    "soft-pseudo-labels": {"lambda_a": 0.8, "lambda_h": 0.4, "prior": "uniform"},
    "softmatch": {"half_life": 0.007, "n": 2.0},
    "svm": {"inverse_penalties": (0.1, 1.0, 10.0)},
    "tent": {"updates": 50},
    "triple-attentive-asymmetric": {"tau": 0.9, "difference": 0.01, "centre": 0.003},
}  # the others have none
STANDARDISED = {
    "aligned-committee": None,  # its members do
    "aligned-linear": None,  # does it by itself
    "committee": None,  # as its members do
    "logistic-regression": "labelled",
    "svm": "labelled",
    "target-only": "language",
    **dict.fromkeys(LANGUAGE, "language"),
}  # the others: by the source

CASES = [
    (name, track, budget)
    for name in NAMES
    for track in get_method(name).tracks
    for budget in ("labels", "no labels")
    if budget == "labels" or (get_method(name).target_labels == "few" and name not in LEAST_LABELS)
]


@cache
def source_model(track: Track) -> Mapping[str, Tensor]:
    """The shared model of stage 1, trained long enough to be of use."""
    longer = SHORT.model_copy(update={"epochs": 16})
    return train_source_model(small_task(track, schedule=longer))


def task_of(name: str, track: Track, budget: str) -> Task:
    """The task of a case; FLUDA, whose metric module starts from nothing, needs more epochs."""
    changes = {"target_labelled": nothing(track)} if budget == "no labels" else {}
    longer = {"epochs": 20, "learning_rate": 4e-3} if name == "fluda" else {}
    return task_for(
        get_method(name),
        track,
        schedule=SHORT.model_copy(update=longer),
        source_model=source_model(track),
        **changes,
    )


def answers(method: Method, task: Task) -> Tensor:
    """Fit and return the answers to utterances that are in no task."""
    return method.fit(task).predict(unheard(task.track).speech)


@cache
def fitted(name: str, track: Track, budget: str) -> Tensor:
    return answers(get_method(name)(), task_of(name, track, budget))


def test_there_are_44_reference_methods() -> None:
    assert len(NAMES) == 44
    assert len(GRADIENT) == 33
    for known in (LABELS, LEAST_LABELS, TRACKS, ATTRIBUTES, SETTINGS, STANDARDISED):
        assert known.keys() <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_method_is_registered_and_cites_its_source(name: str) -> None:
    method = get_method(name)
    assert method.__module__ == f"xlser_baselines.{name.replace('-', '_')}"
    assert method.citation


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_method_declares_what_it_is_handed(name: str) -> None:
    method = get_method(name)
    assert method.target_labels == LABELS.get(name, "few")
    assert method.least_labels == LEAST_LABELS.get(name, 0)
    assert method.tracks == TRACKS.get(name, ("finetune", "frozen"))
    assert method.attributes == ATTRIBUTES.get(name, ())


@pytest.mark.parametrize("name", NAMES)
def test_its_settings_begin_as_published(name: str) -> None:
    settings = get_method(name).default_settings()
    assert settings.pop("standardisation", None) == STANDARDISED.get(name, "source")
    assert settings.pop("twin", None) == (None if name in NO_TWIN else False)
    assert settings.pop("keep", None) == ("last" if name in GRADIENT else None)
    assert settings == SETTINGS.get(name, {})


@pytest.mark.parametrize("name", NAMES)
def test_records_state_a_standardisation_that_is_not_the_declared_one(name: str) -> None:
    """Records of before there was a choice have none: their rows and keys stay as they are."""
    method = get_method(name)
    assert "standardisation" not in method().settings()
    if STANDARDISED.get(name, "source") is not None:
        changed = method(standardisation="none")
        assert changed.settings()["standardisation"] == "none"
        assert changed.changed_settings() == ("standardisation",)


def test_the_lower_bound_has_no_statistics_of_the_target() -> None:
    for by in ("language", "speaker"):
        with pytest.raises(MethodError, match="lower-bound is handed no speech of the target"):
            get_method("lower-bound")(standardisation=by)


@pytest.mark.parametrize(("name", "track", "budget"), CASES)
def test_it_learns_what_can_be_learnt(name: str, track: Track, budget: str) -> None:
    heard, probabilities = unheard(track), fitted(name, track, budget)
    assert probabilities.shape == (len(heard), len(CLASSES))
    assert (probabilities >= 0).all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(len(heard)))
    # One in five would be chance.
    assert (probabilities.argmax(dim=1) == heard.emotion).float().mean() > 0.55


@pytest.mark.parametrize(("name", "track", "budget"), CASES)
def test_fitted_again_it_answers_the_same(name: str, track: Track, budget: str) -> None:
    one_epoch = SHORT.model_copy(update={"epochs": 1})
    task = replace(task_of(name, track, budget), schedule=one_epoch)
    method = get_method(name)()
    torch.manual_seed(1)
    before = answers(method, task)
    torch.manual_seed(2)  # what others drew does not matter, nor does the fit before
    assert torch.equal(answers(method, task), before)


@pytest.mark.parametrize("name", GRADIENT)
def test_it_trains_in_bfloat16(name: str) -> None:
    method = get_method(name)()
    one_epoch = SHORT.model_copy(update={"epochs": 1})
    task = replace(task_of(name, "finetune", "labels"), precision="bf16", schedule=one_epoch)
    probabilities = answers(method, task)
    assert torch.isfinite(probabilities).all()
    assert probabilities.dtype == torch.float32
    trained = [part for part in vars(method).values() if isinstance(part, torch.nn.Module)]
    assert all(p.dtype == torch.float32 for module in trained for p in module.parameters())


@pytest.mark.parametrize("name", OF_FEW_LABELS)
def test_its_loss_is_finite_without_unlabelled_speech(name: str) -> None:
    method = get_method(name)()
    step = without_unlabelled(step_of(method, ready(method)))
    assert torch.isfinite(loss_of(method, step))
    assert all(torch.isfinite(g).all() for g in gradients(method, step).values())


@pytest.mark.parametrize("name", [n for n in OF_FEW_LABELS if n != "sft"])
def test_unlabelled_speech_matters_to_it(name: str) -> None:
    budget = "no labels" if name == "cada" else "labels"  # CADA hears it only without labels
    task = task_of(name, "frozen", budget)
    task.target_unlabelled.features.add_(1.0)
    assert not torch.equal(answers(get_method(name)(), task), fitted(name, "frozen", budget))


def weights(method: GradientMethod, task: Task) -> dict[str, Tensor]:
    method.fit(task)
    return method.model.state_dict()


def test_the_lower_bound_is_the_source_model() -> None:
    task = small_task("frozen")
    assert same_weights(weights(LowerBound(), task), train_source_model(task))


def test_target_only_trains_on_nothing_of_the_source() -> None:
    # On the finetune track, where not even the source's mean and deviation are used.
    task = task_for(TargetOnly, "finetune")
    other = small_task(
        "finetune",
        source=labelled("finetune", 8, seed=50, shift=3.0),
        target_labelled=task.target_labelled,
        target_unlabelled=task.target_unlabelled,
    )
    assert same_weights(weights(TargetOnly(), task), weights(TargetOnly(), other))


@pytest.mark.parametrize("method", [SupervisedFineTuning, UpperBound])
def test_supervised_methods_use_target_labels(method: type[GradientMethod]) -> None:
    task = task_for(method, "frozen")
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


@pytest.mark.parametrize("name", ["soft-pseudo-labels", "triple-attentive-asymmetric"])
def test_it_trains_where_every_target_utterance_is_labelled(name: str) -> None:
    method = get_method(name)
    task = task_for(method, "finetune", target_unlabelled=nothing("finetune").speech)
    assert torch.isfinite(method().fit(task).predict(unheard("finetune").speech)).all()


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
