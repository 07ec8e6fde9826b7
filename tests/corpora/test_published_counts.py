"""The published facts of the seven corpora, as the literature and the releases give them."""

from collections import Counter

import pytest

from xlser.corpora import EMOTIONS, get_corpus

SEVEN = ("cafe", "emodb", "emovo", "ravdess", "savee", "shemo", "tess")
CORPORA = {name: get_corpus(name) for name in SEVEN}


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
}


@pytest.mark.parametrize("name", SEVEN)
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
    ],
)
def test_corpus_has_its_published_speakers(name: str, female: int, male: int) -> None:
    genders = Counter(CORPORA[name].speakers.values())
    assert (genders["female"], genders["male"]) == (female, male)


@pytest.mark.parametrize("name", SEVEN)
def test_every_speaker_has_a_name_among_the_files(name: str) -> None:
    corpus = CORPORA[name]
    assert {spoken.speaker for spoken in corpus.published().values()} == set(corpus.speakers)


def test_emodb_men_are_those_its_authors_list() -> None:
    speakers = get_corpus("emodb").speakers
    assert {s for s in speakers if speakers[s] == "male"} == {"03", "10", "11", "12", "15"}


@pytest.mark.parametrize("name", ["cafe", "ravdess"])
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
    ],
)
def test_corpus_is_registered_under_its_name_and_language(name: str, language: str) -> None:
    corpus = CORPORA[name]
    assert (corpus.name, corpus.language) == (name, language)


def per_class(name: str) -> tuple[int, ...]:
    counts = Counter(spoken.emotion for spoken in CORPORA[name].published().values())
    return tuple(counts[emotion] for emotion in EMOTIONS)
