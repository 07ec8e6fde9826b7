"""docs/your-language.md: its commands and its notebook, as they stand there, in an empty folder."""

import json
import re
import shlex
from pathlib import Path

import nbformat
import pytest
import soundfile
from nbclient import NotebookClient
from tests import trees
from tests.cli.commands import xlser
from typer.testing import CliRunner

from xlser.cli import app
from xlser.corpora import get_corpus
from xlser.protocols import load_manifest
from xlser.records.store import read_runs

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "your-language.md").read_text(encoding="utf-8")
METHODS = {"lower-bound", "upper-bound", "sft", "svm", "logistic-regression"}
SPEAKERS = {"Ana": 4, "José": 3, "Luis": 3}  # recordings of each emotion
LABELS = {"enfado": "anger", "alegría": "happiness", "tristeza": "sadness", "neutro": "neutral"}


def blocks() -> list[list[str]]:
    """Return the commands of each block of the page."""
    found = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return [block.replace("\\\n", " ").splitlines() for block in found]


PACKAGED, REAL, TABLE = blocks()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty recordings of three speakers, as the page has them: the demo's Italian, renamed."""
    demo = get_corpus("demo-italian")
    root = demo.packaged_root()
    assert root
    spoken = demo.published()
    actors = sorted({s.speaker for s in spoken.values()})
    by_name = {demo.name_of(path): path for path in demo.walk(root)}
    for (speaker, count), actor in zip(SPEAKERS.items(), actors, strict=False):
        for label, emotion in LABELS.items():
            names = sorted(
                n for n, s in spoken.items() if (s.speaker, s.emotion) == (actor, emotion)
            )
            for number in range(count):
                samples, rate = soundfile.read(by_name[names[number % len(names)]])
                samples = samples[number // len(names) * 100 :]  # no recording twice
                file = tmp_path / "speech" / speaker / label / f"{number + 1}.wav"
                trees.record(file, samples, rate)
    assert len(list(tmp_path.rglob("*.wav"))) == 40
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_table(folder: Path) -> None:
    """Write a table as the page describes it."""
    header = next(line for line in TEXT.splitlines() if line.startswith("archivo;"))
    lines = [header]
    for path in sorted(folder.rglob("*.wav")):
        speaker, label = path.parts[-3:-1]
        gender = "F" if speaker == "Ana" else "M"
        lines.append(f"{path.relative_to(folder).as_posix()};{speaker};{label};{gender};31")
    (folder / "recordings.csv").write_text("\n".join(lines), encoding="utf-8-sig")


def follow(commands: list[str], folder: Path, cache: Path) -> None:
    """Run commands as a shell would."""
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "xlser"
        done = xlser(*arguments, folder=folder, XLSER_CACHE=str(cache))
        assert done.returncode == 0, done.stdout + done.stderr


def require_records(folder: Path) -> None:
    """Require records of the five methods under every seed and fold."""
    protocol = json.loads((folder / "leaderboards/spanish/protocol.json").read_text())
    assert set(protocol["languages"]) == {"english", "spanish"}
    assert protocol["budgets"] == [0, 12]
    runs = read_runs(folder / "leaderboards/spanish/results").frame
    assert set(runs["method"]) == METHODS
    cells = len(protocol["seeds"]) * protocol["folds"]
    assert len(runs) == cells * (2 + 2 + 1 + 1 + 1)  # svm, logistic regression; sft; bounds


def require_leaderboard(folder: Path) -> None:
    """Require a complete leaderboard of the five methods."""
    require_records(folder)
    page = (folder / "leaderboards/spanish/README.md").read_text(encoding="utf-8")
    assert "Guessing gives 25.0 % (4 classes: Spanish) of both." in page
    for method in METHODS:
        assert re.search(rf"\| {method} +(†|\|)", page), method


def test_no_way_takes_more_than_four_commands() -> None:
    assert [len(block) for block in (PACKAGED, REAL, TABLE)] == [3, 4, 3]


def test_forty_files_become_a_leaderboard(folder: Path, demo_cache: Path) -> None:
    follow(PACKAGED, folder, demo_cache)
    require_leaderboard(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "leaderboards", "my-spanish.csv", "spanish.json", "speech", "xlser.toml",
    ]  # fmt: skip


def test_a_table_becomes_a_leaderboard(folder: Path, demo_cache: Path) -> None:
    write_table(folder)
    follow(TABLE, folder, demo_cache)
    require_leaderboard(folder)
    stated = (folder / "xlser.toml").read_text(encoding="utf-8")
    assert 'speaker = "hablante"' in stated


def test_a_notebook_leads_to_a_leaderboard(
    folder: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(demo_cache / name))
    notebook = nbformat.read(DOCS / "notebooks/your-language.ipynb", as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=600, resources=resources).execute()
    require_records(folder)
    (shown,) = [o for o in notebook.cells[-1]["outputs"] if o.output_type == "execute_result"]
    assert all(method in shown["data"]["text/html"] for method in METHODS)


def test_the_python_of_the_page_is_that_of_the_notebook() -> None:
    notebook = nbformat.read(DOCS / "notebooks/your-language.ipynb", as_version=4)
    cells = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    shown = {line for line in code.splitlines() if line and "xlser.run" not in line}
    assert shown <= set(cells.splitlines())


def test_with_ravdess_all_but_the_download_is_checked(
    folder: Path,
) -> None:
    """What `fetch` leaves is put there; tests/corpora/test_fetch.py downloads."""
    names = sorted(get_corpus("ravdess").published())
    trees.plant(folder / "data/ravdess", [f"Actor_{n[-2:]}/{n}.wav" for n in names])
    (folder / "xlser.toml").write_text('[corpora]\nravdess = "data/ravdess"\n', encoding="utf-8")
    fetched, added, frozen, run = REAL
    assert fetched.startswith("xlser corpora fetch ravdess --accept-licence ravdess")
    for command in (added, frozen):
        result = CliRunner().invoke(app, shlex.split(command)[1:])
        assert result.exit_code == 0, result.output
    protocol = load_manifest(folder / "spanish.json")
    assert protocol.languages == {"english": ("ravdess",), "spanish": ("my-spanish",)}
    assert protocol.presentation.backbone == "audiontt-512"
    plan = CliRunner().invoke(app, ["plan", *shlex.split(run)[2:], "--weights", "random"])
    assert "63 runs to do" in plan.output


@pytest.mark.usefixtures("folder")
def test_english_that_is_not_there_is_asked_for() -> None:
    added, frozen = (shlex.split(command)[1:] for command in REAL[1:3])
    assert CliRunner().invoke(app, added).exit_code == 0
    error = CliRunner().invoke(app, frozen).exception
    assert "No corpus of english is found here" in str(error)
    assert "demo-english" in str(error)
    assert not Path("spanish.json").exists()
