"""What a record says of where and with what a run was made."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from xlser.runs.environment import describe

CPU = torch.device("cpu")


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def package(folder: Path, name: str) -> Path:
    module = folder / name / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("ANSWER = 42\n")
    return module


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init", "--quiet")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_the_commit_of_a_package_that_runs_from_a_checkout_is_stated(checkout: Path) -> None:
    package(checkout, "committed_package")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "a method")
    __import__("committed_package")
    stated = describe(CPU, "committed_package").git
    assert stated["committed_package"] == git(checkout, "rev-parse", "HEAD")


def test_changes_since_the_commit_are_stated(checkout: Path) -> None:
    module = package(checkout, "changed_package")
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "a method")
    module.write_text("ANSWER = 41\n")
    __import__("changed_package")
    commit = git(checkout, "rev-parse", "HEAD")
    assert describe(CPU, "changed_package").git["changed_package"] == f"{commit} with changes"


def test_a_package_that_git_does_not_track_has_no_commit(checkout: Path) -> None:
    """Say, one installed into an environment that lies in somebody's checkout."""
    (checkout / "README.md").touch()
    git(checkout, "add", ".")
    git(checkout, "commit", "--quiet", "-m", "something else")
    package(checkout, "untracked_package")
    __import__("untracked_package")
    assert "untracked_package" not in describe(CPU, "untracked_package").git


_HOARD = """
import torch
from xlser.runs.environment import forget_peak_memory, peak_memory

cpu = torch.device("cpu")
hoard = b"x" * (512 << 20)
print(peak_memory(cpu)["host"])
del hoard
forget_peak_memory(cpu)
print(peak_memory(cpu)["host"])
hoard = b"x" * (256 << 20)
print(peak_memory(cpu)["host"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the most since the start is told")
def test_peak_memory_is_that_since_it_was_forgotten() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HOARD], check=True, capture_output=True, text=True
    )
    before, forgotten, again = map(int, done.stdout.split())
    assert before - forgotten > 400
    assert 200 < again - forgotten < 400
