"""What a sealed process sees of the file system: Python, its libraries, importable modules.

All else is not there: corpora, cache, results, home. Folders of modules that hold any of these
(a checkout, the demo's speech in its package) are shown with an empty folder in their place.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from xlser.methods.provenance.owned import is_owned
from xlser.methods.registry import method_names
from xlser.registry import entry_point

_SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/etc/alternatives",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/OpenCL",
    "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_KEPT = (
    "OMP_", "MKL_", "OPENBLAS_", "CUDA_", "CUBLAS_", "NVIDIA_", "LD_LIBRARY_PATH", "PYTHONHASHSEED"
)  # fmt: skip
"""Prefixes of variables that affect computation and name no path."""

_LIBRARIES = ("joblib", "numpy", "scipy", "sklearn", "torch", "xlser")


def environment() -> dict[str, str]:
    """Return the variables of a sealed process."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/", **kept}


def preloaded() -> list[str]:
    """Return modules that each run would import anew: of this distribution and its libraries.

    A stranger's code is never among them: it runs in the process of a run alone.
    """
    own = {entry_point("xlser.methods", name).module for name in method_names() if is_owned(name)}
    trusted = {*_LIBRARIES, *(module.partition(".")[0] for module in own)}
    tops = {name for name in list(sys.modules) if name.partition(".")[0] in trusted}
    apart = ("xlser.cli", "xlser.api", "xlser.executors", "xlser.pytest")
    return sorted(name for name in tops if not name.startswith(apart))


def links() -> list[tuple[str, str]]:
    """Return links of the system's own folders, such as /lib to usr/lib."""
    return [(place, os.readlink(place)) for place in _SYSTEM if os.path.islink(place)] + [
        ("/dev/fd", "/proc/self/fd")
    ]


def devices(gpu: bool) -> list[str]:
    """Return device files that are shown.

    Args:
        gpu: whether those of GPUs are among them.
    """
    found = [place for place in _DEVICES if os.path.exists(place)]
    if gpu:
        found += [str(path) for path in sorted(Path("/dev").glob("nvidia*"))]
    return found


def shown() -> list[str]:
    """Return files and folders that are shown, none within another."""
    places = [place for place in _SYSTEM if os.path.exists(place) and not os.path.islink(place)]
    places += [sys.prefix, sys.base_prefix, sys.exec_prefix, *_interpreter()]
    for folder in module_path():
        places += [folder] if _holds_distributions(folder) else _modules_in(folder)
    places += _imported()
    return list(_outermost(places))


def hidden(secret: Iterable[Path], places: Iterable[str]) -> list[str]:
    """Return what of `secret` lies in what is shown, and must be covered.

    Args:
        secret: files and folders that no sealed process may see; they may be absent.
        places: that are shown.
    """
    roots = [Path(place) for place in places]
    real = {Path(os.path.realpath(path)) for path in secret} | {*map(Path.absolute, secret)}
    covered = [path for path in real if path.exists() and any(_within(path, r) for r in roots)]
    needed = [Path(place) for place in (sys.prefix, sys.base_prefix)]
    return sorted(
        str(path) for path in covered if path not in roots and not any(n == path for n in needed)
    )


def module_path() -> list[str]:
    """Return the folders that modules are imported from."""
    return [os.path.abspath(place) for place in sys.path if place and os.path.exists(place)]


def _interpreter() -> Iterator[str]:
    """Yield the folders of the Python program, link by link."""
    program = Path(sys.executable)
    while program.is_symlink():
        yield str(program.parent.absolute())
        program = program.parent / os.readlink(program)
    yield str(program.parent.absolute())


def _holds_distributions(folder: str) -> bool:
    return os.path.isfile(folder) or any(
        name.endswith((".dist-info", ".egg-info")) for name in os.listdir(folder)
    )


def _modules_in(folder: str) -> Iterator[str]:
    """Yield the modules and packages of a folder, which may hold anything else besides."""
    for entry in os.scandir(folder):
        is_package = entry.is_dir() and os.path.exists(os.path.join(entry.path, "__init__.py"))
        if is_package or entry.name.endswith((".py", ".so", ".pyd")):
            yield entry.path


def _imported() -> Iterator[str]:
    """Yield where packages lie that editable installs import from elsewhere."""
    for name, module in list(sys.modules.items()):
        if "." in name or name == "__main__" or not isinstance(module, ModuleType):
            continue
        if file := getattr(module, "__file__", None):
            path = Path(file)
            yield str(path.parent if path.stem == "__init__" else path)


def _outermost(places: Iterable[str]) -> Iterator[str]:
    last: Path | None = None
    for path in sorted({Path(os.path.abspath(place)) for place in places}):
        if (last is None or not _within(path, last)) and path.exists():
            last = path
            yield str(path)


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
