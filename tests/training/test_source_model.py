"""The source model: what it depends on, and how methods start from it."""

from dataclasses import replace

from tests.tasks import labelled, nothing, same_weights, small_task
from tests.training.methods import SourceOnly, Supervised, both_tracks, weights_after

from xlser.methods import Track
from xlser.training import GradientMethod, train_source_model


@both_tracks
def test_the_source_model_depends_on_the_source_alone(track: Track) -> None:
    task = small_task(track)
    elsewhere = replace(
        task,
        source_validation=nothing(track),
        target_labelled=labelled(track, 5, seed=77, shift=-2.0),
        target_unlabelled=labelled(track, 3, seed=78, shift=4.0).speech,
    )
    assert same_weights(train_source_model(task), train_source_model(elsewhere))


@both_tracks
def test_the_source_model_follows_its_source_and_its_seed(track: Track) -> None:
    task = small_task(track)
    expected = train_source_model(task)
    others = (replace(task, seed=1), replace(task, source=labelled(track, 8, seed=99)))
    for other in others:
        assert not same_weights(train_source_model(other), expected)


@both_tracks
def test_a_method_of_stage_source_alone_is_the_source_model(track: Track) -> None:
    task = small_task(track)
    source_model = train_source_model(task)
    assert same_weights(weights_after(SourceOnly(), task), source_model)
    shared = replace(task, source_model=source_model)
    assert same_weights(weights_after(SourceOnly(), shared), source_model)


@both_tracks
def test_stage_target_starts_from_the_shared_source_model(track: Track) -> None:
    task = small_task(track)
    shared = replace(task, source_model=train_source_model(task))
    assert same_weights(weights_after(Supervised(), shared), weights_after(Supervised(), task))
    other = replace(task, source_model=train_source_model(replace(task, seed=5)))
    assert not same_weights(weights_after(Supervised(), other), weights_after(Supervised(), task))


def test_training_leaves_the_shared_source_model_alone() -> None:
    task = small_task("frozen")
    shared = train_source_model(task)
    before = {name: value.clone() for name, value in shared.items()}
    Supervised().fit(replace(task, source_model=shared))
    assert same_weights(shared, before)


def test_a_source_model_is_asked_for_where_stage_source_is_gone_through() -> None:
    class TargetOnly(GradientMethod):
        stages = ("target",)

    assert (Supervised.needs_source_model, SourceOnly.needs_source_model) == (True, True)
    assert not TargetOnly.needs_source_model
