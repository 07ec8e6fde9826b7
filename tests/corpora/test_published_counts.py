"""The published facts of the corpora, as the literature and the releases give them."""

from collections import Counter

import pytest

from xlser.corpora import EMOTIONS, VOCABULARY, get_corpus

LISTED = (
    *("cafe", "emodb", "emovo", "ravdess", "savee", "shemo", "tess"),
    *("ased", "banglaser", "casia", "cremad", "nemo", "turev", "urdu"),
)
CORPORA = {name: get_corpus(name) for name in LISTED}


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("cafe", 936),
        ("emodb", 535),
        ("emovo", 588),
        ("ravdess", 1440),
        ("savee", 480),
        ("shemo", 3000),
        ("tess", 2800),
        ("ased", 2474),
        ("banglaser", 1467),
        ("casia", 1200),
        ("cremad", 7442),
        ("nemo", 4481),
        ("turev", 1735),
        ("urdu", 400),
    ],
)
def test_release_has_its_published_number_of_files(name: str, files: int) -> None:
    names = list(CORPORA[name].names())
    assert len(names) == len(set(names)) == files


# anger, fear, happiness, neutral, sadness
PER_CLASS = {
    "cafe": (144, 144, 144, 72, 144),
    "emodb": (127, 69, 71, 79, 62),
    "emovo": (84, 84, 84, 84, 84),
    "ravdess": (192, 192, 192, 96, 192),
    "savee": (60, 60, 60, 120, 60),
    "shemo": (1059, 38, 201, 1028, 449),
    "tess": (400, 400, 400, 400, 400),
    "ased": (486, 510, 486, 522, 470),
    "banglaser": (306, 0, 306, 243, 306),
    "casia": (200, 200, 200, 200, 200),
    "cremad": (1271, 1271, 1271, 1087, 1271),
    "nemo": (749, 736, 749, 809, 769),
    "turev": (487, 0, 357, 0, 483),
    "urdu": (100, 0, 100, 100, 100),
}


@pytest.mark.parametrize("name", LISTED)
def test_release_has_its_published_number_of_files_a_class(name: str) -> None:
    assert per_class(name) == PER_CLASS[name]


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("cafe", 648),
        ("emodb", 408),
        ("emovo", 420),
        ("ravdess", 864),
        ("savee", 360),
        ("shemo", 2775),
        ("tess", 2000),
    ],
)
def test_five_classes_have_their_published_number_of_files(name: str, used: int) -> None:
    assert sum(per_class(name)) == used


def test_merged_english_has_the_true_counts_and_not_those_printed() -> None:
    english = [per_class(name) for name in ("ravdess", "savee", "tess")]
    # Table 2 of Agarla et al. (2022) swaps the last two.
    assert tuple(map(sum, zip(*english, strict=True))) == (652, 652, 652, 616, 652)


@pytest.mark.parametrize(
    ("name", "female", "male"),
    [
        ("cafe", 6, 6),
        ("emodb", 5, 5),
        ("emovo", 3, 3),
        ("ravdess", 12, 12),
        ("savee", 0, 4),
        ("shemo", 31, 56),
        ("tess", 2, 0),
        ("ased", 20, 40),
        ("banglaser", 17, 17),
        ("casia", 2, 2),
        ("cremad", 43, 48),
        ("nemo", 4, 5),
        ("turev", 0, 0),
        ("urdu", 11, 18),
    ],
)
def test_corpus_has_its_published_speakers(name: str, female: int, male: int) -> None:
    genders = Counter(CORPORA[name].speakers.values())
    assert (genders["female"], genders["male"]) == (female, male)


@pytest.mark.parametrize("name", LISTED)
def test_every_speaker_has_a_name_among_the_files(name: str) -> None:
    corpus = CORPORA[name]
    assert {spoken.speaker for spoken in corpus.published().values()} == set(corpus.speakers)


def test_emodb_men_are_those_its_authors_list() -> None:
    speakers = get_corpus("emodb").speakers
    assert {s for s in speakers if speakers[s] == "male"} == {"03", "10", "11", "12", "15"}


@pytest.mark.parametrize("name", ["banglaser", "cafe", "ravdess"])
def test_odd_actors_are_men(name: str) -> None:
    speakers = CORPORA[name].speakers
    assert all((gender == "male") == (int(actor) % 2 == 1) for actor, gender in speakers.items())


@pytest.mark.parametrize("name", ["shemo", "emovo"])
def test_first_letter_of_a_speaker_is_the_gender(name: str) -> None:
    speakers = CORPORA[name].speakers
    assert all(gender[0] == speaker[0].lower() for speaker, gender in speakers.items())


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("cafe", "french"),
        ("emodb", "german"),
        ("emovo", "italian"),
        ("ravdess", "english"),
        ("savee", "english"),
        ("shemo", "persian"),
        ("tess", "english"),
        ("ased", "amharic"),
        ("banglaser", "bengali"),
        ("casia", "mandarin"),
        ("cremad", "english"),
        ("nemo", "polish"),
        ("subesco", "bengali"),
        ("turev", "turkish"),
        ("urdu", "urdu"),
    ],
)
def test_corpus_is_registered_under_its_name_and_language(name: str, language: str) -> None:
    corpus = get_corpus(name)
    assert (corpus.name, corpus.language) == (name, language)


def test_gender_of_five_speakers_of_ased_is_unknown() -> None:
    speakers = CORPORA["ased"].speakers
    unknown = {speaker for speaker, gender in speakers.items() if gender == "unknown"}
    assert unknown == {"09", "15", "21", "23", "25"}


def test_two_sentences_of_ased_are_common_to_all_emotions_and_the_others_to_one() -> None:
    emotions: dict[str, set[str]] = {}
    for spoken in CORPORA["ased"].published().values():
        emotions.setdefault(spoken.sentence, set()).add(spoken.emotion)
    assert {s for s, found in emotions.items() if len(found) == 5} == {"06", "07"}
    assert sorted(map(len, emotions.values())) == [1] * 25 + [5, 5]


def test_few_speakers_of_urdu_have_most_clips() -> None:
    counts = Counter(spoken.speaker for spoken in CORPORA["urdu"].published().values())
    assert (len(counts), counts.most_common(1)) == (29, [("SM5", 80)])


def test_one_speaker_of_turev_is_neither_happy_nor_calm() -> None:
    counts = Counter((s.speaker, s.emotion) for s in CORPORA["turev"].published().values())
    assert {e for s, e in counts if s == "1157"} == {"anger", "sadness"}
    assert counts["7895", "happiness"] == 29
    assert sum(n for (_, emotion), n in counts.items() if emotion == "calm") == 408


def test_one_speaker_of_nemo_has_half_as_many_clips() -> None:
    counts = Counter(spoken.speaker for spoken in CORPORA["nemo"].published().values())
    assert counts["MP0"] == 256


def test_defects_are_names_of_the_release_with_a_reason() -> None:
    for corpus in CORPORA.values():
        assert set(corpus.defects) <= set(corpus.names())
        assert not set(corpus.defects) & set(corpus.published())
    assert len(CORPORA["cremad"].defects) == 7
    assert "silent" in CORPORA["cremad"].defects["1076_MTI_SAD_XX"]


@pytest.mark.parametrize("name", LISTED)
def test_every_emotion_is_a_term_of_the_vocabulary(name: str) -> None:
    assert {spoken.emotion for spoken in CORPORA[name].published().values()} <= set(VOCABULARY)


def per_class(name: str) -> tuple[int, ...]:
    corpus = CORPORA[name]
    counts = Counter(corpus.parse(name).emotion for name in corpus.names())
    return tuple(counts[emotion] for emotion in EMOTIONS)
