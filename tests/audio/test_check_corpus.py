"""Checking a corpus: every kind of finding, and which of them stop it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests import trees
from tests.trees import Tiny

from xlser.audio import CorpusReport, check_corpus
from xlser.corpora import scan
from xlser.errors import IncompleteCorpusError

USED = "ann-anger-1.wav"
DROPPED = "bob-boredom-2.wav"


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


@pytest.mark.parametrize(("spoil", "finding"), FINDINGS)
def test_finding_on_a_used_utterance_is_a_fault(spoil, finding: str, root: Path) -> None:
    spoil(root / USED)
    report = check(root)
    assert any(finding in fault and "ann-anger-1" in fault for fault in report.faults)
    assert report.remarks == ()


@pytest.mark.parametrize(("spoil", "finding"), FINDINGS)
def test_finding_on_a_dropped_emotion_is_a_remark(spoil, finding: str, root: Path) -> None:
    spoil(root / DROPPED)
    report = check(root)
    assert any(finding in remark and "bob-boredom-2" in remark for remark in report.remarks)
    assert report.faults == ()


@pytest.mark.parametrize("spoil", [unlink, contradicted, folder, unreadable_format, broken_link])
def test_what_scan_refuses_is_a_fault(spoil, root: Path) -> None:
    spoil(root / USED)
    with pytest.raises(IncompleteCorpusError):
        scan(Tiny(), root)
    assert check(root).faults


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


def test_absent_dropped_emotion_is_summed_up_and_not_listed(root: Path) -> None:
    for file in root.glob("*-boredom-*"):
        file.unlink()
    report = check(root)
    assert report.faults == ()
    assert report.remarks == ("boredom: all 4 files absent (not used here)",)


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
