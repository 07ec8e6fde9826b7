"""Downloading one file: resumed, retried, from mirrors, verified."""

import hashlib
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

from xlser.corpora.remote import Remote
from xlser.errors import FetchError

Progress = Callable[[int, int], None]
"""Called with (bytes here, bytes in all or 0 where that is not known)."""

ATTEMPTS = 5
"""Times that one address is tried without a byte of progress."""

_CHUNK = 1 << 20
_TIMEOUT = 60.0  # seconds without a byte
_LONGEST_WAIT = 60.0  # seconds, whatever a server asks for


@dataclass(frozen=True)
class Downloaded:
    """A file that was downloaded and verified.

    Attributes:
        url: where it came from.
        path: where it is.
        size: in bytes.
        sha256: in hex.
    """

    url: str
    path: Path
    size: int
    sha256: str


class _WrongFileError(Exception):
    """An address gives another file than the one wanted: the next one is tried."""


def download(
    remote: Remote, folder: Path, progress: Progress = lambda done, n: None, pause: float = 1.0
) -> Downloaded:
    """Return a file of `folder`; what is missing of it is downloaded.

    A download that breaks off is resumed, also by a later call. Each address is tried up to
    `ATTEMPTS` times without progress, then the next one.

    Args:
        remote: what to download.
        folder: where it is kept.
        progress: called as bytes arrive.
        pause: seconds before an address is tried again; doubled each time.

    Raises:
        FetchError: no address gives the file; the message lists why.
    """
    target = folder / remote.path
    target.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    try:
        wanted = _with_facts(remote)
    except (OSError, HTTPException, ValueError, KeyError) as cause:
        reasons.append(f"{remote.facts}: {_why(cause)}")
        wanted = remote
    if target.is_file():
        with suppress(_WrongFileError):
            return _verified(wanted, target, wanted.urls[0])
        target.unlink()
    part = target.with_name(f"{target.name}.part")
    for url in wanted.urls:
        resumed = part.is_file()
        for _ in range(2 if resumed else 1):  # what was kept may be of another version: once anew
            try:
                _from_one_address(url, wanted, target, progress, pause)
                return _verified(wanted, target, url)
            except _WrongFileError as cause:
                reason = _why(cause)
            except (OSError, HTTPException) as cause:
                reason = _why(cause)
                break
        reasons.append(f"{url}: {reason}")
    listed = "\n  ".join(reasons)
    raise FetchError(
        f"{remote.path} cannot be downloaded:\n  {listed}",
        "Try again later: what has arrived is kept. If it persists, get the corpus by hand from "
        "its homepage.",
    )


def _from_one_address(
    url: str, remote: Remote, target: Path, progress: Progress, pause: float
) -> None:
    """Fill `target` from one address."""
    part = target.with_name(f"{target.name}.part")
    tag = target.with_name(f"{target.name}.tag")  # what the server calls the version in `part`
    failures = 0
    while True:
        before = part.stat().st_size if part.is_file() else 0
        try:
            if _receive(url, remote, part, tag, progress):
                part.replace(target)
                tag.unlink(missing_ok=True)
                return
            cause: Exception = OSError("the connection broke off")
        except urllib.error.HTTPError as error:
            if error.code not in (408, 425, 429) and error.code < 500:
                raise
            cause = error
        except (OSError, HTTPException) as error:
            cause = error
        except _WrongFileError:
            part.unlink(missing_ok=True)
            raise
        arrived = part.stat().st_size if part.is_file() else 0
        failures = 0 if arrived > before else failures + 1
        if failures >= ATTEMPTS:
            raise cause
        time.sleep(min(_LONGEST_WAIT, _asked_wait(cause) or pause * 2**failures))


def _receive(url: str, remote: Remote, part: Path, tag: Path, progress: Progress) -> bool:
    """Add to `part` what a server sends; return whether that is all of it."""
    here = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "xlser"})
    if here:
        request.add_header("Range", f"bytes={here}-")
        if tag.is_file():
            request.add_header("If-Range", tag.read_text(encoding="utf-8"))
    try:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not here:
            raise
        part.unlink()  # it is as long as the file, or longer: start afresh
        return _receive(url, remote, part, tag, progress)
    with response:
        start, total = _extent(response, here)
        if remote.size is not None and total not in (None, remote.size):
            raise _WrongFileError(f"it has {total:,} bytes, not {remote.size:,}")
        version = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if version and not version.startswith("W/"):
            tag.write_text(version, encoding="utf-8")
        limit = remote.size if remote.size is not None else total
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                progress(file.tell(), limit or 0)
                if limit is not None and file.tell() > limit:
                    raise _WrongFileError(f"it sends more than {limit:,} bytes")
            file.flush()
            os.fsync(file.fileno())
            return limit is None or file.tell() == limit


def _extent(response: HTTPResponse, here: int) -> tuple[int, int | None]:
    """Return where the bytes of a response begin, and how many the file has, if it is stated."""
    stated = response.headers.get("Content-Length")
    if response.status == 206:
        span = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if span and int(span[1]) == here:
            return here, None if span[2] == "*" else int(span[2])
        raise OSError("it sends another range than the one asked for")
    return 0, int(stated) if stated else None


def _verified(remote: Remote, target: Path, url: str) -> Downloaded:
    """Return a file after checking size and digest; remove one that is wrong."""
    size = target.stat().st_size
    algorithm, _, wanted = (remote.digest or "sha256:").partition(":")
    digests = {name: _digest(target, name) for name in {algorithm, "sha256"}}
    problem = None
    if remote.size is not None and size != remote.size:
        problem = f"it has {size:,} bytes, not {remote.size:,}"
    elif wanted and digests[algorithm] != wanted:
        problem = f"its {algorithm} is {digests[algorithm]}, not {wanted}"
    if problem:
        target.unlink()
        raise _WrongFileError(problem)
    return Downloaded(url, target, size, digests["sha256"])


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _with_facts(remote: Remote) -> Remote:
    """Return a remote with size and digest as its `facts` state them."""
    if remote.facts is None or remote.digest:
        return remote
    request = urllib.request.Request(remote.facts, headers={"User-Agent": "xlser"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
        text = response.read(_CHUNK).decode()
    if pointer := re.search(r"oid (sha256:[0-9a-f]{64})\s+size (\d+)", text):
        return replace(remote, digest=pointer[1], size=int(pointer[2]))
    files: list[dict[str, Any]] = json.loads(text)["files"]
    for file in files:
        if file["key"] == remote.path:
            return replace(remote, digest=file["checksum"], size=int(file["size"]))
    raise ValueError(f"it lists no {remote.path}, but {', '.join(f['key'] for f in files)}")


def _asked_wait(cause: Exception) -> float | None:
    """Return the seconds that a server asks to wait."""
    if isinstance(cause, urllib.error.HTTPError):
        stated = cause.headers.get("Retry-After", "")
        return float(stated) if stated.isdigit() else None
    return None


def _why(cause: Exception) -> str:
    return str(getattr(cause, "reason", "") or cause or type(cause).__name__)
