"""Plugins: classes and functions that packages register through entry points, or users by hand.

Three ways lead to a plugin, in every group alike:

- its name, under which an installed package registers it (entry points);
- its name, under which `register` made it known in this process;
- `module:Class` or `file.py:Class`, which needs no package (`load_reference`).
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib import import_module, invalidate_caches, reload
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeVar

from xlser.errors import PluginError, UnknownNameError, XlserError
from xlser.system.files import working_folder

Group = Literal[
    "xlser.backbones",
    "xlser.corpora",
    "xlser.executors",
    "xlser.methods",
    "xlser.metrics",
    "xlser.pages",
    "xlser.protocols",
]

T = TypeVar("T")

_KIND: dict[Group, str] = {
    "xlser.backbones": "backbone",
    "xlser.corpora": "corpus",
    "xlser.executors": "executor",
    "xlser.methods": "method",
    "xlser.metrics": "metric",
    "xlser.pages": "page plugin",
    "xlser.protocols": "protocol",
}

_in_process: dict[tuple[Group, str], object] = {}
_sources: dict[str, bytes | None] = {}  # of modules that references named, as last imported


def names(group: Group) -> list[str]:
    """Return the names registered in `group`, sorted, without importing any plugin."""
    here = {name for of, name in _in_process if of == group}
    return sorted(here | _installed(group, tuple(sys.path)).keys())


def register(group: Group, name: str, plugin: object) -> None:
    """Make a plugin known by name, in this process alone.

    Args:
        group: entry-point group.
        name: by which it is found from now on; an earlier registration by hand is replaced.
        plugin: what an entry point would name.

    Raises:
        PluginError: an installed package registers that name.
    """
    if name in _installed(group, tuple(sys.path)):
        raise PluginError(
            f"Package {package_of(group, name)} registers the {_KIND[group]} {name!r} already.",
            "Give yours another name.",
        )
    _in_process[group, name] = plugin


def package_of(group: Group, name: str) -> str:
    """Return `package version` of the distribution that registers `name`.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: two packages claim the name.
    """
    distribution = entry_point(group, name).dist
    return _name_and_version(distribution) if distribution else "unknown"


def entry_point(group: Group, name: str) -> EntryPoint:
    """Return where the plugin that a package registers as `name` is.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: two packages claim the name.
    """
    found = _installed(group, tuple(sys.path)).get(name, ())
    if not found:
        raise UnknownNameError(_KIND[group], name, names(group))
    if len(found) > 1:
        claims = ", ".join(f"{p.dist.name if p.dist else '?'} ({p.value})" for p in found)
        raise PluginError(
            f"Several packages register the {_KIND[group]} {name!r}: {claims}.",
            "Uninstall all but one, or rename yours.",
        )
    return found[0]


def load(group: Group, name: str, base: type[T]) -> type[T]:
    """Import the class registered as `name`.

    Args:
        group: entry-point group.
        name: the name under which the class is registered.
        base: the contract the class must fulfil.

    Raises:
        UnknownNameError: nothing is registered under `name`.
        PluginError: two packages claim the name, its import fails, it is not a whole `base`, or it
            calls itself otherwise.
    """
    plugin, (owner, place) = load_object(group, name), _owner(group, name)
    whole = _whole(plugin, base, f"The {_KIND[group]} {name!r} of {owner}{place}")
    if getattr(whole, "name", None) != name:
        raise PluginError(
            f"{owner[0].upper()}{owner[1:]} registers the {_KIND[group]} {name!r}, but the class "
            f"calls itself {getattr(whole, 'name', None)!r}.",
            "Let the entry point and the class attribute `name` agree.",
        )
    return whole


def load_object(group: Group, name: str) -> object:
    """Import what is registered as `name`, whatever it is.

    Raises:
        UnknownNameError: nothing is registered under `name`.
        PluginError: two packages claim the name, or its import fails.
    """
    if (group, name) in _in_process:
        return _in_process[group, name]
    point = entry_point(group, name)
    package = package_of(group, name)
    try:
        return point.load()
    except (Exception, SystemExit) as cause:  # a stranger's module may raise anything
        lacking = cause.name if isinstance(cause, ModuleNotFoundError) else None
        if lacking and (extra := _extra_with(lacking, point)):
            raise PluginError(
                f"The {_KIND[group]} {name!r} needs {lacking}, which is not installed.",
                f"Run pip install '{package.split()[0]}[{extra}]'.",
            ) from cause
        raise PluginError(
            f"The {_KIND[group]} {name!r} of package {package} fails to import "
            f"({point.value}): {type(cause).__name__}: {cause}",
            f"Repair that package or uninstall it (pip uninstall {package.split()[0]}).",
        ) from cause


def _extra_with(module: str, point: EntryPoint) -> str | None:
    """Return the smallest extra of a plugin's distribution that installs a module, if any does."""
    members: dict[str, list[str]] = {}
    for requirement in (point.dist.requires if point.dist else None) or ():
        name, _, marker = requirement.partition(";")
        if found := re.search(r"extra == ['\"](.+?)['\"]", marker):
            members.setdefault(found[1], []).append(re.split(r"[^\w.-]", name)[0])
    having = [extra for extra, names in members.items() if module in names]
    return min(having, key=lambda extra: len(members[extra]), default=None)


def call(group: Group, name: str, kind: type[T]) -> T:
    """Call the function registered as `name`, and return the object it makes.

    Args:
        group: entry-point group.
        name: the name under which the function, or the object itself, is registered.
        kind: what the function must return.

    Raises:
        UnknownNameError: nothing is registered under `name`.
        PluginError: two packages claim the name, its import or the call fails, or the object is no
            `kind` or has another name.
        XlserError: the function raises it, for example because a file of its package is broken.
    """
    function, (owner, place) = load_object(group, name), _owner(group, name)
    what = f"The {_KIND[group]} {name!r} of {owner}{place}"
    try:
        made = function() if callable(function) else function
    except XlserError:
        raise
    except (Exception, SystemExit) as cause:
        raise PluginError(
            f"{what} fails to load: {type(cause).__name__}: {cause}",
            f"Repair {owner} or uninstall it.",
        ) from cause
    if not isinstance(made, kind):
        raise PluginError(
            f"{what} is a {type(made).__name__}, not a {kind.__module__}.{kind.__qualname__}.",
            "Let its entry point name a function without arguments that returns one.",
        )
    if getattr(made, "name", None) != name:
        raise PluginError(
            f"{what} calls itself {getattr(made, 'name', None)!r}.",
            "Let the entry point and the object's `name` agree.",
        )
    return made


def is_reference(name: str) -> bool:
    """Return whether `name` is a reference to a class, `module:Class`, not a registered name.

    >>> is_reference("my_method.py:Mine"), is_reference("package.module:Mine"), is_reference("svm")
    (True, True, False)
    """
    module, colon, attribute = name.partition(":")
    return bool(module and colon and attribute.isidentifier())


def load_reference(group: Group, reference: str, base: type[T]) -> type[T]:
    """Import a class that is named by its place: no package needs to register it.

    Args:
        group: entry-point group that such a class would be registered in.
        reference: `package.module:Class`, importable from the working folder too, or
            `path/to/file.py:Class`.
        base: the contract the class must fulfil.

    Raises:
        PluginError: the module cannot be imported, has no such class, or the class is not a whole
            `base`.
    """
    module, _, attribute = reference.partition(":")
    try:
        plugin = getattr(_imported(module), attribute)
    except (Exception, SystemExit) as cause:  # a stranger's module may raise anything
        raise PluginError(
            f"The {_KIND[group]} {reference!r} fails to import: {type(cause).__name__}: {cause}",
            f"Name a class as module:Class, importable from {working_folder()}, or as "
            "file.py:Class.",
        ) from cause
    return _whole(plugin, base, f"The {_KIND[group]} {reference!r}")


def _imported(module: str) -> ModuleType:
    """Import a module by name or by its file, anew if its source changed since it was imported."""
    if module.endswith(".py"):
        return _from_file(Path(module).resolve())
    _make_importable(working_folder())
    found = sys.modules.get(module)
    with _without_bytecode():
        if found is not None and _source_of(found) != _sources.get(module, _source_of(found)):
            found = reload(found)
        found = found or import_module(module)
    _sources[module] = _source_of(found)
    return found


def _from_file(path: Path) -> ModuleType:
    """Import a file under its own name, or under a longer one where that is another module's."""
    source = path.read_bytes()
    _make_importable(path.parent)
    known = sys.modules.get(path.stem)
    is_free = known is None or getattr(known, "__file__", None) == str(path)
    name = path.stem if is_free else f"{path.stem}_{sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules and _sources.get(name) == source:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    made = module_from_spec(spec)
    sys.modules[name] = made
    try:
        with _without_bytecode():
            spec.loader.exec_module(made)
    except BaseException:
        del sys.modules[name]
        raise
    _sources[name] = source
    return made


@contextmanager
def _without_bytecode() -> Iterator[None]:
    """Leave no `__pycache__` beside a user's file; Python takes one a second old for current."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _source_of(module: ModuleType) -> bytes | None:
    path = Path(getattr(module, "__file__", None) or "")
    return path.read_bytes() if path.suffix == ".py" and path.is_file() else None


def _make_importable(folder: Path) -> None:
    """Put a folder last on the path: nothing installed is hidden by what lies there."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        invalidate_caches()


def _whole(plugin: object, base: type[T], what: str) -> type[T]:
    """Return a plugin, if it is a subclass of `base` that has all its methods."""
    contract = f"{base.__module__}.{base.__qualname__}"
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        raise PluginError(
            f"{what} is not a subclass of {contract}.", "Let its entry point name such a class."
        )
    if isabstract(plugin):
        lacking = ", ".join(sorted(getattr(plugin, "__abstractmethods__", ())))
        raise PluginError(
            f"{what} lacks {lacking}.", f"Write what {contract} leaves to subclasses."
        )
    return plugin


def _owner(group: Group, name: str) -> tuple[str, str]:
    """Return who registers `name`, and in brackets where from."""
    if (group, name) in _in_process:
        return "this process", ""
    return f"package {package_of(group, name)}", f" ({entry_point(group, name).value})"


@cache
def _name_and_version(distribution: Distribution) -> str:
    return f"{distribution.name} {distribution.version}"


@cache
def _installed(group: Group, path: tuple[str, ...]) -> Mapping[str, Sequence[EntryPoint]]:
    """Return the entry points of a group by name; the metadata of all packages is read once.

    Args:
        group: entry-point group.
        path: `sys.path`, for another path has other packages.
    """
    points: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        points.setdefault(point.name, []).append(point)
    return points
