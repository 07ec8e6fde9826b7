"""`xlser protocols freeze`, from corpora to a leaderboard, and what it refuses."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from xlser import registry
from xlser.cli import app
from xlser.corpora import TableCorpus, add_corpus, get_corpus
from xlser.errors import XlserError
from xlser.protocols import Protocol, load_manifest

BASE = ("--source", "demo-english", "--target", "my-sardinian")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of the demo's Italian: calm in place of neutral, no fear, an official split."""
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    demo = get_corpus("demo-italian")
    root = demo.packaged_root()
    assert root
    speakers = sorted({spoken.speaker for spoken in demo.published().values()})
    split = dict(zip(speakers, ["train"] * 5 + ["dev"] + ["test"] * 2, strict=True))
    rows = [
        {
            "path": path.relative_to(root).as_posix(),
            "speaker": spoken.speaker,
            "emotion": "calm" if spoken.emotion == "neutral" else spoken.emotion,
            "split": split[spoken.speaker],
        }
        for path in sorted(demo.walk(root))
        if (spoken := demo.published().get(demo.name_of(path))) and spoken.emotion != "fear"
    ]
    table = pd.DataFrame(rows)
    add_corpus(TableCorpus("my-sardinian", table, folder=root, language="sardinian"))
    return tmp_path


def xlser(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def freeze(*options: str, name: str = "sardinian") -> Protocol:
    xlser("protocols", "freeze", name, *BASE, *options)
    return load_manifest(Path(f"{name}.json"))


def test_from_corpora_to_a_leaderboard() -> None:
    printed = xlser(
        *("protocols", "freeze", "sardinian", *BASE, "--map", "my-sardinian:calm=neutral"),
        *("--seeds", "2", "--folds", "2", "--labels", "0", "10", "--reference", "svm"),
        *("--backbone", "logmel-functionals", "--about", "To Sardinian."),
    )
    protocol = load_manifest(Path("sardinian.json"))
    assert "sardinian (target, anger, happiness, neutral, sadness): my-sardinian" in printed
    assert "label budgets: 0, 10" in printed
    assert f"digest: {protocol.digest}" in printed
    assert "wrote sardinian.json; run it: xlser run METHOD --protocol sardinian.json" in printed

    shown = xlser("protocols", "sardinian.json")
    assert f"digest: {protocol.digest}" in shown
    assert "To Sardinian." in shown

    xlser("run", "svm", "logistic-regression", "--protocol", "sardinian.json", "--jobs", "1")
    page = Path("leaderboards/sardinian/README.md").read_text(encoding="utf-8")
    assert page.startswith("# sardinian (a protocol of one's own)")
    assert "| logistic-regression" in page
    assert "vs svm" in page
    assert "16 records: 0 rejected" in xlser("validate", "leaderboards")


def test_the_same_command_again_gives_the_same_file() -> None:
    first = freeze()
    content = Path("sardinian.json").read_bytes()
    assert freeze().digest == first.digest
    assert Path("sardinian.json").read_bytes() == content


def test_another_protocol_is_not_written_over_the_first() -> None:
    freeze()
    content = Path("sardinian.json").read_bytes()
    with pytest.raises(XlserError, match="exists and states another protocol"):
        freeze("--folds", "2")
    assert Path("sardinian.json").read_bytes() == content
    xlser("protocols", "freeze", "sardinian", *BASE, "--folds", "2", "--out", "two.json")
    assert load_manifest(Path("two.json")).folds == 2
    Path("other.json").write_text("not a manifest")
    with pytest.raises(XlserError, match=r"other\.json exists"):
        xlser("protocols", "freeze", "sardinian", *BASE, "--out", "other.json")


def test_every_option_is_part_of_the_protocol() -> None:
    plain = freeze()
    assert plain.target_classes == {"sardinian": ("anger", "happiness", "sadness")}
    assert (plain.folds, plain.seeds, plain.budgets) == (3, (0, 1, 2), (0, 25))
    assert plain.about == "English to Sardinian."
    assert plain.presentation.backbone is None
    options = {
        "classes": ("--classes", "anger", "sadness"),
        "rotating": ("--rule", "rotating"),
        "fixed": ("--rule", "fixed"),
        "random": ("--labelling", "random"),
        "labels": ("--labels", "0", "5"),
        "steps": ("--steps", "40"),
        "odd-steps": ("--steps", "30"),
        "seeds": ("--seeds", "1"),
    }
    frozen = {name: freeze(*given, name=name) for name, given in options.items()}
    assert frozen["classes"].classes == ("anger", "sadness")
    assert {name: frozen[name].folds for name in ("rotating", "fixed")} == {
        "rotating": 1, "fixed": 1,
    }  # fmt: skip
    assert [len(s.test) for s in frozen["fixed"].splits["my-sardinian"]] == [2, 2, 2]
    assert frozen["random"].labelling_rule == "random"
    assert frozen["labels"].budgets == (0, 5)
    assert frozen["steps"].schedule.steps == 40
    assert frozen["odd-steps"].schedule.batches_an_epoch(100) == 30
    assert frozen["seeds"].seeds == (0,)
    assert len({protocol.digest for protocol in frozen.values()}) == len(options)


def test_languages_stand_for_corpora_that_are_found() -> None:
    xlser("protocols", "freeze", "own", "--source", "demo-english", "--target", "sardinian")
    assert json.loads(Path("own.json").read_text())["languages"]["sardinian"] == ["my-sardinian"]


@pytest.mark.parametrize(
    ("options", "problem", "remedy"),
    [
        (("--source", "english", "--target", "my-sardinian"), "No corpus of english", "demo"),
        (("--source", "demo-english", "--target", "dutch"), "language of corpora that", "Known:"),
        (("--source", "demo-english", "--target", "demo-englis"), "", "Did you mean 'demo-eng"),
        (("--source", "demo-english", "--target", "demo-english"), "english is the", "Give"),
        ((*BASE, "--classes", "fear"), "lists no utterance of fear", "Choose classes"),
        ((*BASE, "--classes", "anger"), "1 of the classes in common", "Choose classes"),
        ((*BASE, "--folds", "9"), "8 speakers for 9 folds", "from 2 to 8"),
        ((*BASE, "--labels", "0", "900"), "900 labels", "Choose budgets up to"),
        ((*BASE, "--rule", "loso"), "rule is 'loso'", "kfold, rotating, fixed"),
        ((*BASE, "--map", "my-sardinian:calm=peace"), "which is not among the classes", "anger"),
        ((*BASE, "--map", "calm=neutral"), "", "corpus:emotion=class"),
    ],
)  # fmt: skip
def test_what_cannot_be_frozen(options: tuple[str, ...], problem: str, remedy: str) -> None:
    result = CliRunner().invoke(app, ["protocols", "freeze", "own", *options])
    said = f"{result.exception}{result.output}"
    assert result.exit_code != 0
    assert problem in said
    assert remedy in said
    assert not Path("own.json").exists()


@pytest.mark.parametrize("name", ["v1", "no/name", ""])
def test_names_that_cannot_be_taken(name: str) -> None:
    with pytest.raises(XlserError):
        xlser("protocols", "freeze", name, *BASE)
    assert not list(Path().glob("*.json"))


def test_protocols_of_one_name_in_two_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, seeds in ((tmp_path / "first", "1"), (tmp_path / "second", "2")):
        folder.mkdir()
        monkeypatch.chdir(folder)
        freeze(
            *("--seeds", seeds, "--folds", "2", "--labels", "10", "--reference", "svm"),
            *("--backbone", "logmel-functionals", "--map", "my-sardinian:calm=neutral"),
        )
        xlser("run", "svm", "--protocol", "sardinian.json", "--jobs", "1")
        assert f"{2 * int(seeds)} records: 0 rejected" in xlser("validate", "leaderboards")
