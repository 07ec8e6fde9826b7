"""Executors by name, with the options that a user gives them."""

from collections.abc import Mapping
from importlib import import_module

from pydantic import ValidationError

from xlser.errors import SettingsError, UnknownNameError
from xlser.executors.executor import Executor

_WHERE = {
    "local": ("local", "Local", ""),
    "ray": ("ray_cluster", "Ray", "ray"),
    "slurm": ("slurm", "Slurm", "submitit"),
}  # module and class, and what it needs that does not come with the suite


def executor_names() -> list[str]:
    """Return the names of all executors."""
    return list(_WHERE)


def get_executor(name: str, options: Mapping[str, object]) -> Executor:
    """Return an executor with its options.

    Raises:
        UnknownNameError: there is no such executor.
        SettingsError: what it needs is not installed, or an option is not one that it has.
    """
    if name not in _WHERE:
        raise UnknownNameError("executor", name, _WHERE)
    module, kind_name, needed = _WHERE[name]
    try:
        kind: type[Executor] = getattr(import_module(f"{__package__}.{module}"), kind_name)
    except ModuleNotFoundError as cause:
        if cause.name != needed:
            raise
        raise SettingsError(
            f"--executor {name} needs {needed}, which is not installed.",
            f"Run pip install 'xlser[{name}]'.",
        ) from cause
    try:
        return kind.model_validate(options)
    except ValidationError as cause:
        first = cause.errors()[0]
        option = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"--with {option}={first['input']}: {first['msg']}.",
            f"Options of {name}: {', '.join(kind.model_fields)}.",
        ) from cause
