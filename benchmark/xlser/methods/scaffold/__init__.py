"""A package that registers a method, to begin with."""

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from xlser.errors import PluginError
from xlser.methods.declaration import NAME
from xlser.methods.registry import method_names
from xlser.system.files import folder_written_atomically, write_atomically


def write_package(name: str, folder: Path, sklearn: bool = False) -> Path:
    """Write a pip-installable package with one method that works, and its tests.

    Args:
        name: of the method.
        folder: where the package's own folder, called `name`, is put.
        sklearn: whether the method is a classifier of scikit-learn over standardised embeddings,
            rather than a loss.

    Returns:
        The package's folder.

    Raises:
        PluginError: the name cannot be used, or the folder is there already.
    """
    words = {
        "name": name,
        "distribution": f"xlser-{name}",
        "module": f"xlser_{name.replace('-', '_')}",
        "kind": "".join(word.capitalize() for word in name.split("-")),
        "core": "classifier" if sklearn else "loss",
        "dependencies": '"xlser", "scikit-learn"' if sklearn else '"xlser"',
    }
    package = folder / name
    _require_free(name, words["module"], package)
    with folder_written_atomically(package) as begun:
        for template, path in {
            "pyproject.toml": "pyproject.toml",
            "README.md": "README.md",
            "check.yml": ".github/workflows/check.yml",
            "sklearn_method.py" if sklearn else "method.py": f"src/{words['module']}/__init__.py",
            "test_method.py": f"tests/test_{words['module']}.py",
        }.items():
            text = files(__name__).joinpath("template", f"{template}.template").read_text("utf-8")
            write_atomically(begun / path, Template(text).substitute(words).encode())
    return package


def _require_free(name: str, module: str, package: Path) -> None:
    if not NAME.fullmatch(name):
        raise PluginError(
            f"{name!r} is not a name for a method.",
            "Begin with a letter; use lower case, digits and single hyphens: my-method.",
        )
    if name in method_names() or find_spec(module):
        raise PluginError(
            f"The name {name!r} is taken by an installed package.",
            "Choose another; `xlser methods` lists those in use.",
        )
    if package.exists():
        raise PluginError(
            f"{package} exists already, and nothing is ever overwritten.",
            "Choose another name, or another --folder.",
        )
