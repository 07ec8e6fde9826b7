"""Properties of every protocol, and of protocols frozen from random corpora."""

from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xlser import registry
from xlser.corpora import TableCorpus, Utterance, add_corpus
from xlser.protocols import Protocol, Recipe, get_protocol, protocol_names, published_utterances
from xlser.protocols.rules import kfold_speakers
from xlser.settings import Settings
from xlser.system.files import digest_json

CLASSES = ("anger", "happiness", "neutral", "sadness")
FOLDED = [name for name in protocol_names() if get_protocol(name).folds > 1]


def speech(protocol: Protocol) -> dict[str, list[Utterance]]:
    corpora = [corpus for of in protocol.languages.values() for corpus in of]
    return {c: published_utterances(c, protocol.read_emotions(c)) for c in corpora}


def require_sound(protocol: Protocol) -> None:
    """Require what every protocol with folds promises, over all its scenarios."""
    catalogue = speech(protocol)
    speaker = {u.id: u.speaker for of in catalogue.values() for u in of}
    for target in protocol.targets:
        classes = protocol.classes_of(target)
        everybody = [
            u.id
            for corpus in protocol.languages[target]
            for u in catalogue[corpus]
            if protocol.emotion_of(corpus, u.emotion) in classes
        ]
        sources = set()
        for seed in protocol.seeds:
            tested: list[str] = []
            draws = []
            for fold in range(protocol.folds):
                by_budget = [
                    protocol.scenario(catalogue, target, k, seed, fold)
                    for k in protocol.budgets or ("all",)
                ]
                last = by_budget[-1]
                trained = {speaker[i] for i in last.target_labelled + last.target_unlabelled}
                assert not trained & {speaker[i] for i in last.target_test}
                train = {*last.target_labelled, *last.target_unlabelled}
                assert train | set(last.target_test) == set(everybody)
                for smaller, larger in pairwise(by_budget):
                    count = len(smaller.target_labelled)
                    assert larger.target_labelled[:count] == smaller.target_labelled
                due = list(protocol.budgets) or [len(train)]
                assert [len(s.target_labelled) for s in by_budget] == due
                assert last.classes == classes
                assert set(last.emotion.values()) <= set(range(len(classes)))
                roles = ("source_train", "source_validation", "source_test")
                source = {role: getattr(last, role) for role in roles}
                speakers = [{(i.split("/")[0], speaker[i]) for i in ids} for ids in source.values()]
                assert sum(map(len, speakers)) == len(set.union(*speakers))
                assert all(source.values()) or not protocol.source_corpora
                sources.add((seed, digest_json(source)))
                tested += last.target_test
                draws.append(last.target_labelled)
            assert sorted(tested) == sorted(everybody)
            if max(protocol.budgets, default=0):
                assert len(set(draws)) == len(draws)
        assert len(sources) == len(protocol.seeds)


@pytest.mark.parametrize("name", FOLDED)
def test_registered_protocols_with_folds_are_sound(name: str) -> None:
    require_sound(get_protocol(name))


@pytest.mark.parametrize("name", FOLDED)
def test_folds_differ_by_one_speaker_and_hardly_in_classes_and_gender(name: str) -> None:
    protocol = get_protocol(name)
    for target in protocol.targets:
        for corpus in protocol.languages[target]:
            known = published_utterances(corpus, protocol.read_emotions(corpus))
            for divided in protocol.fold_speakers[corpus]:
                sizes = [len(group) for group in divided]
                assert max(sizes) - min(sizes) <= 1
                if len(known) / sum(sizes) > 20 or sum(sizes) < 30:
                    continue  # of few speakers no division is even
                for group in divided:
                    counts = Counter(
                        protocol.emotion_of(corpus, u.emotion) for u in known if u.speaker in group
                    )
                    share = len([u for u in known if u.speaker in group]) / len(known)
                    assert abs(share - 1 / protocol.folds) < 0.05
                    assert set(counts) >= set(protocol.classes_of(target))


def test_v2_has_ten_targets_in_nine_folds_each() -> None:
    v2 = get_protocol("v2")
    assert (v2.version, v2.folds, v2.seeds) == (1, 3, (0, 1, 2))
    assert v2.source_corpora == ("ravdess", "savee", "tess", "cremad")
    assert len(v2.targets) == 10
    assert {t: len(v2.classes_of(t)) for t in ("german", "bengali", "urdu", "turkish")} == {
        "german": 5, "bengali": 4, "urdu": 4, "turkish": 4,
    }  # fmt: skip
    assert v2.headline_budgets == (25, 50, 100)
    assert (v2.schedule.steps, v2.schedule.batches_an_epoch(70)) == (400, 20)
    assert any("ASED" in note for note in v2.presentation.notes)


def test_seeds_divide_the_speakers_anew() -> None:
    v2 = get_protocol("v2")
    for corpus, of_seeds in v2.fold_speakers.items():
        divisions = {frozenset(map(frozenset, groups)) for groups in of_seeds}
        assert len(divisions) == len(v2.seeds), corpus


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """A table of 3 to 12 speakers who say a random number of utterances of each class."""
    speakers = draw(st.integers(3, 12))
    counts = draw(
        st.lists(
            st.lists(st.integers(1, 6), min_size=4, max_size=4),
            min_size=speakers,
            max_size=speakers,
        )
    )
    genders = draw(st.lists(st.sampled_from("fmu"), min_size=speakers, max_size=speakers))
    return pd.DataFrame(
        [
            {
                "path": f"{speaker}-{emotion}-{i}.wav",
                "speaker": f"s{speaker}",
                "gender": genders[speaker],
                "emotion": emotion,
            }
            for speaker, of_speaker in enumerate(counts)
            for emotion, count in zip(CLASSES, of_speaker, strict=True)
            for i in range(count)
        ]
    )


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Corpora of a test are known to it alone."""
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    greek=tables(),
    arabic=tables(),
    folds=st.integers(2, 3),
    rule=st.sampled_from(["balanced", "random"]),
)
def test_protocols_frozen_from_random_corpora_are_sound(
    greek: pd.DataFrame, arabic: pd.DataFrame, folds: int, rule: str
) -> None:
    for name, table in (("random-greek", greek), ("random-arabic", arabic)):
        language = name.partition("-")[2]
        add_corpus(TableCorpus(name, table, folder=".", language=language))
    stated = {
        "name": "random",
        "sources": ["demo-english"],
        "targets": ["random-greek", "random-arabic"],
        "classes": CLASSES,
        "seeds": 2,
        "folds": folds,
        "labelling": rule,
    }
    where = Settings(cache=".")
    protocol = Recipe.of(stated).freeze(where)
    assert protocol.digest == Recipe.of(stated).freeze(where).digest
    assert set(protocol.utterances) == {"random-greek", "random-arabic"}
    require_sound(protocol)


def test_folds_do_not_depend_on_the_order_of_utterances() -> None:
    known = published_utterances("emodb")
    how = {"protocol": "p", "seeds": (0, 1), "folds": 3, "classes": get_protocol("v1").classes}
    assert kfold_speakers(known, **how) == kfold_speakers(known[::-1], **how)
