"""What a run was made with."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import torch

from xlser.errors import SettingsError
from xlser.methods import Precision, Track
from xlser.runs.record import Environment
from xlser.settings import cpu_count

_PACKAGES = ("xlser", "torch", "torchaudio", "numpy", "scikit-learn", "soundfile", "soxr")


def describe(device: torch.device) -> Environment:
    """Return package versions, system, processor, device and threads of this process."""
    return Environment(
        packages={name: _version(name) for name in _PACKAGES},
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


def choose_jobs(asked: int | None, track: Track, device: torch.device, runs: int) -> int:
    """Return how many runs go side by side.

    By default one a core on the frozen track on a CPU, where each is held at one thread, and one
    at a time elsewhere. A worker takes as long to start as a few runs do: fewer runs, fewer
    workers.
    """
    if asked is not None:
        return max(1, min(asked, runs))
    shared_out = track == "frozen" and device.type == "cpu"
    return max(1, min(cpu_count(), runs // 4)) if shared_out else 1


def choose_precision(
    asked: Literal["auto", "fp32", "bf16"], track: Track, device: torch.device
) -> Precision:
    """Return the arithmetic of training.

    "auto" is bfloat16 on the fine-tune track where the hardware multiplies it. The networks of
    the frozen track are too small to gain from it.
    """
    if track == "frozen":
        return "fp32"
    if asked != "auto":
        return asked
    return "bf16" if has_bfloat16(device) else "fp32"


def has_bfloat16(device: torch.device) -> bool:
    """Say whether `device` multiplies bfloat16 in hardware."""
    if device.type == "cuda":
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


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
