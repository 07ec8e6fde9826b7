"""Methods by name, by class, and by the place of their class."""

from collections.abc import Iterable, Mapping
from inspect import isabstract

from xlser import registry
from xlser.errors import MethodError, PluginError
from xlser.methods.declaration import DECLARATIONS
from xlser.methods.method import Method
from xlser.methods.origin import is_packaged
from xlser.methods.outline import Outlines


def method_names() -> list[str]:
    """Return the names of all registered methods, sorted."""
    return registry.names("xlser.methods")


def get_method(name: str) -> type[Method]:
    """Return the method class registered as `name`.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: two packages claim the name, it cannot be imported, is not a method, or what
            it declares is not sound.
    """
    method = registry.load("xlser.methods", name, Method)  # type: ignore[type-abstract]
    try:
        _require_sound(method)
    except MethodError as cause:
        package = registry.package_of("xlser.methods", name)
        raise PluginError(
            f"The method {name!r} of package {package}: {cause.problem}", cause.remedy
        ) from cause
    return method


MethodLike = str | type[Method] | Method
"""A method as users name it: a registered name, `module:Class`, `file.py:Class`, a class, or an
instance with the settings that it is to have."""


def resolve_method(given: MethodLike) -> tuple[type[Method], Mapping[str, object]]:
    """Return the class that is meant, and the settings that it came with.

    A class that no package registers is called by its class name where it states no other.

    Raises:
        UnknownNameError: no package registers the name.
        PluginError: the class cannot be imported or used.
        MethodError: what it declares is not sound, or its name is that of another method.
    """
    if isinstance(given, str) and not registry.is_reference(given):
        return get_method(given), {}
    own: Mapping[str, object] = {}
    if isinstance(given, Method):
        own = {name: given.settings()[name] for name in given.changed_settings()}
        given = type(given)
    kind = (
        registry.load_reference("xlser.methods", given, Method)  # type: ignore[type-abstract]
        if isinstance(given, str)
        else given
    )
    if not (isinstance(kind, type) and issubclass(kind, Method)):
        raise MethodError(
            f"{kind!r} is not a method.",
            "Give a registered name, module:Class, or a subclass of xlser.methods.Method.",
        )
    if not is_packaged(kind):
        _require_usable(kind)
    return kind, own


def _require_usable(kind: type[Method]) -> None:
    """Refuse a class that is not packaged where its runs could not be, or would pass for others.

    Raises:
        MethodError: it lacks `fit`, what it declares is not sound, or its name is taken.
    """
    where = f"The method {kind.__qualname__} of module {kind.__module__}"
    if isabstract(kind):
        lacking = ", ".join(sorted(kind.__abstractmethods__))
        raise MethodError(f"{where} lacks {lacking}.", f"Define {lacking} in it.")
    named = next((base for base in kind.__mro__ if "name" in vars(base)), None)
    if named is None or (named is not kind and named.name == named.__name__):  # type: ignore[attr-defined]
        kind.name = kind.__name__
    try:
        _require_sound(kind)
    except MethodError as cause:
        raise MethodError(f"{where}: {cause.problem}", cause.remedy) from cause
    if kind.name in method_names():
        package = registry.package_of("xlser.methods", kind.name)
        raise MethodError(
            f"{where} calls itself {kind.name!r}, as a method of package {package} does.",
            "Give it a name of its own: name = ... in the class.",
        )


def outlined_methods(names: Iterable[str]) -> dict[str, type[Method] | PluginError]:
    """Return stand-ins for methods, by name: classes with the same attributes, not to be fitted.

    They come from the methods' sources where these suffice, which takes milliseconds. All else
    is imported, so that the class or the fault is that of `get_method`.

    Raises:
        UnknownNameError: no package registers one of the names.
    """
    outlines = Outlines()
    return {name: _outlined(name, outlines) for name in names}


def _outlined(name: str, outlines: Outlines) -> type[Method] | PluginError:
    try:
        point = registry.entry_point("xlser.methods", name)
        outline = outlines.of(point.module, point.attr)
        return outline if outline and _is_usable(outline, name) else get_method(name)
    except PluginError as error:
        return error


def _is_usable(outline: type[Method], name: str) -> bool:
    if isabstract(outline) or getattr(outline, "name", None) != name:
        return False
    try:
        _require_sound(outline)
    except MethodError:
        return False
    return True


def _require_sound(method: type[Method]) -> None:
    for require_sound in DECLARATIONS:
        require_sound(method)
