"""What faults are provoked with: a stranger's unruly methods, and file systems that fill up."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.commands import xlser
from tests.packages import install

UNRULY = Path(__file__).parents[1] / "plugins" / "unruly-methods"


@pytest.fixture(scope="session")
def unruly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the unruly methods are installed."""
    return install(UNRULY, tmp_path_factory.mktemp("unruly"))


@pytest.fixture
def command(
    unruly: Path, demo_cache: Path, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `xlser` in a process of its own, where the unruly methods are installed."""

    def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        surroundings = {"PYTHONPATH": str(unruly), "XLSER_CACHE": str(demo_cache), **environment}
        return xlser(*args, folder=tmp_path, **surroundings)

    return run


class Tmpfs:
    """A file system in memory, of a size that can be changed, and that can be made read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, size: str) -> None:
        """Mount it, or give it another size; it can be written afterwards."""
        how = "remount,rw," if self.folder.is_mount() else ""
        self._call("mount", "-t", "tmpfs", "-o", f"{how}size={size}", "tmpfs", str(self.folder))

    def forbid_writing(self) -> None:
        self._call("mount", "-o", "remount,ro", str(self.folder))

    def end(self) -> None:
        if self.folder.is_mount():
            self._call("umount", "--lazy", str(self.folder))

    def _call(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Tmpfs]:
    folder = tmp_path / "tmpfs"
    folder.mkdir()
    mounted = Tmpfs(folder)
    try:
        mounted.mount("10m")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a tmpfs")
    yield mounted
    mounted.end()
