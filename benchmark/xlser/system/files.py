"""Files that are whole or absent, their paths, and digests of their content."""

import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from xlser.errors import SettingsError


def canonical_json(value: Any) -> str:
    """Return `value` as JSON with sorted keys, without spaces, in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@lru_cache(maxsize=512)
def texts_as_json(texts: tuple[str, ...]) -> str:
    """Return `canonical_json` of texts; lists of thousands come again and again."""
    return canonical_json(texts)


@lru_cache(maxsize=1 << 17)
def text_as_json(text: str) -> str:
    """Return `canonical_json` of a text that comes again and again."""
    return canonical_json(text)


def digest_json(value: Any) -> str:
    """Return the SHA-256 of `value` as canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def digest_texts(members: Mapping[str, str]) -> str:
    """Return `digest_json` of an object whose values are canonical JSON already.

    >>> digest_texts({"b": "[1]", "a": "2"}) == digest_json({"a": 2, "b": [1]})
    True
    """
    texts = [f"{canonical_json(name)}:{members[name]}" for name in sorted(members)]
    return hashlib.sha256(f"{{{','.join(texts)}}}".encode()).hexdigest()


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

    A killed writer leaves at most a file with a temporary name, which the next writer to that
    folder removes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep_once(path.parent)
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
    _sweep_once(path.parent)
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
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, as `locked` does; no file is added to it."""
    stat = folder.stat()
    with locked(Path(tempfile.gettempdir(), f"xlser-{stat.st_dev:x}-{stat.st_ino:x}.lock")):
        yield


def sweep(folder: Path) -> None:
    """Remove what killed processes left half-written in `folder`.

    Of other hosts, whose processes nobody here knows, only what is a day old: writing takes
    seconds.
    """
    # All of the name, or host "node" would take what "node-12" is writing for its own.
    ours = re.compile(rf"\.{re.escape(socket.gethostname())}-(\d+)-[^-]*\.partial")
    for leftover in folder.glob(".*.partial"):
        match = ours.fullmatch(leftover.name)
        dead = match and not is_alive(int(match[1]))
        if not dead and (match or not _PARTIAL.fullmatch(leftover.name) or not _is_old(leftover)):
            continue
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            with suppress(OSError):  # another process has removed it, or owns the folder
                leftover.unlink()


_PARTIAL = re.compile(r"\..+-\d+-[^-]*\.partial")


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > 86_400
    except OSError:
        return False


@cache
def _sweep_once(folder: Path) -> None:
    """Sweep a folder when this process first writes there."""
    sweep(folder)


def is_alive(process: int) -> bool:
    """Return whether this host has a process of that number."""
    import psutil

    return bool(psutil.pid_exists(process))


def working_folder() -> Path:
    """Return the working folder.

    Raises:
        SettingsError: it was deleted, or may not be read.
    """
    try:
        return Path.cwd()
    except OSError as cause:
        raise SettingsError(
            f"The working folder cannot be found ({cause.strerror}): it was deleted or moved.",
            "Change into a folder that exists (cd), and give the command again.",
        ) from cause


def home_folders() -> list[Path]:
    """Return the user's home folder; none where the user has none."""
    try:
        return [Path.home()]
    except RuntimeError:
        return []


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; one that no file system can have is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False


def _prefix() -> str:
    return f".{socket.gethostname()}-{os.getpid()}-"


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def without_common_folder(files: Iterable[str]) -> list[str]:
    """Return paths relative to the deepest folder that holds all of them.

    >>> without_common_folder(["/speech/a/1.wav", "/speech/b/2.wav"])
    ['a/1.wav', 'b/2.wav']
    """
    paths = [Path(file).absolute() for file in files]
    folder = os.path.commonpath([path.parent for path in paths])
    return [str(path.relative_to(folder)) for path in paths]
