"""Prints twenty public docstrings and ten error messages, drawn by a seed, to be read by people.

    python -m tests.tools.prose_sample [SEED]

Messages are printed as they stand in the source, with `{...}` for what is filled in.
"""

import ast
import random
import sys
from collections.abc import Iterator
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmark"
DOCSTRINGS, MESSAGES = 20, 10

Documented = ast.Module | ast.ClassDef | ast.FunctionDef


def docstrings(tree: ast.Module, where: str) -> Iterator[str]:
    """Yield the docstrings of a module that a reader of the docs meets."""
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            name = getattr(node, "name", "")
            if not name.startswith("_"):
                yield f"{where} {name}\n{text}"


def messages(tree: ast.Module, where: str) -> Iterator[str]:
    """Yield problem and remedy of each error that a module makes."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=kind), args=[problem, remedy]) if kind.endswith("Error"):
                yield f"{where} {kind}\n{_text(problem)}\n{_text(remedy)}"


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(map(_text, node.values))
        case ast.BinOp():
            return _text(node.left) + _text(node.right)
        case _:
            return "{...}"


def main(seed: int = 0) -> None:
    found: tuple[list[str], list[str]] = ([], [])
    for path in sorted(BENCHMARK.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = str(path.relative_to(BENCHMARK))
        for of, read in zip(found, (docstrings, messages), strict=True):
            of.extend(read(tree, where))
    draw = random.Random(seed)
    for of, count in zip(found, (DOCSTRINGS, MESSAGES), strict=True):
        print("\n\n".join(draw.sample(of, count)), end="\n\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
