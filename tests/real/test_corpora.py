"""Real copies of the corpora: what is there, what is sound, and what is said of the rest."""

from collections import Counter
from pathlib import Path

import pytest

from xlser.audio import CorpusReport, check_corpus
from xlser.corpora import EMOTIONS, find_root, get_corpus, scan
from xlser.files import digest_file
from xlser.settings import Settings


def root_of(name: str, real_data: Path) -> Path:
    """Folder of a corpus; skips the test where this machine lacks it."""
    root = find_root(get_corpus(name), Settings(data=(real_data,), cache=real_data))
    if root is None:
        pytest.skip(f"no {name}/ under XLSER_DATA")
    return root


def check(name: str, real_data: Path) -> CorpusReport:
    return check_corpus(get_corpus(name), root_of(name, real_data))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("cafe", (144, 144, 144, 72, 144)),
        ("emodb", (127, 69, 71, 79, 62)),
        ("emovo", (84, 84, 84, 84, 84)),
        ("ravdess", (192, 192, 192, 96, 192)),
        ("savee", (60, 60, 60, 120, 60)),
        ("shemo", (1059, 38, 201, 1028, 449)),
        ("tess", (400, 400, 400, 400, 400)),
    ],
)
def test_five_classes_have_their_published_counts(
    name: str, counts: tuple[int, ...], real_data: Path
) -> None:
    utterances = scan(get_corpus(name), root_of(name, real_data)).utterances
    found = Counter(utterance.emotion for utterance in utterances)
    assert tuple(found[emotion] for emotion in EMOTIONS) == counts


@pytest.mark.parametrize("name", ["emodb", "emovo"])
def test_whole_corpus_is_sound_file_by_file(name: str, real_data: Path) -> None:
    report = check(name, real_data)
    assert (report.faults, report.remarks) == ((), ())


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("ravdess", {"calm": 192, "disgust": 192, "surprise": 192}),
        ("tess", {"disgust": 400, "surprise": 400}),
    ],
)
def test_corpus_of_five_classes_lacks_the_other_emotions_and_nothing_else(
    name: str, absent: dict[str, int], real_data: Path
) -> None:
    report = check(name, real_data)
    if all(found for found, _ in report.counts.values()):
        pytest.skip(f"this copy of {name} is not cut down to the five classes")
    assert report.faults == ()
    assert report.remarks == tuple(
        f"{emotion}: all {files} files absent (not used here)" for emotion, files in absent.items()
    )


def test_identical_recordings_of_ravdess_are_two_utterances(real_data: Path) -> None:
    # Known of the release: two repetitions, the same bytes.
    names = ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
    utterances = scan(get_corpus("ravdess"), root_of("ravdess", real_data)).utterances
    pair = [u for u in utterances if u.name in names]
    assert [u.name for u in pair] == list(names)
    assert len({digest_file(u.path) for u in pair}) == 1
