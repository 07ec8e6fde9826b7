"""Checking a corpus: every kind of finding, and which of them stop it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests import trees
from tests.trees import Tiny
from tests.trees import scan as scan_five

from xlser.audio import CorpusReport, FrontEnd, check_corpus, prepare
from xlser.corpora import Corpus, Spoken, require, scan
from xlser.errors import AudioError, IncompleteCorpusError

USED = "ann-anger-1.wav"
BEYOND_THE_FIVE = "bob-boredom-2.wav"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return trees.tiny(tmp_path / "tiny")


def check(root: Path) -> CorpusReport:
    return check_corpus(Tiny(), root)


def test_whole_corpus_has_no_findings(root: Path) -> None:
    report = check(root)
    assert (report.faults, report.remarks) == ((), ())


def test_counts_are_per_speaker_and_emotion(root: Path) -> None:
    (root / USED).unlink()
    counts = check(root).counts
    assert len(counts) == 12
    assert counts.pop(("ann", "anger")) == (1, 2)
    assert set(counts.values()) == {(2, 2)}


def unlink(file: Path) -> None:
    file.unlink()


def text(file: Path) -> None:
    file.write_text("no recording")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def truncated(file: Path) -> None:
    trees.cut(file, 100)


def silent(file: Path) -> None:
    trees.record(file, np.zeros(1600, dtype=np.float32))


def contradicted(file: Path) -> None:
    trees.record(file.parent / "again" / file.name, trees.noise(seed=99))


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def unreadable_format(file: Path) -> None:
    file.rename(file.with_suffix(".m4a"))


def broken_link(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.parent / "nowhere.wav")


FINDINGS = [
    (unlink, "missing"),
    (text, "cannot be decoded"),
    (empty, "cannot be decoded"),
    (truncated, "is cut short"),
    (silent, "is silent"),
    (contradicted, "doubled with different content"),
    (folder, "unreadable, a folder"),
    (unreadable_format, "of a format libsndfile cannot read"),
    (broken_link, "unreadable, a link to nothing"),
]


@pytest.mark.parametrize("file", [USED, BEYOND_THE_FIVE])
@pytest.mark.parametrize(("spoil", "finding"), FINDINGS)
def test_finding_on_an_utterance_of_any_emotion_is_a_fault(
    spoil, finding: str, file: str, root: Path
) -> None:
    spoil(root / file)
    report = check(root)
    name = file.removesuffix(".wav")
    assert any(finding in fault and name in fault for fault in report.faults)
    assert report.remarks == ()


@pytest.mark.parametrize("spoil", [unlink, contradicted, folder, unreadable_format, broken_link])
def test_what_scan_refuses_is_a_fault(spoil, root: Path) -> None:
    spoil(root / USED)
    with pytest.raises(IncompleteCorpusError):
        scan(Tiny(), root)
    assert check(root).faults


NOISE = trees.noise(seed=7, seconds=0.3)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (NOISE[:600], 16_000),
        (NOISE[:1023], 16_000),
        (NOISE[:511], 8_000),
        (NOISE[:2800], 44_100),
        (NOISE * np.float32(1e30), 16_000),
        (np.full(3200, 0.25, dtype=np.float32), 16_000),
        (NOISE * np.float32(1e-7), 16_000),
        (np.where(np.arange(3200) == 7, np.nan, 0.1).astype(np.float32), 16_000),
        (NOISE, 1_000),
    ],
)
def test_what_prepare_refuses_is_a_fault(samples: np.ndarray, rate: int, root: Path) -> None:
    trees.record(root / USED, samples, rate, subtype="FLOAT")
    with pytest.raises(AudioError, match="1 recordings of Tiny cannot be used") as error:
        prepare(scan_five(Tiny(), root), FrontEnd(), root.parent / "cache")
    (fault,) = check(root).faults
    refused = next(line for line in error.value.problem.splitlines() if "ann-anger-1" in line)
    assert refused.strip().removeprefix("tiny/") == fault


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (NOISE[:1024], 16_000),
        (NOISE[:512], 8_000),
        (0.4 + NOISE * np.float32(1e-3), 16_000),
        (NOISE * np.float32(1e10), 16_000),
        (trees.tone(7_950, 16_000), 16_000),
        (trees.tone(5, 16_000), 16_000),
    ],
)
def test_what_check_passes_is_prepared(samples: np.ndarray, rate: int, root: Path) -> None:
    trees.record(root / USED, samples, rate, subtype="FLOAT")
    assert check(root).faults == ()
    prepare(scan_five(Tiny(), root), FrontEnd(), root.parent / "cache")


def test_doubled_file_of_the_same_content_is_a_remark(root: Path) -> None:
    (root / "again").mkdir()
    shutil.copy(root / USED, root / "again" / USED)
    report = check(root)
    assert report.faults == ()
    assert report.remarks == (
        f"ann-anger-1: doubled, same content: {root / USED}, {root / 'again' / USED}",
    )


def test_unexpected_file_is_a_remark(root: Path) -> None:
    stranger = trees.record(root / "cy-anger-1.wav")
    report = check(root)
    assert report.faults == ()
    assert report.remarks == (f"{stranger}: unexpected, not a published name",)


def test_absent_emotion_beyond_the_five_is_summed_up_and_not_listed(root: Path) -> None:
    for file in root.glob("*-boredom-*"):
        file.unlink()
    report = check(root)
    assert report.faults == ()
    assert report.remarks == ("boredom: all 4 files absent",)


def test_absent_class_is_listed_file_by_file(root: Path) -> None:
    for file in root.glob("*-fear-*"):
        file.unlink()
    assert len(check(root).faults) == 4


def test_all_faults_are_listed_in_order(root: Path) -> None:
    text(root / "bob-fear-1.wav")
    unlink(root / "ann-sadness-2.wav")
    silent(root / USED)
    faults = check(root).faults
    assert len(faults) == 3
    assert list(faults) == sorted(faults)


def test_progress_counts_every_file(root: Path) -> None:
    told: list[tuple[int, int]] = []
    check_corpus(Tiny(), root, lambda done, total: told.append((done, total)))
    assert told == [(done, 24) for done in range(1, 25)]


def test_formats_and_hours_are_those_of_the_recordings(root: Path) -> None:
    report = check(root)
    assert report.formats == {(16_000, 1): 24}
    assert report.seconds == pytest.approx(sum(0.1 + 0.01 * (n % 7) for n in range(24)), abs=1e-3)


def copy(root: Path, source: str, target: str) -> None:
    shutil.copy(root / source, root / target)


def test_same_recording_under_one_label_is_a_remark(root: Path) -> None:
    copy(root, USED, "ann-anger-2.wav")
    report = check(root)
    assert report.faults == ()
    assert report.remarks == ("ann-anger-1: the same recording as ann-anger-2",)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ("ann-fear-1.wav", "emotion"),
        ("bob-anger-1.wav", "speaker"),
        ("bob-fear-1.wav", "emotion and speaker"),
    ],
)
def test_same_recording_under_another_label_is_a_fault(root: Path, other: str, what: str) -> None:
    copy(root, USED, other)
    (fault,) = check(root).faults
    assert fault.endswith(f"under another {what}")
    assert "ann-anger-1" in fault


class Free(Corpus):
    """Names are speaker_emotion_sentence_take."""

    name, title, language, licence = "free", "Free", "test", "none"
    homepage, citation, tree = "example.org", "none", "free/ann_fear_s1_1.wav"
    speakers = {"ann": "female", "bob": "male", "eve": "female"}

    def parse(self, name: str) -> Spoken:
        parts = name.split("_")
        require(len(parts) == 4, self, name)
        return Spoken(*parts[:3])


SPEAKERS, PAIR = ("ann", "bob", "eve"), ("fear", "calm")
GOOD = [f"{s}_{e}_{t}_1" for s in SPEAKERS for e in PAIR for t in ("s1", "s2")]


def cautions_of(names: list[str], tmp_path: Path) -> tuple[str, ...]:
    root = tmp_path / "free"
    for seed, name in enumerate(names):
        trees.record(root / f"{name}.wav", trees.noise(seed))
    return check_corpus(Free(), root).cautions


def test_good_corpus_has_no_caution(tmp_path: Path) -> None:
    assert cautions_of(GOOD, tmp_path) == ()


@pytest.mark.parametrize(
    ("names", "caution"),
    [
        ([n for n in GOOD if not n.startswith("eve")], "2 speaker(s): too few"),
        ([n for n in GOOD if "calm" in n], "One emotion alone (calm)"),
        ([f"{e}{n}_{e}_s1_{n}" for e in "abc" for n in "11"], "is the emotion taken for the"),
        ([n for n in GOOD if not n.startswith("eve_calm")], "1 of 3 speakers lack an emotion: eve"),
        ([*GOOD, "zoe_fear_s1_1", "zoe_calm_s1_1"], "Gender unknown for 1 of 4 speakers: zoe."),
        (
            [*GOOD, "Ann_fear_s1_1", "Ann_calm_s1_1"],
            "Speakers 'Ann' and 'ann' differ in case or leading zeros alone",
        ),
        ([*GOOD, *(f"{s}_calm_s3_1" for s in SPEAKERS)], "1 of 3 sentence codes occur in one"),
        ([*GOOD, "ann_calm_s 1_1"], "1 names hold blanks, which stops runs: 'ann_calm_s 1"),
        ([*GOOD, "ann_calm_s\n1_1"], r"hold line breaks or control characters: 'ann_calm_s\n1_1'"),
    ],
)
def test_caution_of_a_whole(names: list[str], caution: str, tmp_path: Path) -> None:
    found = cautions_of(names, tmp_path)
    assert any(caution in line for line in found), found


def test_stated_caution_and_defects_are_named(tmp_path: Path) -> None:
    class Stated(Free):
        caution = "Read out by machines."
        defects = {"ann_fear_s1_9": "clipped"}
        files = 14

    for seed, name in enumerate(GOOD):
        trees.record(tmp_path / f"{name}.wav", trees.noise(seed))
    report = check_corpus(Stated(), tmp_path)
    assert report.cautions == ("Read out by machines.",)
    assert report.remarks == (
        "12 of the release's 14 files are here",
        "ann_fear_s1_9: left out, clipped",
    )
