"""What file services, archives and editors leave among records: pages go on, causes are named."""

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.commands import xlser
from tests.records.committed import record as committed
from tests.records.files_of_records import lay_down

from xlser.errors import RecordError
from xlser.monitoring.status import read_failures, read_statuses
from xlser.records import Record
from xlser.records.packing import pack
from xlser.records.store import files, known_keys, read_records, read_runs
from xlser.records.validate import validate

APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(100)


@pytest.fixture
def own(results: Path) -> Path:
    """The file of one of two records under `results`."""
    return next(iter(lay_down(results, [committed("sft-k100-s0-"), committed("svm-k100-s0-")])))


def keys(results: Path) -> list[str]:
    """The keys of all records that a page shows, and of those that a plan knows."""
    read = sorted(record.key for _, record in read_records(results))
    assert sorted(read_runs(results).frame.key) == read
    assert set(known_keys(results)) == set(read)
    return read


HIDDEN = [
    "._{name}",
    ".{name}.icloud",
    "__MACOSX/._{name}",
    "__MACOSX/{name}",
    ".AppleDouble/{name}",
    "@eaDir/{name}",
    "#recycle/{name}",
    "$RECYCLE.BIN/{name}",
    ".sync/Archive/{name}",
    "sub/.stversions/{name}",
]


@pytest.mark.parametrize("pattern", HIDDEN)
@pytest.mark.parametrize("content", [APPLE_DOUBLE, b""], ids=["AppleDouble", "empty"])
def test_hidden_files_and_folders_of_services_are_passed_over(
    pattern: str, content: bytes, own: Path, results: Path
) -> None:
    before = keys(results)
    for folder in (results, own.parent):
        other = folder / pattern.format(name=own.name)
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(content)
        other.with_suffix(".parquet").write_bytes(content)
    assert keys(results) == before
    assert len(files(results, ".json")) == 2
    assert not files(results, ".parquet")


def test_commands_pass_over_them(own: Path, results: Path) -> None:
    (own.parent / f"._{own.name}").write_bytes(APPLE_DOUBLE)
    passed = xlser("validate", "v1", folder=results.parents[1])
    assert (passed.returncode, "2 records: 0 rejected" in passed.stderr) == (0, True)


def test_folder_named_like_a_record_is_passed_over(own: Path, results: Path) -> None:
    before = keys(results)
    (own.parent / "sft.json").mkdir()
    (results / "records.parquet").mkdir()
    assert keys(results) == before


CONFLICTS = [
    "{stem} (1).json",
    "{stem} (conflicted copy 2026-11-27).json",
    "{stem}.sync-conflict-20261127-120000-ABCDEFG.json",
    "{stem}-LAPTOP.json",
    "{stem} 2.json",
    "Copy of {stem}.json",
    "(1)/{stem}.json",
]


@pytest.mark.parametrize("pattern", CONFLICTS)
def test_conflict_copies_are_read_once_and_named(pattern: str, own: Path, results: Path) -> None:
    before, paths = keys(results), {path for path, _ in read_records(results)}
    copy = own.parent / pattern.format(stem=own.stem)
    copy.parent.mkdir(exist_ok=True)
    shutil.copy(own, copy)
    assert keys(results) == before
    assert {path for path, _ in read_records(results)} == paths
    (fault,) = validate([copy, own]).faults
    assert (fault.path, fault.what) == (copy, f"It is a copy, byte for byte, of {own}.")


@pytest.mark.parametrize("pattern", CONFLICTS)
def test_conflict_copies_of_packed_records_are_read_once(
    pattern: str, own: Path, results: Path
) -> None:
    before, content = keys(results), own.read_bytes()
    pack(results)
    copy = own.parent / pattern.format(stem=own.stem)
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(content)
    assert keys(results) == before


def test_copies_among_copies_are_read_once(own: Path, results: Path) -> None:
    before = keys(results)
    for n in range(3):
        shutil.copytree(results / "german", results / f"german {n}", symlinks=True)
    assert keys(results) == before


def test_records_of_one_run_that_differ_are_both_there(own: Path, results: Path) -> None:
    other = own.with_name(f"{own.stem} (1).json")
    record = Record.read(own).model_copy(update={"seconds": {"fit": 1.0}})
    record.write(other)
    assert [found.key for _, found in read_records(results)].count(record.key) == 2
    (fault,) = validate([other, own]).faults
    assert (fault.path, fault.what) == (other, f"It is of the same run as {own}.")


@pytest.mark.parametrize("name", ["SFT-K100.JSON.json", "sft k100.json", "sub/x.json"])
def test_renamed_record_is_read_and_named_and_its_seed_is_not_missing(
    name: str, own: Path, results: Path
) -> None:
    before, incomplete = keys(results), validate([own]).incomplete
    renamed = own.parent / name
    renamed.parent.mkdir(exist_ok=True)
    own.rename(renamed)
    assert keys(results) == before
    found = validate([renamed])
    (fault,) = found.faults
    assert f"it belongs into a file named {own.name}" in fault.what or "moved" in fault.what
    assert found.incomplete == incomplete


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is empty"),
        (bytes(5000), "holds zeros"),
        (APPLE_DOUBLE, "AppleDouble"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        (b'{\n "schema_version": 3,\n<<<<<<< HEAD\n "key": "a"', "conflict of git"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\x1f\x8b\x08\x00", "gzip"),
    ],
)
def test_the_true_cause_is_named(content: bytes, cause: str, own: Path, results: Path) -> None:
    own.write_bytes(content)
    with pytest.raises(RecordError, match=cause) as error:
        list(read_records(results))
    assert str(own) in error.value.problem
    (fault,) = validate([own]).faults
    assert cause in fault.what


def test_link_to_nothing_is_named(own: Path, results: Path) -> None:
    own.unlink()
    own.symlink_to(results / "nowhere.json")
    with pytest.raises(RecordError, match="is a link to nothing"):
        list(read_records(results))


def test_status_and_failures_pass_over_what_is_not_theirs(tmp_path: Path) -> None:
    for folder in ("status", "failures/german"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "._host-1.json").write_bytes(APPLE_DOUBLE)
        (tmp_path / folder / ".host-1.json").write_text(json.dumps({"state": "done"}))
        (tmp_path / folder / "host-1.json").write_text(json.dumps({"other": "file"}))
        (tmp_path / folder / "host-2.json").write_text("[" * 100_000)
    assert (read_statuses(tmp_path), read_failures(tmp_path)) == ([], [])
