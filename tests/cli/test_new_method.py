"""`xlser new-method`: what it writes is installed, tested and run as its reader would do it."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from tests.cli.commands import xlser
from tests.packages import install
from typer.testing import CliRunner

from xlser.cli import app
from xlser.conformance import check_method
from xlser.errors import PluginError
from xlser.methods import resolve_method


def invoke(*args: str) -> Result:
    return CliRunner().invoke(app, ["new-method", *args], catch_exceptions=False)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    assert invoke("margin-of-doubt", "--folder", str(folder)).exit_code == 0
    return folder / "margin-of-doubt"


@pytest.fixture(scope="module")
def environment(package: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the package is installed."""
    site = install(package, tmp_path_factory.mktemp("site"))
    return {"PYTHONPATH": str(site)}


def test_it_writes_a_package_of_source_tests_and_entry_point(package: Path) -> None:
    written = {str(p.relative_to(package)) for p in package.rglob("*") if p.is_file()}
    module = "xlser_margin_of_doubt"
    assert written == {
        ".github/workflows/check.yml",
        "README.md",
        "pyproject.toml",
        f"src/{module}/__init__.py",
        f"tests/test_{module}.py",
    }
    facts = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert facts["entry-points"]["xlser.methods"] == {"margin-of-doubt": f"{module}:MarginOfDoubt"}
    source = (package / f"src/{module}/__init__.py").read_text()
    assert len(source.splitlines()) <= 35
    (kind,) = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    assert kind.name == "MarginOfDoubt"
    for text in package.rglob("*.*"):
        assert text.is_dir() or "$" not in text.read_text()


def test_with_sklearn_it_writes_a_classifier_that_keeps_the_contract(tmp_path: Path) -> None:
    folder = ("--folder", str(tmp_path))
    assert invoke("shrunken-means", "--sklearn", *folder).exit_code == 0
    package = tmp_path / "shrunken-means"
    facts = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    assert facts["dependencies"] == ["xlser", "scikit-learn"]
    assert "edit its classifier" in (package / "README.md").read_text()
    source = package / "src/xlser_shrunken_means/__init__.py"
    assert len(source.read_text().splitlines()) <= 50
    for text in package.rglob("*.*"):
        assert text.is_dir() or "$" not in text.read_text()
    kind, _ = resolve_method(f"{source}:ShrunkenMeans")
    assert kind().settings() == {"standardisation": "language", "shrinkage": 0.5}
    report = check_method(kind)
    assert report.passed, str(report)


def test_its_readme_names_the_three_commands(package: Path) -> None:
    readme = (package / "README.md").read_text()
    for command in ("pip install -e ", "\npytest ", "\nxlser run margin-of-doubt sft "):
        assert command in readme


def test_its_workflow_runs_commands_that_its_readme_names(package: Path) -> None:
    workflow = yaml.safe_load((package / ".github/workflows/check.yml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert commands == ["uv pip install --torch-backend cpu -e '.[tests]'", "pytest", "xlser check"]
    readme = (package / "README.md").read_text()
    assert "\npytest " in readme
    assert "\nxlser check " in readme


def test_its_tests_pass_as_written(
    package: Path, environment: dict[str, str], demo_cache: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=package,
        env={**os.environ, **environment, "XLSER_CACHE": str(demo_cache)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_it_runs_by_name_once_installed(
    environment: dict[str, str], tmp_path: Path, demo_cache: Path
) -> None:
    asked = ["run", "margin-of-doubt", "sft", "--seeds", "0", "--target", "german"]
    done = xlser(*asked, folder=tmp_path, XLSER_CACHE=str(demo_cache), **environment)
    assert done.returncode == 0, done.stderr
    assert "| margin-of-doubt " in done.stdout
    assert "| sft " in done.stdout


def test_its_results_are_checked_against_its_reference(
    environment: dict[str, str], tmp_path: Path, demo_cache: Path
) -> None:
    """The commands that its README gives."""
    where = {"folder": tmp_path, "XLSER_CACHE": str(demo_cache), **environment}
    asked = ["run", "margin-of-doubt", "--target", "german", "--seeds", "0", "--repeats", "10"]
    made = xlser(*asked, "--leaderboards", "reference", **where)
    assert made.returncode == 0, made.stderr
    checked = xlser("check", **where)
    assert checked.returncode == 0, checked.stdout
    assert "figures compared: all hold." in checked.stdout


def test_a_name_of_an_installed_plugin_is_taken(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(environment["PYTHONPATH"])
    with pytest.raises(PluginError, match="taken by an installed package"):
        invoke("margin-of-doubt", "--folder", str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["sft", "baselines"])  # a method's; xlser_baselines is a module
def test_a_name_of_the_suite_is_taken(name: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="taken"):
        invoke(name, "--folder", str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["", "Mine", "my_method", "my--method", "my-", "2-fast", "../mine", "a/b", "mine "]
)
def test_a_name_that_is_not_lower_case_with_hyphens_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="is not a name for a method"):
        invoke(name, "--folder", str(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", ["folder", "file"])
def test_what_is_there_is_never_overwritten(there: str, tmp_path: Path) -> None:
    existing = tmp_path / "mine"
    existing.mkdir() if there == "folder" else existing.write_text("dear")
    with pytest.raises(PluginError, match="exists already"):
        invoke("mine", "--folder", str(tmp_path))
    assert existing.read_text() == "dear" if there == "file" else not list(existing.iterdir())


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    assert invoke("mine", "--folder", str(tmp_path / "work" / "methods")).exit_code == 0
    assert (tmp_path / "work/methods/mine/pyproject.toml").is_file()
