"""Real copies of the corpora: what is there, what is sound, and what is said of the rest."""

from collections import Counter
from pathlib import Path

import pytest
from tests.trees import scan

from xlser import corpora
from xlser.audio import CorpusReport, check_corpus, load
from xlser.corpora import EMOTIONS, find_root, get_corpus, read_for
from xlser.errors import AudioError
from xlser.protocols import get_protocol
from xlser.settings import Settings
from xlser.system.files import digest_file

RAVDESS_PAIR = "03-01-03-01-02-01-07: the same recording as 03-01-03-01-02-02-07"


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
        ("ased", (486, 510, 486, 522, 470)),
        ("banglaser", (306, 0, 306, 242, 306)),
        ("casia", (200, 200, 200, 200, 200)),
        ("cremad", (1270, 1270, 1270, 1086, 1269)),  # less the seven defects
        ("nemo", (749, 736, 749, 809, 769)),
        ("turev", (487, 0, 357, 0, 483)),
        ("urdu", (100, 0, 100, 100, 100)),
    ],
)
def test_five_classes_have_their_published_counts(
    name: str, counts: tuple[int, ...], real_data: Path
) -> None:
    utterances = scan(get_corpus(name), root_of(name, real_data)).utterances
    found = Counter(utterance.emotion for utterance in utterances)
    assert tuple(found[emotion] for emotion in EMOTIONS) == counts


@pytest.mark.parametrize("name", ["casia", "emodb", "emovo", "nemo", "turev", "urdu"])
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
    repeated = () if name == "tess" else (RAVDESS_PAIR,)
    assert report.remarks == (
        *repeated,
        *(f"{emotion}: all {files} files absent" for emotion, files in absent.items()),
    )


def test_identical_recordings_of_ravdess_are_two_utterances(real_data: Path) -> None:
    # Known of the release: two repetitions, the same bytes.
    names = ("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")
    utterances = scan(get_corpus("ravdess"), root_of("ravdess", real_data)).utterances
    pair = [u for u in utterances if u.name in names]
    assert [u.name for u in pair] == list(names)
    assert len({digest_file(u.path) for u in pair}) == 1


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("emodb", "9f4712772a3a076a5762f6ba190e2b8230ed1e155ceaf8a55cca9d5c089907f4"),
        ("emovo", "f75027939f097b5aaca43b6b0ab671466c711097f06479a27025224e2ae64e83"),
        ("ravdess", "55563672114af581fbd48c4c519fa341745174ac3eea7d38546a7589f53a3b09"),
        ("tess", "b103e649ac1429e3f95f6110ba8453691f3bdb9e5256695c50a11bbc8bda2b4f"),
    ],
)
@pytest.mark.parametrize("protocol", ["v1", "agarla2022", "agarla2022-4", "agarla2022-yaf"])
def test_content_digests_are_those_that_committed_records_state(
    name: str, digest: str, protocol: str, real_data: Path
) -> None:
    # They are of 16 kHz mono copies: of others, this test has nothing to compare with.
    root = root_of(name, real_data)
    if not list(root.rglob("*.flac")):
        pytest.skip(f"{name} is not the copy that committed records are of")
    classes = get_protocol(protocol).classes
    assert corpora.scan(get_corpus(name), root, (), read_for(classes)).digest() == digest


def test_defects_of_cremad_are_what_they_are_said_to_be(real_data: Path) -> None:
    root, corpus = root_of("cremad", real_data) / "AudioWAV", get_corpus("cremad")
    for name, reason in corpus.defects.items():
        twin = reason.rpartition(" ")[2]
        if twin in corpus.defects:
            assert (load(root / f"{name}.wav") == load(root / f"{twin}.wav")).all()
            assert corpus.parse(name).emotion != corpus.parse(twin).emotion
        else:
            with pytest.raises(AudioError, match="is silent"):
                load(root / f"{name}.wav")


def test_findings_on_ased_and_banglaser_are_those_known(real_data: Path) -> None:
    report = check("ased", real_data)
    assert report.faults == ()
    assert [line[:14] for line in report.remarks] == [
        *("a5-07-01-02-63", "h3-01-01-02-08", "n1-07-01-02-53", "s4-03-01-01-23"),
    ]
    assert any("25 of 27 sentence codes occur in one emotion alone" in c for c in report.cautions)
    assert any("24 of 65 speakers lack an emotion" in c for c in report.cautions)
    report = check("banglaser", real_data)
    assert (report.faults, len(report.remarks)) == ((), 3)
    assert {rate for rate, _ in report.formats} == {44_100, 48_000}
