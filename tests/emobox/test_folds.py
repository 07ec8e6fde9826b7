"""Our folds are those of EmoBox's own files.

`folds.json` is what `python -m tests.tools.emobox_folds CLONE` prints of
https://github.com/emo-box/EmoBox at commit 08280f279d47fb55d2c614061c70523d0a338d6b: speakers and
counts of each fold, and digests of its utterances with their emotions.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from tests.tools.emobox_folds import digest

from xlser.protocols import Scenario, get_protocol, published_utterances
from xlser_emobox.protocols.build import FOLDS

THEIRS = json.loads(Path(__file__).with_name("folds.json").read_text(encoding="utf-8"))["folds"]
CELLS = [(corpus, fold) for corpus, folds in THEIRS.items() for fold in range(len(folds))]


def scenario(corpus: str, seed: int, fold: int) -> Scenario:
    protocol = get_protocol(f"emobox-{corpus}")
    (target,) = protocol.targets
    catalogue = {corpus: published_utterances(corpus, protocol.classes)}
    return protocol.scenario(catalogue, target, "all", seed, fold)


def test_there_are_as_many_folds_as_in_their_files() -> None:
    assert {corpus: len(folds) for corpus, folds in THEIRS.items()} == {
        corpus: get_protocol(f"emobox-{corpus}").folds for corpus in FOLDS
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(("corpus", "fold"), CELLS)
def test_a_fold_trains_on_and_tests_the_utterances_of_their_files(
    corpus: str, fold: int, seed: int
) -> None:
    protocol, ours = get_protocol(f"emobox-{corpus}"), scenario(corpus, seed, fold)
    split = protocol.split_of(corpus, seed, fold)
    for role, ids in (("train", ours.target_labelled), ("test", ours.target_test)):
        theirs = THEIRS[corpus][fold][role]
        assert sorted(getattr(split, role)) == theirs["speakers"]
        emotions = {id_.partition("/")[2]: ours.classes[ours.emotion[id_]] for id_ in ids}
        assert Counter(emotions.values()) == theirs["emotions"]
        assert digest(emotions.items()) == theirs["utterances"]


@pytest.mark.parametrize("corpus", FOLDS)
def test_folds_have_the_same_counts_so_that_their_mean_is_the_score_over_all(corpus: str) -> None:
    first, *others = (fold["test"]["emotions"] for fold in THEIRS[corpus])
    assert all(other == first for other in others)


@pytest.mark.parametrize("corpus", FOLDS)
def test_nothing_but_the_target_trains_and_all_of_it_is_labelled(corpus: str) -> None:
    ours = scenario(corpus, 0, 0)
    assert (ours.source, ours.source_corpora, ours.absent_corpora) == ("", (), ())
    assert ours.source_train == ours.source_validation == ours.source_test == ()
    assert ours.target_unlabelled == ()


def test_classes_are_native() -> None:
    eight = {c: len(get_protocol(f"emobox-{c}").classes) for c in FOLDS}
    assert eight == {"cafe": 7, "emovo": 7, "ravdess": 8, "savee": 7}
    assert get_protocol("emobox-ravdess").classes[-1] == "calm"
