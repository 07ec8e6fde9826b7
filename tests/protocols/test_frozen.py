"""Properties of protocols that each rule freezes from random corpora."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from xlser import registry
from xlser.corpora import TableCorpus, add_corpus
from xlser.protocols import (
    Protocol,
    Recipe,
    load_manifest,
    published_utterances,
    write_manifest,
)
from xlser.protocols.rules.partition import imbalance
from xlser.protocols.rules.profiles import profiles
from xlser.settings import Settings

CLASSES = ("anger", "fear", "happiness", "neutral", "sadness")
WHERE = Settings(cache=Path())
RANDOM = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Corpora of a test are known to it alone."""
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """A table of 3 to 8 speakers, of any genders, who lack up to two of the five classes."""
    speakers = draw(st.integers(3, 8))
    lacking = draw(st.sets(st.sampled_from(CLASSES), max_size=2))
    classes = [c for c in CLASSES if c not in lacking]
    rows = []
    for speaker in range(speakers):
        gender = draw(st.sampled_from(["f", "m", "", "γυναίκα"]))
        role = ("train", "test", "dev")[speaker] if speaker < 3 else draw(
            st.sampled_from(["train", "test", "dev"])
        )  # fmt: skip
        for emotion in classes:
            for number in range(draw(st.integers(1, 5))):
                path = f"ψ {speaker}/{emotion}/{number}.wav"
                rows.append((path, f"ψ{speaker}", gender, emotion, role))
    shuffled = draw(st.permutations(rows))
    return pd.DataFrame(shuffled, columns=["path", "speaker", "gender", "emotion", "split"])


def known_as(name: str, table: pd.DataFrame) -> None:
    add_corpus(TableCorpus(name, table, folder=".", language=name.partition("-")[2]))


def frozen(table: pd.DataFrame, **stated: object) -> Protocol:
    known_as("random-greek", table)
    recipe = {"name": "random", "sources": ["demo-english"], "targets": ["random-greek"], **stated}
    return Recipe.of(recipe).freeze(WHERE)


def require_sound(protocol: Protocol) -> None:
    """Require disjoint speakers, nested budgets, and draws within the train speech."""
    catalogue = {
        corpus: published_utterances(corpus, protocol.read_emotions(corpus))
        for corpora in protocol.languages.values()
        for corpus in corpora
    }
    speaker = {u.id: (u.corpus, u.speaker) for of in catalogue.values() for u in of}
    for target in protocol.targets:
        for seed, fold in protocol.cells:
            cells = [protocol.scenario(catalogue, target, k, seed, fold) for k in protocol.budgets]
            for cell in cells:
                train = {*cell.target_labelled, *cell.target_unlabelled}
                roles = (train, cell.target_test, cell.source_train, cell.source_validation)
                people = [{speaker[i] for i in ids} for ids in (*roles, cell.source_test)]
                assert all(not a & b for a, b in combinations(people, 2))
                assert train
                assert cell.target_test
                assert cell.source_train
                assert len(cell.target_labelled) == len(set(cell.target_labelled))
            for smaller, larger in pairwise(cells):
                count = len(smaller.target_labelled)
                assert larger.target_labelled[:count] == smaller.target_labelled
                assert larger.target_test == smaller.target_test
                assert larger.source_train == smaller.source_train
            assert [len(cell.target_labelled) for cell in cells] == list(protocol.budgets)


@RANDOM
@given(tables(), st.sampled_from(["kfold", "rotating", "fixed"]), st.integers(1, 3))
def test_whatever_the_rule_speakers_are_disjoint_and_budgets_nested(
    table: pd.DataFrame, rule: str, seeds: int
) -> None:
    protocol = frozen(table, rule=rule, seeds=seeds)
    require_sound(protocol)
    there = tuple(c for c in CLASSES if c in set(table["emotion"]))
    assert protocol.classes_of("greek") == there
    assert protocol.budgets[0] == 0
    assert len(protocol.budgets) > 1


@RANDOM
@given(
    table=tables(),
    rule=st.sampled_from(["kfold", "rotating", "fixed"]),
    order=st.integers(0, 2**31 - 1),
)
def test_a_digest_depends_on_what_the_table_states_and_not_on_its_order(
    table: pd.DataFrame, rule: str, order: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    protocol = frozen(table, rule=rule, seeds=2)
    again = table.sample(frac=1, random_state=order)
    assert frozen(again, rule=rule, seeds=2).digest == protocol.digest
    path = tmp_path_factory.mktemp("manifest") / "random.json"
    write_manifest(protocol, path)
    assert load_manifest(path) == protocol
    write_manifest(load_manifest(path), path.with_name("again.json"))
    assert path.with_name("again.json").read_bytes() == path.read_bytes()
    other = table.assign(speaker=[f"{s}x" for s in table["speaker"]])
    assert frozen(other, rule=rule, seeds=2).digest != protocol.digest


@RANDOM
@given(tables(), st.integers(2, 3), st.integers(1, 3))
def test_folds_test_every_speaker_once_a_seed_and_are_about_as_even_as_can_be(
    table: pd.DataFrame, folds: int, seeds: int
) -> None:
    protocol = frozen(table, folds=folds, seeds=seeds)
    utterances = published_utterances("random-greek", protocol.classes)
    of = profiles(utterances, protocol.classes_of("greek"))
    least = min(imbalance(groups, of) for groups in divisions(sorted(of), folds))
    for divided in protocol.fold_speakers["random-greek"]:
        assert sorted(s for group in divided for s in group) == sorted(of)
        sizes = [len(group) for group in divided]
        assert max(sizes) - min(sizes) <= 1
        assert imbalance(divided, of) <= 2 * least


def divisions(speakers: Sequence[str], folds: int) -> Iterator[list[list[str]]]:
    """Yield every division of speakers into groups that differ by one speaker at most."""
    if folds == 1:
        yield [list(speakers)]
        return
    first, *others = speakers
    for size in {len(speakers) // folds, -(-len(speakers) // folds)}:
        for chosen in combinations(others, size - 1):
            rest = [s for s in others if s not in chosen]
            if len(rest) >= folds - 1:
                for groups in divisions(rest, folds - 1):
                    sizes = [size, *map(len, groups)]
                    if max(sizes) - min(sizes) <= 1:
                        yield [[first, *chosen], *groups]


@RANDOM
@given(tables(), tables(), st.booleans())
def test_corpora_of_one_language_share_a_target_and_its_classes(
    one: pd.DataFrame, other: pd.DataFrame, random: bool
) -> None:
    shared = set(one["emotion"]) & set(other["emotion"])
    assume(len(shared) > 1)
    known_as("random-greek", one)
    known_as("other-greek", other)
    protocol = Recipe.of(
        {
            "name": "random",
            "sources": ["demo-english"],
            "targets": ["random-greek", "other-greek"],
            "seeds": 2,
            "labelling": "random" if random else "balanced",
        }
    ).freeze(WHERE)
    assert protocol.targets == ("greek",)
    assert protocol.classes_of("greek") == tuple(c for c in CLASSES if c in shared)
    require_sound(protocol)


@RANDOM
@given(tables(), tables())
def test_any_language_is_a_source(one: pd.DataFrame, other: pd.DataFrame) -> None:
    known_as("random-greek", one)
    known_as("random-arabic", other)
    recipe = {
        "name": "random",
        "sources": ["random-arabic", "demo-french"],
        "targets": ["random-greek", "demo-german"],
        "seeds": 2,
    }
    protocol = Recipe.of(recipe).freeze(WHERE)
    assert (protocol.sources, protocol.targets) == (("arabic", "french"), ("greek", "german"))
    require_sound(protocol)
