"""docs/corpora.md: its table is that of the adapters, its code runs, its options exist."""

import re
import tomllib
from pathlib import Path

import pytest
from tests import trees
from typer.testing import CliRunner

from xlser.cli import app
from xlser.corpora import corpus_names, get_corpus, scan
from xlser.corpora.hub import CAMEO
from xlser.settings import Config

TEXT = (Path(__file__).parents[2] / "docs/corpora.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_table_of_corpora_is_that_of_the_adapters() -> None:
    row = r"^\| `([a-z]+)` \| (\w+) \| (\d+) \| (\d+) \| ([^|]+) \|"
    listed = {found[0]: found[1:] for found in re.findall(row, TEXT, re.MULTILINE)}
    assert set(listed) == {name for name in corpus_names() if not name.startswith("demo-")}
    for name, (language, files, speakers, licence) in listed.items():
        corpus = get_corpus(name)
        published = corpus.published().values()
        assert language.lower() == corpus.language
        assert int(files) == (len(published) or corpus.files)
        assert name == "subesco" or int(speakers) == len({spoken.speaker for spoken in published})
        assert corpus.licence.startswith(licence.split(",")[0].strip())


def test_defects_are_all_named() -> None:
    for name in ("cremad", "banglaser"):
        for defect in get_corpus(name).defects:
            take, _, emotion = defect.removesuffix("_XX").rpartition("_")
            assert f"`{defect}`" in TEXT or (take in TEXT and f"`{emotion}`" in TEXT)


def test_parts_of_cameo_are_all_named() -> None:
    assert all(f"`{part}`" in TEXT for part in CAMEO)


def test_fetchable_corpora_are_all_named() -> None:
    section = TEXT[TEXT.index("| fetched |") : TEXT.index("A download that breaks off")]
    fetchable = {c.name for c in map(get_corpus, corpus_names()) if c.download}
    assert set(re.findall(r"`([a-z]+)`", section)) == fetchable


def test_class_of_a_plugin_reads_its_files(tmp_path: Path) -> None:
    (code,) = [block for block in blocks("python") if "class Mine" in block]
    scope: dict[str, object] = {}
    exec(code, scope)
    root = trees.plant(tmp_path / "mine", ["ann_anger_01.wav", "bob_calm_02.wav"])
    utterances = scan(scope["Mine"](), root).utterances
    assert [(u.speaker, u.gender, u.emotion) for u in utterances] == [
        ("ann", "female", "anger"),
        ("bob", "male", "calm"),
    ]


def test_notebook_code_and_section_of_xlser_toml_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("path,speaker,emotion\na.wav,ann,thymos\n")
    (code,) = [block for block in blocks("python") if "add_corpus" in block]
    exec(code.replace('"mine", "mine.csv"', '"of-docs", "mine.csv"'), {})
    assert get_corpus("of-docs").published()["a"].emotion == "anger"
    for block in blocks("toml"):
        if block.startswith("[corpora"):
            Config.model_validate(tomllib.loads(block))


@pytest.mark.parametrize("command", ["add", "fetch", "check"])
def test_options_named_exist(command: str) -> None:
    text = CliRunner().invoke(app, ["corpora", command, "--help"], env={"COLUMNS": "200"}).output
    used = [
        option
        for block in blocks("sh")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith(f"xlser corpora {command}")
        for option in re.findall(r"--[a-z-]+", line)
    ]
    assert all(option in text for option in used)
    assert used or command == "check"
