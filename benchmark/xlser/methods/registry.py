"""Methods by name."""

from xlser import plugins
from xlser.errors import MethodError, PluginError
from xlser.methods.declaration import DECLARATIONS
from xlser.methods.method import Method


def method_names() -> list[str]:
    """Return the names of all registered methods, sorted."""
    return plugins.names("xlser.methods")


def get_method(name: str) -> type[Method]:
    """Return the method class registered as `name`.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: two packages claim the name, it cannot be imported, is not a method, or what
            it declares is not sound.
    """
    method = plugins.load("xlser.methods", name, Method)  # type: ignore[type-abstract]
    for require_sound in DECLARATIONS:
        try:
            require_sound(method)
        except MethodError as cause:
            package = plugins.package_of("xlser.methods", name)
            raise PluginError(
                f"The method {name!r} of package {package}: {cause.problem}", cause.remedy
            ) from cause
    return method
