"""Where a method's class comes from: an installed package, or code that nobody packaged.

A class that no package registers may be defined in a notebook or in a file of the working folder.
Its name says little about its code, so that a digest of its source is part of what its runs are
known by, and it travels to other processes by value (cloudpickle).
"""

import ast
import dis
import inspect
import json
import linecache
import sys
from collections.abc import Iterator
from functools import cache
from textwrap import dedent
from types import CodeType, FunctionType

from xlser import registry
from xlser.errors import PluginError, UnknownNameError
from xlser.methods.method import Method
from xlser.system.files import digest_json

NOT_PACKAGED = "not packaged"
"""What stands for the package of a class that no package registers."""


def is_packaged(method: type[Method]) -> bool:
    """Return whether an installed package registers this very class under its name."""
    try:
        registry.entry_point("xlser.methods", method.name)
        return registry.load_object("xlser.methods", method.name) is method
    except (AttributeError, PluginError, UnknownNameError):
        return False


def package_of(method: type[Method]) -> str:
    """Return `package version` of the package that registers a class, or `NOT_PACKAGED`."""
    packaged = is_packaged(method)
    return registry.package_of("xlser.methods", method.name) if packaged else NOT_PACKAGED


def reference_of(method: type[Method]) -> str | None:
    """Return what a command can call a class: its name, or `file.py:Class`; None in a notebook."""
    if is_packaged(method):
        return method.name
    file = getattr(sys.modules.get(method.__module__), "__file__", None)
    is_named = method.__qualname__.isidentifier() and method.__module__ != "__main__"
    return f"{file}:{method.__qualname__}" if file and is_named else None


@cache
def code_of(method: type[Method]) -> str:
    """Return the SHA-256, in hex, of the source of a class that is not packaged; "" for others.

    The source is that of the class, of its bases, and of the functions, classes and constants that
    it uses, as far as the same module or notebook defines them. Where there is no source (a class
    made by `exec`), Python's bytecode stands for it.
    """
    if is_packaged(method):
        return ""
    sources: dict[str, str] = {}
    found: list[tuple[str, object]] = [(method.__qualname__, method)]
    while found:
        name, thing = found.pop()
        if name not in sources:
            sources[name] = _source(thing)
            found += _uses(thing, method.__module__)
    return digest_json(sources)


def _source(thing: object) -> str:
    """Return the source of a class or function, or what stands for it; of a constant, its value."""
    if not isinstance(thing, type | FunctionType):
        return repr(thing)
    try:
        source = dedent(inspect.getsource(thing))
    except (OSError, TypeError):  # of a class in a notebook, or of what `exec` made
        source = next(filter(None, (_statement(thing, f) for f in _functions(thing))), "")
    code = [] if source else [_bytecode(function.__code__) for function in _functions(thing)]
    plain = {name: repr(value) for name, value in vars(thing).items() if _is_plain(name, value)}
    return json.dumps([source, code, plain], sort_keys=True)


def _statement(kind: type | FunctionType, function: FunctionType) -> str:
    """Return the class statement around a method, from the notebook's cell that it is in."""
    code = function.__code__
    lines = "".join(linecache.getlines(code.co_filename))
    try:
        statements = list(ast.walk(ast.parse(lines)))
    except SyntaxError:  # a cell with magics
        return lines
    around = [
        ast.get_source_segment(lines, node) or ""
        for node in statements
        if isinstance(node, ast.ClassDef)
        and node.name == kind.__name__
        and node.lineno <= code.co_firstlineno <= (node.end_lineno or 0)
    ]
    return around[-1] if around else ""


def _uses(thing: object, module: str) -> Iterator[tuple[str, object]]:
    """Yield what a class or function uses of the module it is defined in, by name."""
    if isinstance(thing, type):
        for base in thing.__mro__[1:]:
            if base.__module__ == module:
                yield base.__qualname__, base
    for function in _functions(thing):
        for name in sorted(_globals_of(function.__code__)):
            value = function.__globals__.get(name)
            if getattr(value, "__module__", None) == module or _is_plain(name, value):
                yield name, value


def _functions(thing: object) -> list[FunctionType]:
    members = list(vars(thing).values()) if isinstance(thing, type) else [thing]
    unwrapped = [getattr(member, "__func__", getattr(member, "fget", member)) for member in members]
    return [member for member in unwrapped if isinstance(member, FunctionType)]


def _globals_of(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    loaded = (i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")
    return set(loaded).union(*map(_globals_of, inner))


def _is_plain(name: str, value: object) -> bool:
    try:
        return not name.startswith("__") and value is not None and bool(json.dumps(value))
    except (TypeError, ValueError):
        return False


def _bytecode(code: CodeType) -> str:
    consts = [_bytecode(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return json.dumps([code.co_code.hex(), consts, code.co_names])
