from collections import Counter
from itertools import pairwise

import pytest
from tests.protocols.catalogues import CELLS, corpus_utterances, role_of, utterances_of

from xlser.corpora import EMOTIONS
from xlser.protocols import get_protocol

ROLES = ("train", "validation", "test")
PAPERS = ("agarla2022", "agarla2022-4", "agarla2022-yaf")
OVERLAPPING = {(name, "shemo") for name in PAPERS}

# SERAB's seed-0 partition: numpy's RandomState(0).shuffle(sorted(speakers)), then 60 / 20 / 20 %.
SERAB = {
    "cafe": ("07 12 05 11 03 09 02", "08 10", "04 01 06"),
    "emodb": ("09 15 11 16 08 13", "14 10", "03 12"),
    "emovo": ("m3 f3 f2", "m1", "f1 m2"),
    "ravdess": ("12 11 23 15 21 02 14 24 17 09 07 18 05 03", "06 19 10 08 20", "04 01 22 16 13"),
    "savee": ("JK KL", "JE", "DC"),
    "shemo": (
        "03 14 54 42 67 31 46 44 77 87 08 27 34 64 09 17 25 57 76 43 23 07 62 49 70 55 72 78 81 "
        "04 63 74 28 19 51 52 73 60 56 05 16 18 41 39 06 80 69 01 35 29 12 36",
        "24 53 11 32 61 58 79 02 33 75 15 83 20 30 50 85 86",
        "21 82 26 38 47 40 66 59 13 71 37 22 10 84 68 65 48 45",
    ),
    "tess": ("YAF", "", "OAF"),
}

# Utterances of anger, fear, happiness, neutral, sadness in train, validation and test.
SERAB_COUNTS = {
    "cafe": ([84, 84, 84, 42, 84], [24, 24, 24, 12, 24], [36, 36, 36, 18, 36]),
    "emodb": ([75, 39, 50, 53, 38], [26, 20, 12, 11, 13], [26, 10, 9, 15, 11]),
    "emovo": ([42] * 5, [14] * 5, [28] * 5),
    "ravdess": ([112, 112, 112, 56, 112], [40, 40, 40, 20, 40], [40, 40, 40, 20, 40]),
    "savee": ([30, 30, 30, 60, 30], [15, 15, 15, 30, 15], [15, 15, 15, 30, 15]),
    "shemo": ([702, 28, 151, 705, 313], [192, 10, 40, 186, 87], [165, 0, 10, 137, 49]),
    "tess": ([200] * 5, [0] * 5, [200] * 5),
}


@pytest.mark.parametrize(("name", "corpus", "seed"), CELLS)
def test_every_utterance_of_the_classes_has_exactly_one_role(
    name: str, corpus: str, seed: int
) -> None:
    protocol = get_protocol(name)
    of_the_classes = [u.id for u in utterances_of(name, corpus)]
    dealt = [u.id for role in ROLES for u in role_of(protocol, corpus, seed, role)]
    assert sorted(dealt) == sorted(of_the_classes)


@pytest.mark.parametrize(
    ("name", "corpus", "seed"), [cell for cell in CELLS if cell[:2] not in OVERLAPPING]
)
def test_no_speaker_is_in_two_roles(name: str, corpus: str, seed: int) -> None:
    protocol = get_protocol(name)
    heard = [{u.speaker for u in role_of(protocol, corpus, seed, role)} for role in ROLES]
    assert sum(map(len, heard)) == len(set.union(*heard))


@pytest.mark.parametrize(("name", "corpus", "seed"), CELLS)
def test_somebody_trains_and_somebody_is_tested(name: str, corpus: str, seed: int) -> None:
    protocol = get_protocol(name)
    assert role_of(protocol, corpus, seed, "train")
    assert role_of(protocol, corpus, seed, "test")


@pytest.mark.parametrize(
    ("name", "corpus"),
    [(name, c) for name in PAPERS for c in SERAB if (name, c) != ("agarla2022-yaf", "tess")],
)
def test_agarla2022_has_serabs_groups_under_every_seed(name: str, corpus: str) -> None:
    expected = tuple(tuple(groups.split()) for groups in SERAB[corpus])
    for split in get_protocol(name).splits[corpus]:
        assert (split.train, split.validation, split.test) == expected


@pytest.mark.parametrize("corpus", SERAB_COUNTS)
def test_agarla2022_has_serabs_five_class_counts(corpus: str) -> None:
    protocol = get_protocol("agarla2022")
    for role, expected in zip(ROLES, SERAB_COUNTS[corpus], strict=True):
        emotions = Counter(u.emotion for u in role_of(protocol, corpus, 0, role))
        assert [emotions[e] for e in EMOTIONS] == expected


def test_the_papers_test_sets_have_the_papers_sizes() -> None:
    protocol = get_protocol("agarla2022")
    sizes = {
        language: sum(len(role_of(protocol, corpus, 0, "test")) for corpus in corpora)
        for language, corpora in protocol.languages.items()
    }
    assert sizes == {"english": 1270, "french": 162, "german": 71, "italian": 140, "persian": 361}


@pytest.mark.parametrize("name", PAPERS)
def test_shemos_test_speakers_all_train_too_under_serabs_split(name: str) -> None:
    protocol = get_protocol(name)
    tested = {u.speaker for u in role_of(protocol, "shemo", 0, "test")}
    trained = {u.speaker for u in role_of(protocol, "shemo", 0, "train")}
    assert len(tested) == 52
    assert tested <= trained


@pytest.mark.parametrize("name", PAPERS)
def test_shemo_alone_is_not_split_by_speakers(name: str) -> None:
    assert dict(get_protocol(name).grouped_by) == {"shemo": (4, 6)}


@pytest.mark.parametrize("name", ["v1", "demo"])
def test_a_ranking_split_is_always_over_speakers(name: str) -> None:
    protocol = get_protocol(name)
    assert not protocol.grouped_by
    for corpus, splits in protocol.splits.items():
        speakers = {u.speaker for u in corpus_utterances(corpus)}
        assert all({*s.train, *s.validation, *s.test} == speakers for s in splits)


@pytest.mark.parametrize("corpus", ["cafe", "emodb", "emovo", "ravdess", "savee", "shemo"])
def test_v1_rotates_groups_with_the_seed(corpus: str) -> None:
    splits = get_protocol("v1").splits[corpus]
    for this, following in pairwise(splits):
        assert set(following.test) == set(this.validation)
    assert len({split.test for split in splits}) == len(splits)


def test_v1_validates_on_nobody_where_there_are_two_speakers() -> None:
    splits = get_protocol("v1").splits["tess"]
    assert [(s.train, s.validation, s.test) for s in splits] == [
        (("YAF",), (), ("OAF",)),
        (("OAF",), (), ("YAF",)),
        (("YAF",), (), ("OAF",)),
    ]


@pytest.mark.parametrize("corpus", ["cafe", "emodb", "emovo", "ravdess", "savee"])
def test_v1_tests_on_every_emotion(corpus: str) -> None:
    protocol = get_protocol("v1")
    for seed in protocol.seeds:
        assert {u.emotion for u in role_of(protocol, corpus, seed, "test")} == set(EMOTIONS)


@pytest.mark.parametrize("corpus", ["cafe", "emodb", "emovo", "ravdess", "shemo"])
def test_v1_tests_on_women_and_men_wherever_groups_allow(corpus: str) -> None:
    protocol = get_protocol("v1")
    for seed in protocol.seeds:
        tested = role_of(protocol, corpus, seed, "test")
        if len({u.speaker for u in tested}) > 1:
            assert {u.gender for u in tested} == {"female", "male"}


def test_the_four_class_protocol_knows_no_fear() -> None:
    protocol = get_protocol("agarla2022-4")
    assert protocol.classes == ("anger", "happiness", "neutral", "sadness")
    assert protocol.budgets == (0,)


def test_agarla2022_yaf_differs_from_agarla2022_in_the_voice_of_tess_alone() -> None:
    one, other = (get_protocol(name) for name in ("agarla2022", "agarla2022-yaf"))
    apart = {corpus for corpus in one.splits if one.splits[corpus] != other.splits[corpus]}
    assert apart == {"tess"}
    for seed in one.seeds:
        for role, reverse, voice in (("train", "test", "YAF"), ("test", "train", "OAF")):
            of_one = role_of(one, "tess", seed, role)
            assert of_one == role_of(other, "tess", seed, reverse)
            assert {u.speaker for u in of_one} == {voice}
    assert one.labelling == other.labelling
