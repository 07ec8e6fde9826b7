"""Unpacking: damaged archives, and those that lead out of their folder, are refused."""

import tarfile
from pathlib import Path

import pytest
from tests.corpora.archives import tarred, zipped
from tests.corpora.server import CONTENT

from xlser.corpora.fetch.unpack import unpack
from xlser.errors import FetchError

EVIL = ("../evil.wav", "a/../../evil.wav", "/evil.wav", "..\\evil.wav", "C:\\evil.wav", "C:evil")


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_member_that_leads_out_is_refused(pack, name: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    archive = tmp_path / ("a.zip" if pack is zipped else "a.tar.gz")
    archive.write_bytes(pack({name: b"x"}))
    with pytest.raises(FetchError, match="leads out of the folder"):
        unpack(archive, folder)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [archive.name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.zip", zipped({"l.wav": b"/etc/passwd"}, "l.wav")),
        ("a.tar.gz", tarred({"l.wav": b""}, (tarfile.SYMTYPE, "/etc/passwd"))),
        ("a.tar.gz", tarred({"l.wav": b""}, (tarfile.LNKTYPE, "../secret"))),
        ("a.tar.gz", tarred({"l.wav": b""}, (tarfile.FIFOTYPE, ""))),
        ("a.zip", b"no zip"),
        ("a.tar.gz", b"no tar"),
        ("a.zip", zipped({"x.wav": b"x" * 999})[:-60]),
        ("a.tar.gz", tarred({"x.wav": CONTENT})[:-60]),
    ],
    # A gzip file holds the time; names made of its bytes would differ from process to process.
    ids=["zip link", "link", "hard link", "pipe", "no zip", "no tar", "cut zip", "cut tar"],
)
def test_links_and_damaged_archives_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FetchError, match="is not unpacked"):
        unpack(tmp_path / name, tmp_path / "in")


def test_leading_folders_are_left_away(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.tar.gz").write_bytes(tarred({"repo-abc/a/x.wav": b"x", "repo-abc/y": b"y"}))
    assert unpack(tmp_path / "a.tar.gz", tmp_path / "in", strip=1) == 2
    assert (tmp_path / "in/a/x.wav").read_bytes() == b"x"
