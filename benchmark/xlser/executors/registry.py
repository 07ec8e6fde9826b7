"""Executors by name, with the options that a user gives them."""

from collections.abc import Mapping

from pydantic import ValidationError

from xlser import registry
from xlser.errors import SettingsError
from xlser.executors.executor import Executor


def executor_names() -> list[str]:
    """Return the names of all executors, without importing any."""
    return registry.names("xlser.executors")


def get_executor(name: str, options: Mapping[str, object]) -> Executor:
    """Return an executor with its options.

    Args:
        name: under which a package registers it.
        options: values of its fields.

    Raises:
        UnknownNameError: there is no such executor.
        PluginError: it cannot be imported: what it needs is not installed.
        SettingsError: an option is not one that it has.
    """
    kind = registry.load("xlser.executors", name, Executor)  # type: ignore[type-abstract]
    try:
        return kind.model_validate(options)
    except ValidationError as cause:
        first = cause.errors()[0]
        option = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"--with {option}={first['input']}: {first['msg']}.",
            f"Options of {name}: {', '.join(kind.model_fields)}.",
        ) from cause
