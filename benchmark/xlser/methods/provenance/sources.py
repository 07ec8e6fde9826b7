"""Where the source of a module lies."""

from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path


def source_of(module: str) -> Path:
    """Return the file of a module; to find it, `find_spec` would import the packages around it.

    Args:
        module: its name, with dots.

    Raises:
        ImportError: there is no such module, or it has no source.
    """
    top, *inner = module.split(".")
    spec, name = find_spec(top), top
    for part in inner:
        if spec is None or spec.submodule_search_locations is None:
            raise ImportError(f"there is no module {module}")
        name = f"{name}.{part}"
        spec = PathFinder.find_spec(name, list(spec.submodule_search_locations))
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ImportError(f"the module {module} has no source")
    return Path(spec.origin)
