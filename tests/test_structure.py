"""The shape of the suite: rooms that one person can hold in mind, and no circles."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmark"
PACKAGES = ("xlser", "xlser_agarla2022", "xlser_corpora", "xlser_emobox", "xlser_protocols")
FOLDERS = sorted({path.parent for name in PACKAGES for path in (BENCHMARK / name).rglob("*.py")})
LINES_OF_A_ROOM, LINES_OF_A_MODULE, FILES_OF_A_LEVEL = 2000, 400, 12


def code_lines(path: Path) -> int:
    """Return how many lines of a module hold code: no blanks, comments or docstrings."""
    text = path.read_text(encoding="utf-8")
    documentation: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            documentation.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(
        1
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.strip().startswith("#") and number not in documentation
    )


def rooms() -> Counter[str]:
    """Return the lines of code of each package below `xlser`."""
    lines: Counter[str] = Counter()
    for path in (BENCHMARK / "xlser").rglob("*.py"):
        lines[path.relative_to(BENCHMARK / "xlser").parts[0]] += code_lines(path)
    return lines


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of the suite that a module imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(BENCHMARK).with_suffix("").parts).removesuffix(".__init__")


def test_no_room_holds_more_than_two_thousand_lines_of_code() -> None:
    assert {room: n for room, n in rooms().items() if n > LINES_OF_A_ROOM} == {}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: str(f.relative_to(BENCHMARK)))
def test_a_level_has_at_most_twelve_files_and_no_module_over_400_lines(folder: Path) -> None:
    modules = sorted(folder.glob("*.py"))
    assert len(modules) <= FILES_OF_A_LEVEL
    long = {
        path.name: lines
        for path in modules
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LINES_OF_A_MODULE
    }
    assert long == {}


def test_no_module_imports_itself_through_others() -> None:
    paths = {module_of(p): p for name in PACKAGES for p in (BENCHMARK / name).rglob("*.py")}
    packages = {name for name, path in paths.items() if path.name == "__init__.py"}
    # An `__init__` that gathers what its package offers is no station on the way.
    graph = {
        name: {m for m in imports(path) if m in paths and m != name and m not in packages}
        for name, path in paths.items()
        if name not in packages
    }
    finished: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in finished:
            for other in sorted(graph[name]):
                visit(other, (*way, name))
            finished.add(name)

    for name in sorted(graph):
        visit(name, ())
