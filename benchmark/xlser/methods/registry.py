"""Methods by name."""

from collections.abc import Iterable
from inspect import isabstract

from xlser import registry
from xlser.errors import MethodError, PluginError
from xlser.methods.declaration import DECLARATIONS
from xlser.methods.method import Method
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


def outlined_methods(names: Iterable[str]) -> dict[str, type[Method] | PluginError]:
    """Return, by name, classes that state what the methods state; they cannot be fitted.

    They come from the methods' sources where these say it all, which takes milliseconds. All else
    is imported, so that what is returned, fault or class, is what `get_method` would tell.

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
