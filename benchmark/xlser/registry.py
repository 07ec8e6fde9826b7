"""Plugins: corpora, backbones, methods and protocols, found through entry points."""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from inspect import isabstract
from typing import Any, Literal, TypeVar

from xlser.errors import PluginError, UnknownNameError, XlserError

Group = Literal[
    "xlser.corpora", "xlser.backbones", "xlser.methods", "xlser.metrics", "xlser.protocols"
]

T = TypeVar("T")

_KIND: dict[Group, str] = {
    "xlser.corpora": "corpus",
    "xlser.backbones": "backbone",
    "xlser.methods": "method",
    "xlser.metrics": "metric",
    "xlser.protocols": "protocol",
}


def names(group: Group) -> list[str]:
    """Return the names registered in `group`, sorted, without importing any."""
    return sorted(_registered(group, tuple(sys.path)))


def package_of(group: Group, name: str) -> str:
    """Return `package version` of the distribution that registers `name`."""
    distribution = entry_point(group, name).dist
    return _name_and_version(distribution) if distribution else "unknown"


def entry_point(group: Group, name: str) -> EntryPoint:
    """Return where the class or function registered as `name` is.

    Raises:
        UnknownNameError: nothing is registered under `name`.
        PluginError: two packages claim the name.
    """
    found = _registered(group, tuple(sys.path)).get(name, ())
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
        name: the name under which a package registered the class.
        base: the contract the class must fulfil.

    Raises:
        UnknownNameError: nothing is registered under `name`.
        PluginError: two packages claim the name, its import fails, it is not a whole `base`, or it
            calls itself otherwise.
    """
    point, package, plugin = _imported(group, name)
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        raise PluginError(
            f"The {_KIND[group]} {name!r} of package {package} ({point.value}) is not a subclass "
            f"of {base.__module__}.{base.__qualname__}.",
            "Let its entry point name such a class.",
        )
    if isabstract(plugin):
        lacking = ", ".join(sorted(getattr(plugin, "__abstractmethods__", ())))
        raise PluginError(
            f"The {_KIND[group]} {name!r} of package {package} ({point.value}) lacks {lacking}.",
            f"Write what {base.__module__}.{base.__qualname__} leaves to its subclasses.",
        )
    if getattr(plugin, "name", None) != name:
        raise PluginError(
            f"Package {package} registers the {_KIND[group]} {name!r}, but the class calls itself "
            f"{getattr(plugin, 'name', None)!r}.",
            "Let the entry point and the class attribute `name` agree.",
        )
    return plugin


def call(group: Group, name: str, kind: type[T]) -> T:
    """Call the function registered as `name`, and return the object it makes.

    Args:
        group: entry-point group.
        name: the name under which a package registered the function.
        kind: what the function must return.

    Raises:
        UnknownNameError: nothing is registered under `name`.
        PluginError: two packages claim the name, its import or the call fails, or the object is no
            `kind` or has another name.
        XlserError: the function raises it, for example because a file of its package is broken.
    """
    point, package, function = _imported(group, name)
    what = f"The {_KIND[group]} {name!r} of package {package} ({point.value})"
    try:
        made = function()
    except XlserError:
        raise
    except (Exception, SystemExit) as cause:
        raise PluginError(
            f"{what} fails to load: {type(cause).__name__}: {cause}",
            f"Mend that package or uninstall it (pip uninstall {package.split()[0]}).",
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


def _imported(group: Group, name: str) -> tuple[EntryPoint, str, Any]:
    """Return the entry point of `name`, its package, and what it imports."""
    point = entry_point(group, name)
    package = package_of(group, name)
    try:
        return point, package, point.load()
    except (Exception, SystemExit) as cause:  # a stranger's module may raise anything
        raise PluginError(
            f"The {_KIND[group]} {name!r} of package {package} fails to import "
            f"({point.value}): {type(cause).__name__}: {cause}",
            f"Mend that package or uninstall it (pip uninstall {package.split()[0]}).",
        ) from cause


@cache
def _name_and_version(distribution: Distribution) -> str:
    return f"{distribution.name} {distribution.version}"


@cache
def _registered(group: Group, path: tuple[str, ...]) -> Mapping[str, Sequence[EntryPoint]]:
    """Return a group by name; the metadata of all packages on `path` is read once."""
    points: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        points.setdefault(point.name, []).append(point)
    return points
