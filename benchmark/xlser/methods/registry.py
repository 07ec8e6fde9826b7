"""Methods by name."""

from xlser import plugins
from xlser.errors import PluginError
from xlser.methods.method import Method


def method_names() -> list[str]:
    """Return the names of all registered methods, sorted."""
    return plugins.names("xlser.methods")


def get_method(name: str) -> type[Method]:
    """Return the method class registered as `name`.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: it cannot be imported, is not a method, or lacks what a method states.
    """
    method = plugins.load("xlser.methods", name, Method)  # type: ignore[type-abstract]
    package = plugins.package_of("xlser.methods", name)
    lacking = [a for a in ("target_labels", "citation") if not hasattr(method, a)]
    if lacking:
        raise PluginError(
            f"The method {name!r} of package {package} does not state {', '.join(lacking)}.",
            f"Set {', '.join(lacking)} as class attributes of {method.__qualname__}.",
        )
    if method.target_labels not in ("none", "few", "all"):
        raise PluginError(
            f"The method {name!r} of package {package} states target_labels="
            f"{method.target_labels!r}.",
            'Choose from "none", "few", "all".',
        )
    return method
