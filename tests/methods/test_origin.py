"""Classes that no package registers: known by their code, and sent by value."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from xlser.methods import Method, get_method
from xlser.methods.origin import NOT_PACKAGED, code_of, is_packaged, package_of
from xlser.methods.registry import resolve_method
from xlser.methods.transport import arrived, carried

CODE = """
    from __future__ import annotations
    from typing import Literal
    from xlser.methods import Method

    FACTOR = 2
    UNUSED = 3

    def helper(value):
        return FACTOR * value

    def unused(value):
        return value

    class Base(Method):
        target_labels = "none"
        citation = "nobody"
        kind: Literal["a", "b"] = "a"

    class Mine(Base):
        def fit(self, task):
            return [helper(value) for value in task]
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    count = 0

    def write(old: str = "", new: str = "") -> type[Method]:
        nonlocal count
        count += 1
        assert old in CODE
        path = tmp_path / f"origin_{count}.py"
        path.write_text(dedent(CODE.replace(old, new)))
        return resolve_method(f"{path}:Mine")[0]

    monkeypatch.setattr("sys.path", [*sys.path])
    return write


def test_a_registered_class_is_packaged_and_has_no_code() -> None:
    svm = get_method("svm")
    assert is_packaged(svm)
    assert package_of(svm).startswith("xlser ")
    assert code_of(svm) == ""
    assert carried(svm) == "svm"
    assert arrived("svm") is svm


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("helper(value) for", "helper(value + 1) for"),
        ("return FACTOR * value", "return FACTOR + value"),
        ("FACTOR = 2", "FACTOR = 4"),
        ('kind: Literal["a", "b"] = "a"', 'kind: Literal["a", "b"] = "b"'),
    ],
)
def test_other_code_has_another_digest(written, old: str, new: str) -> None:
    assert package_of(written()) == NOT_PACKAGED
    assert code_of(written()) == code_of(written())
    assert code_of(written(old, new)) != code_of(written())


@pytest.mark.parametrize(
    ("old", "new"), [("UNUSED = 3", "UNUSED = 4"), ("    return value\n", "    return 1\n")]
)
def test_code_that_it_does_not_use_does_not_count(written, old: str, new: str) -> None:
    assert code_of(written(old, new)) == code_of(written())


def test_a_class_without_source_is_known_by_its_bytecode() -> None:
    def made(code: str) -> type[Method]:
        names: dict[str, type[Method]] = {}
        exec(
            compile(dedent(CODE.replace("[helper(value) ", f"[{code} ")), "<nowhere>", "exec"),
            names,
        )
        return names["Mine"]

    assert code_of(made("value + 1")) == code_of(made("value + 1"))
    assert code_of(made("value + 1")) != code_of(made("value + 2"))


ELSEWHERE = """
import sys
from xlser.methods.transport import arrived
kind = arrived(sys.stdin.buffer.read())
assert kind(kind="b").settings() == {"kind": "b"}
print(kind().fit([1, 2]))
"""


def test_a_class_arrives_with_what_it_uses_and_its_settings(written, tmp_path: Path) -> None:
    sent = carried(written())
    assert isinstance(sent, bytes)
    there = [sys.executable, "-c", ELSEWHERE]
    done = subprocess.run(there, input=sent, cwd="/", capture_output=True, check=True)
    assert done.stdout == b"[2, 4]\n"


def test_a_class_without_a_name_is_called_by_its_class_name(written) -> None:
    assert written().name == "Mine"
