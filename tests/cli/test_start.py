"""What commands that train nothing must not wait for: torch and its like take seconds to import."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.cli.commands import xlser
from tests.packages import FAULTY, install

HEAVY = {"datasets", "matplotlib", "pandas", "pyarrow", "scipy", "sklearn", "torch", "torchaudio"}
LIGHT = {"numpy", "pydantic", "rich", "tabulate"}  # a tenth of a second each
RECORDS = Path(__file__).parents[2] / "leaderboards" / "agarla2022-4" / "results"

TELL = """
import json, sys
from xlser.cli import main
try:
    main()
finally:
    json.dump(list(sys.modules), open("modules.json", "w"))
"""


def imported(folder: Path, *args: str) -> set[str]:
    """The packages that a command imports."""
    command = [sys.executable, "-c", TELL, *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads((folder / "modules.json").read_text())}


@pytest.mark.parametrize("args", [["--help"], ["--version"]])
def test_help_imports_the_command_line_alone(args: list[str], tmp_path: Path) -> None:
    assert not (HEAVY | LIGHT) & imported(tmp_path, *args)


@pytest.mark.parametrize(
    "args",
    [
        ["run", "--help"],
        ["plan", "--help"],
        ["methods"],
        ["methods", "--json"],
        ["methods", "show", "svm"],
        ["corpora"],
        ["corpora", "--json"],
        ["corpora", "check", "demo-german"],
        ["new-method", "my-method"],
    ],
)
def test_what_trains_nothing_imports_nothing_heavy(args: list[str], tmp_path: Path) -> None:
    assert not HEAVY & imported(tmp_path, *args)


def test_a_leaderboard_without_pictures_imports_neither_torch_nor_matplotlib(
    tmp_path: Path,
) -> None:
    (tmp_path / "leaderboards/agarla2022-4").mkdir(parents=True)
    for name in ("results", "encoders.json"):
        (tmp_path / "leaderboards/agarla2022-4" / name).symlink_to(RECORDS.with_name(name))
    assert HEAVY & imported(tmp_path, "leaderboard") == {"pandas", "pyarrow", "scipy"}


def test_a_stranger_whose_source_says_it_all_is_listed_without_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of its methods whose sources do not are imported, and so torch is."""
    site = install(FAULTY, tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", str(site))
    assert not HEAVY & imported(tmp_path, "methods", "show", "uniform")
    assert "torch" in imported(tmp_path, "methods")


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert xlser("--version", folder=tmp_path).stdout == f"xlser {version('xlser')}\n"


def test_a_worker_starts_without_pandas_and_datasets() -> None:
    code = (
        "import sys, xlser.runs.jobs as _; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & {*done.stdout.split()} == {"pyarrow", "torch", "torchaudio"}
