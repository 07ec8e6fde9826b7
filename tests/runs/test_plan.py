from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.costs import grows_linearly, opened
from tests.demo import Demo, request

from xlser.errors import (
    CorpusNotFoundError,
    MethodError,
    ProtocolError,
    UnknownNameError,
    WeightsError,
)
from xlser.methods import get_method
from xlser.protocols import Scenario, Scenarios
from xlser.runs import Plan, make_plan


@pytest.fixture
def demo(demo_cache: Path) -> Demo:
    return Demo(demo_cache)


def cells(plan: Plan) -> list[tuple[str, object, int]]:
    return [(run.method.name, run.scenario.labels, run.scenario.seed) for run in plan.todo]


def test_each_method_runs_at_the_budgets_it_can_use(demo: Demo, tmp_path: Path) -> None:
    plan = demo.plan(request(["lower-bound", "upper-bound", "sft", "svm"]), tmp_path)
    assert cells(plan) == [
        ("lower-bound", 0, 0),
        ("upper-bound", "all", 0),
        ("sft", 20, 0),
        ("svm", 0, 0),
        ("svm", 20, 0),
    ]
    assert plan.skipped == []


def test_no_seeds_asked_for_means_all_of_the_protocol(demo: Demo, tmp_path: Path) -> None:
    plan = demo.plan(request(["lower-bound"], seeds=()), tmp_path)
    assert [seed for _, _, seed in cells(plan)] == [0, 1, 2]


def test_a_method_without_a_usable_budget_is_skipped_with_the_reason(
    demo: Demo, tmp_path: Path
) -> None:
    plan = demo.plan(request(["sft", "lower-bound"], labels=[0]), tmp_path)
    assert cells(plan) == [("lower-bound", 0, 0)]
    assert plan.skipped == ["sft: needs 1 labels or more, not 0"]


def test_a_method_that_does_not_run_on_the_track_is_skipped(demo: Demo, tmp_path: Path) -> None:
    demo = Demo(demo.settings.cache, weights="random")
    asked = request(["svm", "lower-bound"], track="finetune")
    plan = demo.plan(asked, tmp_path, "audiontt-512")
    assert cells(plan) == [("lower-bound", 0, 0)]
    assert plan.skipped == ["svm: does not run on the finetune track"]


def test_standardised_embeddings_are_not_fine_tuned(demo_cache: Path, tmp_path: Path) -> None:
    demo = Demo(demo_cache, weights="random")
    asked = request(["mcc"], settings={"standardisation": "language"}, track="finetune")
    plan = demo.plan(asked, tmp_path, "audiontt-512")
    assert (plan.todo, len(plan.skipped)) == ([], 1)
    assert plan.skipped[0].startswith("mcc: standardisation=language is of embeddings")


def test_a_standardisation_that_a_class_declares_is_in_no_key(demo: Demo, tmp_path: Path) -> None:
    asked = {"methods": ["logistic-regression"], "labels": [20]}
    plain = demo.plan(request(**asked), tmp_path).todo[0]
    named = demo.plan(request(**asked, settings={"standardisation": "labelled"}), tmp_path).todo[0]
    other = demo.plan(request(**asked, settings={"standardisation": "language"}), tmp_path).todo[0]
    assert plain.key == named.key != other.key
    assert "standardisation" not in plain.identity["settings"]
    assert other.identity["settings"]["standardisation"] == "language"


def test_the_lower_bound_cannot_have_the_targets_statistics(demo: Demo, tmp_path: Path) -> None:
    asked = request(["lower-bound"], settings={"standardisation": "language"})
    with pytest.raises(MethodError, match="lower-bound is handed no speech of the target"):
        demo.plan(asked, tmp_path)


@pytest.mark.parametrize(
    ("asked", "error", "hint"),
    [
        (request(["lower-bond"]), UnknownNameError, "lower-bound"),
        (request(["lower-bound"], labels=[7]), ProtocolError, "0, 20"),
        (request(["lower-bound"], seeds=[9]), ProtocolError, "0, 1, 2"),
        (request(["svm"], settings={"penalty": "1"}), MethodError, "inverse_penalties"),
        (request(["svm"], settings={"inverse_penalties": "x"}), MethodError, "inverse_penalties"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_starts(
    demo: Demo, tmp_path: Path, asked: object, error: type[Exception], hint: str
) -> None:
    with pytest.raises(error, match=hint):
        demo.plan(asked, tmp_path)


def test_a_backbone_without_weights_is_not_fine_tuned(demo: Demo, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="--track frozen"):
        demo.plan(request(["lower-bound"], track="finetune"), tmp_path)


def test_a_run_whose_record_exists_is_not_repeated(demo: Demo, tmp_path: Path) -> None:
    asked = request(["lower-bound", "sft"])
    before = demo.plan(asked, tmp_path)
    demo.run(request(["lower-bound"]), tmp_path)
    after = demo.plan(asked, tmp_path)
    assert cells(before) == [("lower-bound", 0, 0), ("sft", 20, 0)]
    assert cells(after) == [("sft", 20, 0)]
    assert [run.method.name for run in after.done] == ["lower-bound"]


def test_planning_opens_each_record_once_and_builds_each_scenario_once(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(["lower-bound", "svm"], seeds=())
    demo.run(asked, tmp_path)
    catalogue, build = demo.catalogue(), Scenarios.of
    built = Counter()

    def scenario(self: Scenarios, *cell: Any) -> Scenario:
        built[cell] += 1
        return build(self, *cell)

    monkeypatch.setattr(Scenarios, "of", scenario)
    with opened(tmp_path, ".json") as times:
        plan = make_plan(asked, catalogue, demo.backbone(), tmp_path)
    assert (len(plan.todo), len(plan.done)) == (0, 9)
    assert times.keys() == {run.path(tmp_path) for run in plan.done}
    assert set(times.values()) == {1}
    assert set(built.values()) == {1}
    assert plan.notes == []


def test_planning_grows_with_the_runs(demo: Demo, tmp_path: Path) -> None:
    svm = get_method("svm")
    catalogue, backbone = demo.catalogue(), demo.backbone()

    def planning(count: int) -> Any:
        kinds = [type("Made", (svm,), {"name": f"made-{i}"}) for i in range(count)]
        asked = request(kinds, seeds=())
        return lambda: make_plan(asked, catalogue, backbone, tmp_path)

    planning(1)()  # what plans share is made once, and kept with the catalogue
    assert grows_linearly(planning)


def test_an_exclusion_that_leaves_nothing_to_test_is_refused(
    demo_cache: Path, tmp_path: Path
) -> None:
    demo = Demo(demo_cache, exclude={"demo-german": ("*",)})
    with pytest.raises(ProtocolError, match="no utterance is left to target_test"):
        demo.plan(request(["lower-bound"]), tmp_path)


def test_a_source_corpus_that_is_named_must_be_there(demo_cache: Path, tmp_path: Path) -> None:
    demo = Demo(demo_cache, corpora={"demo-english": tmp_path / "typo"})
    module = Path(__file__).parents[2] / "benchmark/xlser/corpora/demo/speech/german"
    named = Demo(demo_cache, "v1", corpora={"savee": tmp_path / "typo", "emodb": module})
    with pytest.raises(CorpusNotFoundError, match="typo"):
        named.catalogue(["german"])
    assert demo.catalogue(["german"]).inventories["demo-english"].root != tmp_path / "typo"


def test_the_key_depends_on_all_that_defines_a_run(demo_cache: Path, tmp_path: Path) -> None:
    demo = Demo(demo_cache)
    weightless = Demo(demo_cache, weights="random")
    excluding = Demo(demo_cache, exclude={"demo-german": ("f1-s1-anger",)})
    one = request(["svm"], labels=[20])
    keys = [
        demo.plan(asked, tmp_path).todo[0].key
        for asked in (
            one,
            request(["svm"], labels=[0]),
            request(["svm"], labels=[20], seeds=[1]),
            request(["svm"], ["french"], labels=[20]),
            request(["logistic-regression"], labels=[20]),
            request(["upper-bound"]),
            request(["upper-bound"], precision="bf16"),
        )
    ]
    keys.append(weightless.plan(one, tmp_path, "audiontt-512").todo[0].key)
    keys.append(excluding.plan(one, tmp_path).todo[0].key)
    assert len(set(keys)) == len(keys)
    assert demo.plan(one, tmp_path).todo[0].key == keys[0]


def test_names_of_records_are_short_and_say_what_they_are(demo: Demo, tmp_path: Path) -> None:
    run = demo.plan(request(["sft"]), tmp_path).todo[0]
    path = run.path(tmp_path).relative_to(tmp_path)
    expected = f"german/frozen/logmel-functionals/sft-k20-s0-{run.key[:8]}.json"
    assert path.as_posix() == expected


def test_twins_follow_their_methods_where_they_have_any(demo_cache: Path, tmp_path: Path) -> None:
    asked = replace(request(["mme", "svm"], labels=[20]), twins=True)
    plan = Demo(demo_cache).plan(asked, tmp_path)
    found = [(run.method.name, run.method.settings().get("twin")) for run in plan.todo]
    assert found == [("mme", None), ("mme", True), ("svm", None)]
    twins = replace(asked, settings={"twin": True}, methods=["mme"])
    assert [run.key for run in Demo(demo_cache).plan(twins, tmp_path).todo] == [plan.todo[1].key]
