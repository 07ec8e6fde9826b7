"""Device, precision and memory of this machine, and the environment that a record states."""

import inspect
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import torch

from xlser.errors import SettingsError
from xlser.methods import Precision, Track
from xlser.records.record import Environment, Memory
from xlser.system.memory import forget_most_resident, most_resident

_PACKAGES = ("xlser", "torch", "torchaudio", "numpy", "scikit-learn", "soundfile", "soxr")


def describe(
    device: torch.device, *packages: str, distributions: Iterable[str] = ()
) -> Environment:
    """Return package versions, system, processor, device and threads of this process.

    Args:
        device: of training.
        packages: whose commits are stated beside that of the suite, as they are imported.
        distributions: whose versions are stated beside those that all runs depend on.
    """
    return Environment(
        packages={name: _version(name) for name in (*_PACKAGES, *distributions)},
        git=_commits({"xlser", *packages}),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        processor=_processor(),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        threads=torch.get_num_threads(),
    )


def choose_device(name: str | None) -> torch.device:
    """Return the device asked for, or a GPU where there is one.

    Raises:
        SettingsError: torch has no such device here.
    """
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as cause:
        raise SettingsError(
            f"--device {name} cannot be used here ({str(cause).splitlines()[0]}).",
            "Leave --device out, or write cpu or cuda.",
        ) from cause
    return device


def choose_precision(
    asked: Literal["auto", "fp32", "bf16"], track: Track, device: torch.device
) -> Precision:
    """Return the arithmetic of training.

    "auto" is bfloat16 on the fine-tune track where the hardware multiplies it. The networks of
    the frozen track are too small to gain from it.

    Args:
        asked: by the user.
        track: fine-tune or frozen.
        device: of training.
    """
    if track == "frozen":
        return "fp32"
    if asked != "auto":
        return asked
    return "bf16" if has_bfloat16(device) else "fp32"


def has_bfloat16(device: torch.device) -> bool:
    """Return whether `device` multiplies bfloat16 in hardware."""
    if device.type == "cuda":
        if not torch.cuda.is_available():  # of another machine; since 2020 all GPUs have it
            return True
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & _cpu_flags())


@cache
def _cpu_flags() -> frozenset[str]:
    for line in _cpuinfo():
        if line.startswith(("flags", "Features")):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def _processor() -> str:
    for line in _cpuinfo():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def forget_peak_memory(device: torch.device) -> None:
    """Reset the peak that `peak_memory` returns, where the system can."""
    forget_most_resident()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory(device: torch.device) -> dict[Memory, int]:
    """Return the peak memory of this process in MiB, and that on the GPU if it uses one."""
    most: dict[Memory, int] = {"host": most_resident() >> 20}
    if device.type == "cuda":
        most["device"] = torch.cuda.max_memory_allocated(device) >> 20
    return most


def _commits(packages: Iterable[str]) -> dict[str, str]:
    commits = {name: _commit(name) for name in sorted(packages)}
    return {name: commit for name, commit in commits.items() if commit}


@cache
def _commit(package: str) -> str | None:
    """Return the commit of the checkout that a package is in; None if git does not track it."""
    module = sys.modules.get(package)
    source = inspect.getsourcefile(module) if module and package != "__main__" else None
    if source is None:
        return None
    tracked = _git(source, "ls-files", "--error-unmatch", Path(source).name)
    commit = _git(source, "rev-parse", "HEAD") if tracked else None
    changed = _git(source, "status", "--porcelain", "--untracked-files=no", ".")
    return f"{commit} with changes" if commit and changed else commit


def _git(beside: str, *arguments: str) -> str | None:
    """Return the output of a git command in the folder of a file; None if it fails."""
    command = ["git", "-C", str(Path(beside).parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
