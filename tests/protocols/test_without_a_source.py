"""A protocol may state no source: methods that use none train on the target's labels alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.demo import Demo, request

import xlser
from xlser.errors import InvalidProtocolError, MethodError
from xlser.methods.declaration import states_its_use_of_the_source
from xlser.methods.registry import get_method
from xlser.protocols import (
    Presentation,
    Protocol,
    Schedule,
    freeze,
    load_manifest,
    published_utterances,
    write_manifest,
)
from xlser.records.store import files, read_runs
from xlser.records.validate import validate

GERMAN = "demo-german"
FOLDS = (("f1", "m1"), ("f2", "m2"), ("f3", "m3"), ("f4", "m4"))


def within(**changes: Any) -> Protocol:
    stated: dict[str, Any] = {
        "name": "within",
        "about": "Within demo-german.",
        "source": (),
        "languages": {"german": (GERMAN,)},
        "seeds": (0, 1),
        "splits": {},
        "fold_speakers": {GERMAN: (FOLDS, FOLDS)},
        "budgets": (),
        "schedule": Schedule(epochs=5, batch=20),
        "presentation": Presentation(backbone="logmel-functionals"),
    }
    return freeze(**{**stated, **changes})


class Within(Demo):
    """The demo's corpus under `within`."""

    def __init__(self, cache: Path, **changes: Any) -> None:
        super().__init__(cache)
        self.protocol = within(**changes)


def test_a_manifest_states_that_there_is_none(tmp_path: Path) -> None:
    write_manifest(within(), tmp_path / "within.json")
    read = load_manifest(tmp_path / "within.json")
    assert read == within()
    assert (read.stated()["sources"], read.source_corpora, read.source_title) == ([], (), "")
    assert read.domains([]) is None


def test_a_fold_trains_on_the_labels_of_the_others() -> None:
    catalogue = {GERMAN: published_utterances(GERMAN)}
    speaker = {u.id: u.speaker for u in catalogue[GERMAN]}
    for fold, tested in enumerate(FOLDS):
        cell = within().scenario(catalogue, "german", "all", 0, fold)
        assert {speaker[id_] for id_ in cell.target_test} == set(tested)
        assert {speaker[id_] for id_ in cell.target_labelled} == set(speaker.values()) - {*tested}
        assert cell.target_unlabelled == cell.source_train == cell.source_test == ()


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (lambda p: p.pop("sources"), "it states no source. State source, or sources"),
        (lambda p: p.update(sources=["english"]), "which languages does not list"),
        (lambda p: p.update(budgets=[0]), "budgets lists 0, and there is no source"),
        (lambda p: p["classes"].append("pride"), "lists 'pride', which no utterance of german has"),
        (lambda p: p.update(languages={}), "languages lists no language. Add a target"),
        (lambda p: p["fold_speakers"][GERMAN][0][0].append("f2"), "speaker f2 is listed twice"),
        (lambda p: p["fold_speakers"][GERMAN][0].pop(), "3 folds are given, not 4"),
    ],
)
def test_rubbish_is_refused(changed: Callable[[dict[str, Any]], object], fault: str) -> None:
    stated = within().stated()
    changed(stated)
    with pytest.raises(InvalidProtocolError) as caught:
        Protocol.model_validate(stated)
    assert fault in f"{caught.value.problem} {caught.value.remedy}"


def test_methods_that_need_a_source_are_skipped_with_the_reason(
    demo_cache: Path, tmp_path: Path
) -> None:
    demo = Within(demo_cache)
    asked = request(["upper-bound", "svm", "target-only"])
    plan = demo.plan(asked, tmp_path)
    assert [(r.method.name, r.scenario.labels, r.fold) for r in plan.todo] == [
        ("target-only", "all", fold) for fold in range(4)
    ]
    assert plan.skipped == [
        "upper-bound: learns from a source, and within has no source",
        "svm: learns from a source, and within has no source",
    ]
    by_source = request(["target-only"], settings={"standardisation": "source"})
    plan = demo.plan(by_source, tmp_path)
    assert (plan.todo, plan.skipped) == (
        [],
        ["target-only: standardises by the source, and within has no source"],
    )


def test_records_are_sound_and_pages_have_no_source(
    demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    found = xlser.run(["target-only"], protocol=within(), seeds=[0], target="german")
    assert not found.failures
    results = tmp_path / "leaderboards" / "within" / "results"
    validation = validate(files(results, ".json"))
    assert (validation.records, [*validation.faults]) == (4, [])
    runs = read_runs(results).frame
    assert runs["score_source_ua"].isna().all()
    assert set(runs["source_corpora"]) == {()}
    assert set(found.frame["role"]) == {"target"}
    page = str(found.leaderboard())
    assert "| target-only † |" in page
    assert "nan" not in page


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"uses_source": "no"}, "uses_source='no'"),
        ({"needs_source_model": True}, "uses_source=False and needs_source_model=True"),
        ({"uses_target": False}, "uses_source=False and uses_target=False"),
    ],
)
def test_unsound_declarations_are_named(facts: dict[str, Any], fault: str) -> None:
    kind = type("Unsound", (get_method("target-only"),), {})
    for name, value in facts.items():
        setattr(kind, name, value)
    with pytest.raises(MethodError) as caught:
        states_its_use_of_the_source(kind)
    assert fault in str(caught.value)
