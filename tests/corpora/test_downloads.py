"""Downloads: resumed when they break off, and refused when their content is wrong."""

import hashlib
import json
from pathlib import Path

import pytest
from tests.corpora.server import CONTENT, Site

from xlser.corpora.fetch.download import ATTEMPTS, download
from xlser.corpora.remote import Remote
from xlser.errors import FetchError

MD5, SHA = hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


def get(folder: Path, *urls: str, **how: object) -> bytes:
    remote = Remote(urls, "file.bin", **{"digest": f"md5:{MD5}", **how})
    got = download(remote, folder, pause=0)
    assert (got.size, got.sha256) == (len(CONTENT), SHA)
    assert not list(folder.glob("*.part")) + list(folder.glob("*.tag"))
    return got.path.read_bytes()


def test_file_comes_whole_and_progress_is_reported(site: Site, tmp_path: Path) -> None:
    reported: list[tuple[int, int]] = []
    remote = Remote((site.put("/f", CONTENT),), "a/file.bin", len(CONTENT), f"sha256:{SHA}")
    got = download(remote, tmp_path, lambda done, total: reported.append((done, total)), pause=0)
    assert got.path == tmp_path / "a/file.bin"
    assert reported[-1] == (len(CONTENT), len(CONTENT))
    download(remote, tmp_path, pause=0)
    assert len(site.requests) == 1  # it is there


def test_download_that_breaks_off_is_resumed(site: Site, tmp_path: Path) -> None:
    assert get(tmp_path, site.put("/f", CONTENT, breaks=40_000)) == CONTENT
    assert [asked for _, asked in site.requests] == ["", "bytes=40000-", "bytes=80000-"]


def test_later_call_goes_on_where_an_earlier_one_stopped(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:70_000])
    assert get(tmp_path, site.put("/f", CONTENT)) == CONTENT
    assert site.requests == [("/f", "bytes=70000-")]


def test_server_that_ignores_ranges_starts_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 70_000)
    assert get(tmp_path, site.put("/f", CONTENT, ranges=False)) == CONTENT


def test_other_version_of_the_file_starts_again(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 70_000)
    (tmp_path / "file.bin.tag").write_text('"0"')
    assert get(tmp_path, site.put("/f", CONTENT)) == CONTENT


def test_kept_part_of_another_version_without_a_tag_is_given_up(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 70_000)
    assert get(tmp_path, site.put("/f", CONTENT)) == CONTENT


def test_kept_part_that_is_too_long_is_given_up(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"x" * 500_000)
    assert get(tmp_path, site.put("/f", CONTENT)) == CONTENT


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_server_is_asked_again(status: int, site: Site, tmp_path: Path) -> None:
    assert get(tmp_path, site.put("/f", CONTENT, status=status, times=3)) == CONTENT


def test_no_address_is_asked_for_ever(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"file\.bin cannot be downloaded"):
        get(tmp_path, site.put("/f", CONTENT, status=503))
    assert len(site.requests) == ATTEMPTS


def test_length_need_not_be_stated(site: Site, tmp_path: Path) -> None:
    assert get(tmp_path, site.put("/f", CONTENT, chunks=True)) == CONTENT
    (tmp_path / "file.bin").unlink()
    url = site.put("/g", CONTENT, chunks=True, breaks=50_000)
    assert get(tmp_path, url, size=len(CONTENT)) == CONTENT


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"status": 404}, "Not Found"),
        ({"size": 17}, "it has 17 bytes, not 102,400"),
        ({"size": 200_000}, "it has 200,000 bytes, not 102,400"),
    ],
)
def test_mirror_stands_in_for_an_address_that_fails(
    how: dict[str, int], reason: str, site: Site, tmp_path: Path
) -> None:
    bad, good = site.put("/bad", CONTENT, **how), site.put("/good", CONTENT)
    assert get(tmp_path, bad, good, size=len(CONTENT)) == CONTENT
    (tmp_path / "file.bin").unlink()
    with pytest.raises(FetchError) as error:
        get(tmp_path, bad, size=len(CONTENT))
    assert reason in error.value.problem
    assert "get the corpus by hand" in error.value.remedy
    assert not list(tmp_path.iterdir())


def test_wrong_content_is_refused_and_not_kept(site: Site, tmp_path: Path) -> None:
    wrong = site.put("/wrong", CONTENT[::-1])
    with pytest.raises(FetchError, match=f"its md5 is .*, not {MD5}"):
        get(tmp_path, wrong)
    assert not list(tmp_path.iterdir())
    assert get(tmp_path, wrong, site.put("/good", CONTENT)) == CONTENT


def test_server_that_sends_more_than_it_should_is_stopped(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="it sends more than 102,400 bytes"):
        get(tmp_path, site.put("/f", CONTENT + b"x", chunks=True), size=len(CONTENT))


def test_server_that_sends_another_range_is_not_believed(site: Site, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="another range than the one asked for"):
        get(tmp_path, site.put("/f", CONTENT, breaks=40_000, lie=True))


def test_nobody_at_the_address(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="refused"):
        get(tmp_path, "http://127.0.0.1:9/f")


def test_size_and_digest_are_those_of_a_zenodo_record(site: Site, tmp_path: Path) -> None:
    files = [{"key": "file.bin", "size": len(CONTENT), "checksum": f"md5:{MD5}"}]
    facts = site.put("/api", json.dumps({"files": files}).encode())
    url = site.put("/f", CONTENT)
    assert get(tmp_path, url, digest=None, facts=facts) == CONTENT
    (tmp_path / "file.bin").unlink()
    bad = site.put("/bad", b"x")
    with pytest.raises(FetchError, match="it has 1 bytes, not 102,400"):
        get(tmp_path, bad, digest=None, facts=facts)


def test_size_and_digest_are_those_of_a_git_lfs_pointer(site: Site, tmp_path: Path) -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{SHA}\nsize {len(CONTENT)}\n"
    facts = site.put("/pointer", text.encode())
    with pytest.raises(FetchError, match="it has 1 bytes, not 102,400"):
        get(tmp_path, site.put("/bad", b"x"), digest=None, facts=facts)
    assert get(tmp_path, site.put("/f", CONTENT), digest=None, facts=facts) == CONTENT
