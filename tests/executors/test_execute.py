import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.demo import Demo, lasting, request
from torch import Tensor

from xlser.errors import MethodError
from xlser.executors import Events
from xlser.methods import Method, Predictor, Speech, Task
from xlser.methods.calls import check_probabilities
from xlser.records import Record
from xlser.runs.task import make_task

Answer = Callable[[Speech], object]


class Stranger(Method):
    """A method that answers as a test tells it to."""

    name = "stranger"
    target_labels = "none"
    citation = "none"
    answer: Answer

    def fit(self, task: Task) -> Predictor:
        del task
        return self

    def predict(self, speech: Speech) -> Tensor:
        return self.answer(speech)


def uniform(speech: Speech) -> Tensor:
    return torch.full((len(speech), 5), 0.2)


@pytest.fixture
def demo(demo_cache: Path) -> Demo:
    return Demo(demo_cache)


def records(results: Path) -> dict[str, Record]:
    return {path.name: Record.read(path) for path in sorted(results.rglob("*.json"))}


def test_a_record_says_what_ran_on_what(demo: Demo, tmp_path: Path) -> None:
    outcome = demo.run(request(["sft"]), tmp_path)
    (record,) = records(tmp_path).values()
    assert outcome.records == [record]
    assert (record.method.name, record.labels, record.seed) == ("sft", 20, 0)
    assert record.method.package.startswith("xlser ")
    assert record.protocol_digest == demo.protocol.digest
    assert record.backbone.weights == "none"
    assert set(record.corpora) == {"demo-english", "demo-german"}
    assert record.complete
    assert [part.corpus for part in record.of_role("target")] == ["demo-german"]
    assert record.environment.packages["torch"].startswith("2.11")
    assert set(record.seconds) == {"source model", "fit", "predict"}


def test_the_test_speakers_are_those_of_the_protocol(demo: Demo, tmp_path: Path) -> None:
    demo.run(request(["lower-bound"], seeds=[1]), tmp_path)
    (record,) = records(tmp_path).values()
    for part in record.predictions:
        split = demo.protocol.splits[part.corpus][1]
        assert {name.partition("-")[0] for name in part.names} == set(split.test)


@pytest.mark.parametrize("method", ["lower-bound", "sft", "upper-bound", "target-only", "svm"])
def test_the_same_seed_gives_the_same_record_twice(
    demo_cache: Path, tmp_path: Path, method: str
) -> None:
    for place in ("one", "two"):
        # Caches of their own, so that the shared source model is trained twice as well.
        Demo(tmp_path / place / "cache").run(request([method]), tmp_path / place / "results")
    one, two = (records(tmp_path / place / "results") for place in ("one", "two"))
    assert one
    assert {n: lasting(r) for n, r in one.items()} == {n: lasting(r) for n, r in two.items()}


def test_a_run_does_not_depend_on_the_runs_before_it(demo: Demo, tmp_path: Path) -> None:
    demo.run(request(["svm", "target-only", "sft"], seeds=[0, 1]), tmp_path / "many")
    demo.run(request(["sft"], seeds=[1]), tmp_path / "alone")
    ((name, alone),) = records(tmp_path / "alone").items()
    assert lasting(records(tmp_path / "many")[name]) == lasting(alone)


def test_repeats_differ_in_their_draws_alone(demo: Demo, tmp_path: Path) -> None:
    demo.run(request(["sft"], repeats=3), tmp_path / "three")
    demo.run(request(["sft"]), tmp_path / "one")
    made = sorted(records(tmp_path / "three").values(), key=lambda record: record.repeat)
    assert [record.repeat for record in made] == [0, 1, 2]
    assert lasting(made[0]) == lasting(*records(tmp_path / "one").values())
    assert len({record.scenario for record in made}) == 1
    assert len({part.levels for record in made for part in record.of_role("target")}) == 3


def test_a_run_that_fails_does_not_stop_the_others(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Stranger):
        def fit(self, task: Task) -> Predictor:
            raise RuntimeError("no luck")

    told: list[str] = []
    events = Events(failed=lambda run, failure: told.append(f"{run.label}: {failure.message}"))
    outcome = demo.run(request([Broken, "sft"]), tmp_path, events)
    assert [record.method.name for record in outcome.records] == ["sft"]
    said = f"no luck. The method 'stranger' of module {__name__} raised this in fit."
    assert told == [f"german stranger k=0 s=0: RuntimeError: {said}"]
    ((_, trace),) = outcome.failures
    assert "RuntimeError: no luck" in trace
    assert [r.method.name for r in records(tmp_path).values()] == ["sft"]


@pytest.mark.parametrize("ending", [SystemExit(3), KeyError("x")])
def test_whatever_a_method_raises_is_a_failed_run(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    class Ending(Stranger):
        def fit(self, task: Task) -> Predictor:
            raise ending

    outcome = demo.run(request([Ending, "sft"]), tmp_path)
    assert len(outcome.failures) == len(outcome.records) == 1


def test_a_fit_that_returns_nothing_is_told_so(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(Stranger):
        def fit(self, task: Task) -> Predictor:
            return None

    ((_, trace),) = demo.run(request([Forgetful]), tmp_path).failures
    assert "MethodError" in trace
    assert "fit returned NoneType" in trace


def test_a_method_finds_the_global_generators_seeded_the_same(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[float, float, float]] = []

    class Drawing(Stranger):
        def fit(self, task: Task) -> Predictor:
            drawn.append((random.random(), np.random.rand(), torch.rand(()).item()))
            return self

        def predict(self, speech: Speech) -> Tensor:
            return uniform(speech)

    demo.run(request([Drawing], seeds=[0, 1]), tmp_path / "a")
    demo.run(request([Drawing], seeds=[1]), tmp_path / "b")
    assert drawn[1] == drawn[2]
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (lambda speech: torch.ones(len(speech), 4) / 4, "shape"),
        (lambda speech: torch.ones(len(speech) - 1, 5) / 5, "shape"),
        (lambda speech: torch.full((len(speech), 5), torch.nan), "not finite"),
        (lambda speech: torch.ones(len(speech), 5), "summing to 1"),
        (lambda speech: torch.tensor([[1.5, -0.5, 0, 0, 0]]).repeat(len(speech), 1), "not prob"),
        (lambda speech: [0.2] * 5, "list"),
    ],
)
def test_answers_that_are_no_probabilities_are_refused(answer: Answer, fault: str) -> None:
    speech = Speech(torch.zeros(6, 3), torch.ones(6, dtype=torch.long))
    with pytest.raises(MethodError, match=fault):
        check_probabilities(answer(speech), Stranger(), 6, ("A", "F", "H", "N", "S"))


def test_a_method_is_handed_the_speech_and_labels_it_declares_and_no_others(
    demo: Demo, tmp_path: Path
) -> None:
    inputs = demo.inputs()
    sizes = {}
    for run in demo.plan(request(["lower-bound", "sft", "upper-bound"]), tmp_path).todo:
        task = make_task(run, inputs, torch.device("cpu"))
        sizes[run.method.name] = (len(task.target_labelled), len(task.target_unlabelled))
    train = sum(sizes["upper-bound"])
    assert sizes == {
        "lower-bound": (0, 0),
        "sft": (20, train - 20),
        "upper-bound": (train, 0),
    }


def test_an_excluded_utterance_is_stated_and_makes_the_run_partial(
    demo_cache: Path, tmp_path: Path
) -> None:
    demo = Demo(demo_cache, exclude={"demo-german": ("m1-s1-*",)})
    demo.run(request(["lower-bound"]), tmp_path)
    (record,) = records(tmp_path).values()
    assert len(record.excluded["demo-german"]) == 5
    assert not record.complete
    named = {name for part in record.predictions for name in part.names}
    assert not named & set(record.excluded["demo-german"])


def test_the_source_model_is_trained_once_for_all_methods_and_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = __import__("xlser.runs.source_models", fromlist=["train_source_model"])
    trained, real = [], module.train_source_model
    monkeypatch.setattr(
        module, "train_source_model", lambda task: trained.append(task.seed) or real(task)
    )
    demo = Demo(tmp_path / "cache")
    asked = request(["lower-bound", "sft", "upper-bound"], ["german", "french"], seeds=[0, 1])
    outcome = demo.run(asked, tmp_path / "results")
    assert len(outcome.records) == 12
    assert sorted(trained) == [0, 1]


def test_a_truncated_source_model_is_trained_anew(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "cache")
    first = demo.run(request(["lower-bound"]), tmp_path / "a").records
    kept = (tmp_path / "cache/source-models").glob("*.safetensors")
    (model,) = (path for path in kept if "-answers-" not in path.name)
    model.write_bytes(model.read_bytes()[:1000])
    second = demo.run(request(["lower-bound"]), tmp_path / "b").records
    assert [lasting(r) for r in first] == [lasting(r) for r in second]
