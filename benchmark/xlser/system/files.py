"""Files that are whole or absent, and digests of their content."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def digest_json(value: Any) -> str:
    """Return the SHA-256 of `value` as canonical JSON (sorted keys, no spaces), in hex."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def safe_name(name: str) -> str:
    """Return a name as part of a path: all but letters, digits and `._=+@-` becomes a hyphen.

    >>> safe_name("hf:owner/name@main#layer=3"), safe_name("audiontt-512")
    ('hf-owner-name@main-layer=3', 'audiontt-512')
    """
    return re.sub(r"[^\w.=+@-]+", "-", name, flags=re.ASCII)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it holds all of `content` or is not there.

    A killed writer leaves at most a file with a temporary name, which `sweep` removes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_prefix(), suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # tempfile makes private files; a result is as readable as any other.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def folder_written_atomically(path: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `path` when the block ends without error.

    Where another process made `path` meanwhile, theirs stays and ours is dropped: both were made
    from the same inputs, which name the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=_prefix(), suffix=".partial"))
    temporary.chmod(0o777 & ~_umask())
    try:
        yield temporary
        try:
            temporary.rename(path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that all processes of this machine share, until the block or the process ends.

    Args:
        path: an empty file that stands for the lock and stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sweep(folder: Path) -> None:
    """Remove what killed processes of this host left half-written in `folder`."""
    # All of the name, or host "node" would take what "node-12" is writing for its own.
    ours = re.compile(rf"\.{re.escape(socket.gethostname())}-(\d+)-[^-]*\.partial")
    for leftover in folder.glob("*.partial"):
        match = ours.fullmatch(leftover.name)
        if match and not is_alive(int(match[1])):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Say whether this host has a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _prefix() -> str:
    return f".{socket.gethostname()}-{os.getpid()}-"


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask
