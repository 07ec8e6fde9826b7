"""Where a corpus lies: options, environment, xlser.toml, and what is said when it is nowhere."""

import os
from pathlib import Path

import pytest

from xlser.corpora import find_root, get_corpus, locate, locate_all, other_roots
from xlser.errors import CorpusNotFoundError, SettingsError, UnknownNameError
from xlser.settings import Settings

EMODB = get_corpus("emodb")
EMOVO = get_corpus("emovo")


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def configure(text: str) -> None:
    Path("xlser.toml").write_text(text, encoding="utf-8")


def test_option_names_the_folder_of_corpora(tmp_path: Path) -> None:
    root = folder(tmp_path / "data/emodb")
    assert locate(EMODB, Settings.gather(data=tmp_path / "data")) == root


def test_environment_names_the_folder_of_corpora(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "data/emodb")
    monkeypatch.setenv("XLSER_DATA", str(tmp_path / "data"))
    assert locate(EMODB, Settings.gather()) == root


def test_option_is_stronger_than_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strong, _ = folder(tmp_path / "option/emodb"), folder(tmp_path / "environment/emodb")
    monkeypatch.setenv("XLSER_DATA", str(tmp_path / "environment"))
    assert locate(EMODB, Settings.gather(data=tmp_path / "option")) == strong


def test_environment_serves_where_the_option_lacks_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = folder(tmp_path / "environment/emodb"), folder(tmp_path / "option/emovo")
    monkeypatch.setenv("XLSER_DATA", str(tmp_path / "environment"))
    assert locate(EMODB, Settings.gather(data=tmp_path / "option")) == root


def test_the_environment_names_several_folders_and_the_first_that_has_the_corpus_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = folder(tmp_path / "first/emovo"), folder(tmp_path / "second/emovo")
    only = folder(tmp_path / "second/emodb")
    monkeypatch.setenv("XLSER_DATA", os.pathsep.join(map(str, [first.parent, second.parent])))
    settings = Settings.gather()
    assert locate(EMODB, settings) == only
    assert locate(EMOVO, settings) == first
    assert other_roots(EMOVO, settings) == [second]
    assert other_roots(EMODB, settings) == []


def test_a_folder_that_is_not_there_is_named_among_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = folder(tmp_path / "there")
    monkeypatch.setenv("XLSER_DATA", f"{there}{os.pathsep}{tmp_path / 'absent'}")
    with pytest.raises(SettingsError, match=r"absent .*is not a folder"):
        Settings.gather()


def test_one_message_names_all_corpora_that_are_missing(tmp_path: Path) -> None:
    found = folder(tmp_path / "data/emodb")
    settings = Settings.gather(data=tmp_path / "data")
    assert locate_all([EMODB], settings) == {"emodb": found}
    with pytest.raises(CorpusNotFoundError) as error:
        locate_all([EMODB, EMOVO, get_corpus("shemo")], settings)
    problem = error.value.problem
    assert problem.startswith("2 corpora were not found")
    assert all(fact in problem for fact in ("emovo", EMOVO.homepage, "shemo", EMOVO.licence))
    assert "emodb, german" not in problem
    with pytest.raises(CorpusNotFoundError, match=r"\(emovo, italian\) was not found"):
        locate_all([EMODB, EMOVO], settings)


def test_folder_written_for_the_corpus_is_strongest(tmp_path: Path) -> None:
    own, _ = folder(tmp_path / "own"), folder(tmp_path / "data/emodb")
    configure(f'[corpora]\nemodb = "{own.as_posix()}"')
    assert locate(EMODB, Settings.gather(data=tmp_path / "data")) == own


def test_folder_written_for_the_corpus_is_not_passed_over_when_it_is_gone(tmp_path: Path) -> None:
    folder(tmp_path / "data/emodb")
    configure('[corpora]\nemodb = "gone"')
    with pytest.raises(CorpusNotFoundError, match="gone"):
        locate(EMODB, Settings.gather(data=tmp_path / "data"))


def test_relative_folder_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    root = folder(tmp_path / "project/speech/emodb")
    (tmp_path / "project/xlser.toml").write_text('[corpora]\nemodb = "speech/emodb"')
    settings = Settings.gather(folder=tmp_path / "project")
    assert locate(EMODB, settings).samefile(root)


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XLSER_DATA", "~/data")
    folder(tmp_path / "data/emodb")
    assert locate(EMODB, Settings.gather()) == tmp_path / "data/emodb"
    configure('[corpora]\nemodb = "~/data/emodb"')
    assert Settings.gather().corpora["emodb"] == tmp_path / "data/emodb"


def test_file_in_the_place_of_the_folder_is_no_corpus(tmp_path: Path) -> None:
    folder(tmp_path / "data")
    (tmp_path / "data/emodb").write_text("an archive")
    assert find_root(EMODB, Settings.gather(data=tmp_path / "data")) is None


def test_message_says_where_was_looked_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("environment", "option"):
        (tmp_path / place).mkdir()
    monkeypatch.setenv("XLSER_DATA", str(tmp_path / "environment"))
    with pytest.raises(CorpusNotFoundError) as error:
        locate(EMODB, Settings.gather(data=tmp_path / "option"))
    assert f"looked in {tmp_path / 'option/emodb'} (--data or XLSER_DATA)" in error.value.problem
    assert f"looked in {tmp_path / 'environment/emodb'}" in error.value.problem
    configure('[corpora]\nemodb = "gone"')
    with pytest.raises(CorpusNotFoundError, match=r"gone \(\[corpora\] in xlser\.toml\)"):
        locate(EMODB, Settings.gather())


def test_message_says_when_no_place_was_named() -> None:
    with pytest.raises(CorpusNotFoundError, match="looked nowhere"):
        locate(EMODB, Settings.gather())


@pytest.mark.parametrize("name", ["cafe", "emodb", "emovo", "ravdess", "savee", "shemo", "tess"])
def test_message_says_what_to_get_and_how_to_lay_it_out(name: str) -> None:
    corpus = get_corpus(name)
    with pytest.raises(CorpusNotFoundError) as error:
        locate(corpus, Settings.gather())
    for fact in (corpus.homepage, corpus.licence, corpus.tree, "XLSER_DATA", "[corpora]"):
        assert fact in error.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "[corpora",  # not TOML
        '[corpora]\nemodb = ["a", "b"]',
        '[corpus]\nemodb = "a"',
        '[exclude]\nemodb = "03a01Fa"',  # a name, not a list of names
        'data = "/data"',
    ],
)
def test_unusable_file_is_named_with_what_it_may_hold(text: str) -> None:
    configure(text)
    with pytest.raises(SettingsError, match=r"xlser\.toml cannot be used") as error:
        Settings.gather()
    assert "[corpora]" in error.value.remedy
    assert "[exclude]" in error.value.remedy


def test_file_that_is_no_utf8_is_named() -> None:
    Path("xlser.toml").write_bytes(b'[corpora]\nemodb = "\xe9"')
    with pytest.raises(SettingsError, match=r"xlser\.toml cannot be used"):
        Settings.gather()


@pytest.mark.parametrize("section", ['[corpora]\nemobd = "a"', '[exclude]\nemobd = ["03a01Fa"]'])
def test_unknown_corpus_in_the_file_suggests_the_nearest(section: str) -> None:
    configure(section)
    with pytest.raises(UnknownNameError, match="Did you mean 'emodb'"):
        Settings.gather()


def test_unknown_corpus_in_an_exclusion_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'emodb'"):
        Settings.gather(exclude=["emobd/03a01Fa"])


@pytest.mark.parametrize("item", ["03a01Fa", "emodb/", "/03a01Fa", ""])
def test_exclusion_names_corpus_and_utterance(item: str) -> None:
    with pytest.raises(SettingsError, match="does not name an utterance"):
        Settings.gather(exclude=[item])


def test_exclusions_of_option_and_file_add_up() -> None:
    configure('[exclude]\nemodb = ["03a01Fa"]')
    settings = Settings.gather(exclude=["emodb/03a01Wa", "tess/OAF_*"])
    assert settings.exclude == {"emodb": ("03a01Fa", "03a01Wa"), "tess": ("OAF_*",)}


def test_unknown_corpus_suggests_the_nearest_and_lists_all() -> None:
    with pytest.raises(UnknownNameError) as error:
        get_corpus("emo-db")
    assert "Did you mean 'emodb'?" in error.value.remedy
    assert "shemo" in error.value.remedy
