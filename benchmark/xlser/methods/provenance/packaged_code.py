"""The code of an installed method: a digest of its module and of those of its package it imports.

Two versions of a package may bear the same number, and a checkout may differ from both. The digest
is of the sources' syntax, without docstrings: comments, spaces and line breaks do not change it,
nor does the version of Python. Nothing is imported.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint
from importlib.util import resolve_name
from pathlib import Path

from xlser import registry
from xlser.errors import XlserError
from xlser.methods.provenance.sources import source_of
from xlser.system.files import digest_json


def packaged_code(name: str) -> str | None:
    """Return the SHA-256, in hex, of the code of an installed method; None without source.

    It covers the module of its class, and the modules of the same top-level package that this
    imports, directly or through others. Not covered: other packages, whose versions and commits
    records state.

    Args:
        name: under which a package registers the method.
    """
    try:
        point = registry.entry_point("xlser.methods", name)
    except XlserError:
        return None
    return _digest(point)


@cache
def _digest(point: EntryPoint) -> str | None:
    top = point.module.partition(".")[0]
    trees: dict[str, object] = {}
    found = [point.module]
    while found:
        module = found.pop()
        if module in trees:
            continue
        try:
            path = source_of(module)
            tree = ast.parse(path.read_bytes())
        except (ImportError, OSError, SyntaxError, ValueError):
            if module == point.module:
                return None
            continue  # `from package import name`: the name is no module
        trees[module] = syntax(tree)
        found += [n for n in _imported(tree, _package(module, path)) if n.partition(".")[0] == top]
    return digest_json(trees)


def _package(module: str, path: Path) -> str:
    return module if path.stem == "__init__" else module.rpartition(".")[0]


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the modules that a module imports, and names of theirs that may be modules."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                named = "." * level + (module or "")
                start = resolve_name(named, package) if level else named
                yield start
                yield from (f"{start}.{alias.name}" for alias in names)


def syntax(node: object) -> object:
    """Return syntax as JSON: types and what they hold, without docstrings and positions.

    What is empty is left out, so that fields that a later Python adds change nothing.
    """
    if isinstance(node, ast.AST):
        fields = {name: syntax(_without_docstring(node, name)) for name in node._fields}
        held = {name: value for name, value in fields.items() if value not in (None, [])}
        return [type(node).__name__, held]
    if isinstance(node, list):
        return [syntax(part) for part in node]
    return node if node is None else repr(node)


def _without_docstring(node: ast.AST, field: str) -> object:
    value = getattr(node, field, None)
    match value:
        case [ast.Expr(value=ast.Constant(value=str())), *rest] if field == "body":
            return rest
    return value
