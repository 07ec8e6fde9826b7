"""Examples in docstrings give what they state; those that train are skipped by a directive."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import xlser

ROOT = Path(xlser.__path__[0])
MODULES = [
    ".".join(["xlser", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
    for path in sorted(ROOT.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tried = doctest.testmod(import_module(module))
    assert tried.failed == 0
