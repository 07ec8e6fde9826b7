"""Fetching: downloads that break off are resumed, wrong ones refused, archives kept inside."""

import hashlib
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import trees
from tests.corpora.server import Site, serving
from tests.trees import Tiny
from typer.testing import CliRunner

from xlser import registry
from xlser.cli import app
from xlser.corpora import add_corpus, corpus_names, find_root, get_corpus, scan
from xlser.corpora.fetch import fetch
from xlser.corpora.fetch.download import ATTEMPTS, download
from xlser.corpora.fetch.unpack import unpack
from xlser.corpora.remote import Download, Remote
from xlser.corpora.tables.registering import register_folder
from xlser.errors import FetchError, SettingsError
from xlser.settings import Settings, read_config

CONTENT = bytes(range(256)) * 400
MD5, SHA = hashlib.md5(CONTENT).hexdigest(), hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def get(folder: Path, *urls: str, **how: object) -> bytes:
    remote = Remote(urls, "file.bin", **{"digest": f"md5:{MD5}", **how})  # type: ignore[arg-type]
    got = download(remote, folder, pause=0)
    assert (got.size, got.sha256) == (len(CONTENT), SHA)
    assert not list(folder.glob("*.part")) + list(folder.glob("*.tag"))
    return got.path.read_bytes()


def test_file_comes_whole_and_progress_is_told(site: Site, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    remote = Remote((site.put("/f", CONTENT),), "a/file.bin", len(CONTENT), f"sha256:{SHA}")
    got = download(remote, tmp_path, lambda done, total: told.append((done, total)), pause=0)
    assert got.path == tmp_path / "a/file.bin"
    assert told[-1] == (len(CONTENT), len(CONTENT))
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


def zipped(members: dict[str, bytes], link: str | None = None) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == link else 0o100644) << 16
            archive.writestr(info, content)
    return file.getvalue()


def tarred(members: dict[str, bytes], link: tuple[bytes, str] | None = None) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if link:
                info.type, info.linkname, info.size = link[0], link[1], 0
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


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


@pytest.fixture
def tiny_zip(tmp_path: Path) -> bytes:
    root = trees.tiny(tmp_path / "released")
    return zipped({f"Tiny/{path.name}": path.read_bytes() for path in sorted(root.iterdir())})


def corpus_at(*urls: str, digest: str | None = None, size: int | None = None) -> Tiny:
    class Fetchable(Tiny):
        download = Download((Remote(urls, "tiny.zip", size, digest),), "1 MB")

    return Fetchable()


def test_corpus_is_fetched_unpacked_and_states_its_source(
    site: Site, tiny_zip: bytes, tmp_path: Path
) -> None:
    corpus = corpus_at(site.put("/t.zip", tiny_zip, breaks=20_000))
    fetched = fetch(corpus, "tiny", tmp_path / "data", tmp_path / "cache", pause=0)
    assert (fetched.found, fetched.missing) == (24, 0)
    assert len(scan(corpus, fetched.root).utterances) == 24
    source = json.loads((fetched.root / "source.json").read_text())
    assert source["licence"] == "none"
    (file,) = source["files"]
    assert file["sha256"] == hashlib.sha256(tiny_zip).hexdigest()
    assert file["url"] == f"{site.address}/t.zip"
    assert not list((tmp_path / "cache").rglob("*.zip*"))
    with pytest.raises(FetchError, match="exists"):
        fetch(corpus, "tiny", tmp_path / "data", tmp_path / "cache", pause=0)


@pytest.mark.parametrize("accepted", [None, "tin", "emodb", "yes"])
def test_nothing_is_fetched_before_the_licence_is_accepted(
    accepted: str | None, site: Site, tiny_zip: bytes, tmp_path: Path
) -> None:
    corpus = corpus_at(site.put("/t.zip", tiny_zip))
    with pytest.raises(FetchError, match="is not accepted") as error:
        fetch(corpus, accepted, tmp_path / "data", tmp_path / "cache")
    assert "--accept-licence tiny" in error.value.remedy
    assert site.requests == []


def test_failed_unpacking_leaves_no_corpus_and_keeps_the_download(
    site: Site, tmp_path: Path
) -> None:
    corpus = corpus_at(site.put("/t.zip", zipped({"../x.wav": b"x"})))
    with pytest.raises(FetchError, match="leads out"):
        fetch(corpus, "tiny", tmp_path / "data", tmp_path / "cache", pause=0)
    assert not (tmp_path / "data/tiny").exists()
    assert not (tmp_path / "x.wav").exists()
    assert (tmp_path / "cache/downloads/tiny/tiny.zip").is_file()


def test_missing_utterances_of_what_was_fetched_are_counted(site: Site, tmp_path: Path) -> None:
    corpus = corpus_at(site.put("/t.zip", zipped({"ann-fear-1.wav": b"x"})))
    fetched = fetch(corpus, "tiny", tmp_path / "data", tmp_path / "cache", pause=0)
    assert (fetched.found, fetched.missing) == (1, 23)


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["corpora", "fetch", *arguments])
    return result.output + str(result.exception or "")


def test_command_shows_size_licence_and_citation_and_fetches(
    site: Site, tiny_zip: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_corpus(corpus_at(site.put("/t.zip", tiny_zip)))
    shown = invoke("tiny", "--into", str(tmp_path))
    assert "Tiny: 1 MB" in shown
    assert "licence: none" in shown
    assert "--accept-licence tiny" in shown
    done = invoke("tiny", "--into", str(tmp_path), "--accept-licence", "tiny")
    assert f"24 utterances in {tmp_path / 'tiny'}." in done
    assert "No folder of corpora is named" in invoke("tiny")
    assert "Written: its folder in" in done
    assert Path("xlser.toml").read_text() == '[corpora]\ntiny = "tiny"\n'
    assert find_root(get_corpus("tiny"), Settings.gather()) == tmp_path / "tiny"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[corpora]\nemodb = "data/emodb"\n'),
        (
            '[corpora] # mine\ntess = "/t"\n',
            '[corpora] # mine\nemodb = "data/emodb"\ntess = "/t"\n',
        ),
        (
            '[exclude]\nemodb = ["x"]\n',
            '[corpora]\nemodb = "data/emodb"\n\n[exclude]\nemodb = ["x"]\n',
        ),
        (
            '[corpora.mine]\ntable = "t.csv"\n',
            '[corpora]\nemodb = "data/emodb"\n\n[corpora.mine]\ntable = "t.csv"\n',
        ),
        ('[corpora]\nemodb = "data/emodb"\n', '[corpora]\nemodb = "data/emodb"\n'),
    ],
)
def test_folder_of_a_corpus_is_noted(before: str, after: str, tmp_path: Path) -> None:
    if before:
        (tmp_path / "xlser.toml").write_text(before)
    register_folder("emodb", tmp_path / "data/emodb", tmp_path)
    assert (tmp_path / "xlser.toml").read_text() == after
    assert read_config(tmp_path).folders["emodb"] == tmp_path / "data/emodb"


def test_folder_is_not_noted_over_another(tmp_path: Path) -> None:
    (tmp_path / "xlser.toml").write_text('[corpora]\nemodb = "/mine"\n')
    with pytest.raises(SettingsError, match="states /mine as the folder of emodb") as error:
        register_folder("emodb", tmp_path / "emodb", tmp_path)
    assert 'emodb = "emodb"' in error.value.remedy


DOCS = (Path(__file__).parents[2] / "docs/corpora.md").read_text(encoding="utf-8")
SEEN = re.findall(
    r"^\| ([^|]+?) \| `([^`|]+)`([^|]*) \|",
    DOCS.partition("## Fetching")[2]
    .partition("| what happens | what you see |")[2]
    .partition("\n\n")[0],
    re.MULTILINE,
)


@pytest.fixture
def happenings(
    site: Site, tiny_zip: bytes, monkeypatch: pytest.MonkeyPatch
) -> dict[str, tuple[str, ...]]:
    """Give a corpus its download, for each happening of docs/corpora.md; return the command."""
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))
    good, size, wrong = site.put("/t.zip", tiny_zip), len(tiny_zip), "md5:" + "0" * 32
    corpora = {
        "good": corpus_at(good),
        "broken": corpus_at(site.put("/broken", tiny_zip, status=503)),
        "long": corpus_at(site.put("/long", tiny_zip + b"x"), size=size),
        "wrong": corpus_at(good, digest=wrong),
        "evil": corpus_at(site.put("/evil", zipped({"../x.wav": b"x"}))),
    }
    for name, corpus in corpora.items():
        corpus.name = f"tiny-{name}"
        add_corpus(corpus)
    return {
        "no `--accept-licence`": ("tiny-good",),
        "`--accept-licence` with another name": ("tiny-good", "--accept-licence", "emodb"),
        "the server breaks off again and again": ("tiny-broken", "--accept-licence", "tiny-broken"),
        "another size than is stated": ("tiny-long", "--accept-licence", "tiny-long"),
        "another digest": ("tiny-wrong", "--accept-licence", "tiny-wrong"),
        "an archive that leads out of its folder": ("tiny-evil", "--accept-licence", "tiny-evil"),
        "a corpus by registration": ("savee", "--accept-licence", "savee"),
        "a corpus that is not known": ("ravdes", "--accept-licence", "ravdes"),
        "a part that CAMEO does not have": ("cameo-nemos", "--accept-licence", "cameo-nemos"),
        "no folder is named": ("ravdess", "--accept-licence", "ravdess"),
    }


@pytest.mark.parametrize(("what", "printed", "more"), SEEN, ids=[what for what, *_ in SEEN])
def test_what_happens_is_printed_as_the_docs_have_it(
    what: str,
    printed: str,
    more: str,
    happenings: dict[str, tuple[str, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    into = () if what == "no folder is named" else ("--into", "data")
    shown = invoke(*happenings[what], *into)
    for piece in printed.split("..."):
        assert piece.strip() in shown
    assert not Path("data").exists() or not list(Path("data").iterdir())
    assert not Path("xlser.toml").exists()


def test_the_docs_have_every_happening(happenings: dict[str, tuple[str, ...]]) -> None:
    assert [what for what, *_ in SEEN] == [*happenings]


@pytest.mark.parametrize("name", ["savee", "emovo", "shemo", "casia"])
def test_corpora_by_registration_say_where_to_ask(name: str, tmp_path: Path) -> None:
    corpus = get_corpus(name)
    shown = invoke(name, "--into", str(tmp_path), "--accept-licence", name)
    for fact in (corpus.homepage, corpus.licence, corpus.tree, "cannot be fetched"):
        assert fact in shown


def test_every_download_names_addresses_inside_a_safe_path() -> None:
    fetchable = [c for c in map(get_corpus, corpus_names()) if c.download]
    assert len(fetchable) >= 10
    for corpus in fetchable:
        assert corpus.download
        for remote in corpus.download.files:
            assert remote.urls
            assert ".." not in remote.path
            assert remote.is_archive or remote.path.startswith("AudioWAV/")
            assert remote.digest is None or remote.digest.split(":")[0] in ("md5", "sha256")
    assert len(get_corpus("cremad").download.files) == 7442  # type: ignore[union-attr]
