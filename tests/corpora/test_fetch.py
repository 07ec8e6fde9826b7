"""Fetching a corpus: its licence, its download, and the folder that is noted."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from tests import trees
from tests.corpora.archives import zipped
from tests.corpora.server import Site
from tests.trees import Tiny
from typer.testing import CliRunner

from xlser import registry
from xlser.cli import app
from xlser.corpora import add_corpus, corpus_names, find_root, get_corpus, scan
from xlser.corpora.fetch import fetch
from xlser.corpora.remote import Download, Remote
from xlser.corpora.tables.registering import register_folder
from xlser.errors import FetchError, SettingsError
from xlser.settings import Settings, read_config


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
    assert len(get_corpus("cremad").download.files) == 7442
