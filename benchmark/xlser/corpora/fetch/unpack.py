"""Unpacking downloaded archives; no file is written outside the folder."""

import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from xlser.errors import FetchError

_MOST = 64 * 2**30  # bytes; no corpus is larger


def unpack(archive: Path, folder: Path, strip: int = 0) -> int:
    """Unpack the regular files of an archive into `folder`; return how many.

    Args:
        archive: ends in .zip or .tar.gz.
        folder: exists.
        strip: leading folders of members to leave away.

    Raises:
        FetchError: it is damaged, encrypted, too large, or a member's path or link leads out of
            the folder. Members that were unpacked before it stay.
    """
    members = _zip if archive.suffix == ".zip" else _tar
    count, size = 0, 0
    try:
        for name, length, content in members(archive):
            parts = _inside(archive, name)[strip:]
            if not parts:
                continue
            size += length
            if size > _MOST or size > shutil.disk_usage(folder).free + size - length:
                raise _refused(archive, f"its content is larger than the disk: {size:,} bytes")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)
            count += 1
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, RuntimeError) as cause:
        raise _refused(archive, f"it is damaged ({cause})") from cause
    return count


def _zip(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _refused(archive, f"{member.filename!r} is a link")
            if member.flag_bits & 1:
                raise _refused(archive, f"{member.filename!r} is encrypted")
            if not member.is_dir():
                yield member.filename, member.file_size, packed.open(member)


def _tar(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    with tarfile.open(archive) as packed:
        for member in packed:
            if member.issym() or member.islnk() or member.isdev():
                raise _refused(archive, f"{member.name!r} is a link or a device")
            content = packed.extractfile(member)
            if content:
                yield member.name, member.size, content


def _inside(archive: Path, name: str) -> tuple[str, ...]:
    """Return the parts of a member's path, if they stay inside."""
    path = PurePosixPath(name.replace("\\", "/"))
    drive = re.match(r"[A-Za-z]:", name)
    if path.is_absolute() or drive or ".." in path.parts or "\0" in name:
        raise _refused(archive, f"{name!r} leads out of the folder")
    return path.parts


def _refused(archive: Path, why: str) -> FetchError:
    return FetchError(
        f"{archive.name} is not unpacked: {why}.",
        f"Delete {archive} and fetch again; if it persists, write to the publisher of the corpus.",
    )
