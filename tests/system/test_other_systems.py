"""The package on a system that lacks modules of POSIX, as Windows does."""

import subprocess
import sys
from pathlib import Path

IMPORT_ALL = """
import importlib, pkgutil, sys
from pathlib import Path

import filelock, psutil  # as built for this system, they need some of what is absent elsewhere

sys.modules |= dict.fromkeys(["fcntl", "resource"])
import xlser

for module in pkgutil.walk_packages(xlser.__path__, "xlser."):
    # Clusters need packages that need those modules; `launch` shuts a process in, on Linux alone.
    if not module.name.endswith(
        ("__main__", "in_ray", "ray_cluster", "slurm", "spool", "sealing.launch")
    ):
        importlib.import_module(module.name)

from xlser.runs import choose_device, describe
from xlser.system.files import folder_locked, is_alive, locked
from xlser.system.memory import memory_at_hand, most_resident

with locked(Path("a.lock")), folder_locked(Path.cwd()):
    print(is_alive(0xFFFFFF), memory_at_hand() > 0, most_resident() > 0)
"""


def test_the_suite_imports_and_locks_without_modules_of_posix(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "False True True\n", done.stderr
