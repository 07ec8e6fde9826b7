"""Calls of the Linux kernel that Python 3.11 does not have: namespaces, mounts, privileges."""

import ctypes
import errno
import os
import platform
import re
import signal
import struct
import sys
from pathlib import Path

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000

_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND = 1, 2, 4, 8, 32, 4096
_REC, _PRIVATE, _DETACH = 16384, 1 << 18, 2
_NAMED_FLAGS = {"nosuid": _NOSUID, "nodev": _NODEV, "noexec": _NOEXEC, "noatime": 1024}

_READ_SEARCH = 2  # the capability to read every file and folder
_NO_NEW_PRIVS, _CAPBSET_DROP, _SECCOMP, _DUMPABLE, _PDEATHSIG = 38, 24, 22, 4, 1
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}

# Kernel services that outlive a process, or that lead out of it: keys, mounts, namespaces, traces.
_DENIED = {
    "x86_64": (101, 155, 165, 166, 248, 249, 250, 272, 298, 308, 310, 311, 321, 323),
    "aarch64": (117, 41, 40, 39, 217, 218, 219, 97, 241, 268, 270, 271, 280, 282),
}
_NEWER_DENIED = (425, 426, 427, 428, 429, 430, 431, 432, 442)  # io_uring, the newer mount calls
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _called(result: int, what: str) -> None:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def unshare(flags: int) -> None:
    """Move this process into namespaces of its own.

    Raises:
        OSError: the kernel does not allow it.
    """
    _called(_libc().unshare(flags), "unshare")


def map_own_user(inside: int) -> None:
    """Call this user and group `inside` in the user namespace that was just made.

    Args:
        inside: number of both.
    """
    user, group = _outside
    # Bytes: a codec is a module, which may be out of reach from here on.
    Path("/proc/self/setgroups").write_bytes(b"deny")
    Path("/proc/self/uid_map").write_bytes(b"%d %d 1" % (inside, user))
    Path("/proc/self/gid_map").write_bytes(b"%d %d 1" % (inside, group))


_outside = os.getuid(), os.getgid()  # before any namespace is made


def mount(kind: str, place: str, options: str = "", *, read_only: bool = False) -> None:
    """Mount a new file system.

    Args:
        kind: "tmpfs" or "proc".
        place: folder that it is mounted at.
        options: as mount(8) takes them.
        read_only: whether it cannot be written.

    Raises:
        OSError: the kernel does not allow it.
    """
    flags = _NOSUID | _NODEV | (_RDONLY if read_only else 0) | (_NOEXEC if kind == "proc" else 0)
    _mount(kind, place, kind, flags, options)


def bind(source: str, place: str) -> None:
    """Show a file or folder, with all mounted below it, at another place as well."""
    _mount(source, place, None, _BIND | _REC, "")


def make_private() -> None:
    """Keep mounts of this namespace from others."""
    _mount("none", "/", None, _REC | _PRIVATE, "")


def make_read_only(below: str) -> None:
    """Make every mount at or below a folder read-only.

    Args:
        below: path as /proc/self/mountinfo has it.
    """
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields = line.split(" ")
        place = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), fields[4])
        if place == below or place.startswith(f"{below}/"):
            # Flags that were set outside are locked: leaving one out is refused.
            kept = sum(_NAMED_FLAGS.get(name, 0) for name in fields[5].split(","))
            _mount("none", place, None, _BIND | _REMOUNT | _RDONLY | kept, "")


def enter_root(root: str) -> None:
    """Make a folder the root of the file system, and leave nothing of the former one."""
    os.chdir(root)
    _called(_libc().syscall(_PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    _called(_libc().umount2(b".", _DETACH), "umount2")
    os.chdir("/")


def _mount(source: str, place: str, kind: str | None, flags: int, options: str) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, place, kind)]
    result = _libc().mount(*encoded, ctypes.c_ulong(flags), options.encode())
    _called(result, f"mount {place}")


def give_up_privileges(*, but_reading: bool) -> None:
    """Give up all capabilities of this process and its children for good, and some system calls.

    Args:
        but_reading: keep the one to read every file, where this process has it. Where no sandbox
            bounds what there is to read, Python's own modules may be readable by it alone.
    """
    libc = _libc()
    kept = 1 << _READ_SEARCH if but_reading else 0
    for capability in range(64):
        if not kept >> capability & 1:
            libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    effective, permitted, inheritable = (kept & _capabilities(of) for of in ("Eff", "Prm", "Inh"))
    header = struct.pack("II", 0x20080522, 0)
    if platform.machine() in _CAPSET:
        left = struct.pack("6I", effective, permitted, inheritable, 0, 0, 0)
        libc.syscall(_CAPSET[platform.machine()], header, left)
        _deny_calls(libc)


def _capabilities(of: str) -> int:
    """Return the capabilities of one set of this process ("Eff", "Prm", "Inh"), a bit each."""
    for line in Path("/proc/self/status").read_bytes().splitlines():
        if line.startswith(b"Cap" + of.encode() + b":"):
            return int(line.split()[1], 16)
    return 0


def hide_from_siblings() -> None:
    """Keep this process' memory and files from others of the same user."""
    _libc().prctl(_DUMPABLE, 0, 0, 0, 0)


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends."""
    _libc().prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _deny_calls(libc: ctypes.CDLL) -> None:
    """Let system calls that this room denies fail with EPERM (seccomp, classic BPF)."""
    machine = platform.machine()
    numbers = (*_DENIED[machine], *_NEWER_DENIED)
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06
    denied = 0x50000 | errno.EPERM
    program = [(load, 0, 0, 4), (equal, 0, len(numbers) + 3, _AUDIT[machine]), (load, 0, 0, 0)]
    program += [(above, len(numbers) + 1, 0, 0x40000000)]  # another ABI of x86-64
    for place, number in enumerate(numbers):
        program.append((equal, len(numbers) - place, 0, number))
    program += [(give, 0, 0, 0x7FFF0000), (give, 0, 0, denied)]
    # A jump is over as many instructions as it states; all of them lead to the last.
    content = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(content)
    head = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    libc.prctl(_SECCOMP, 2, ctypes.c_char_p(head), 0, 0)


ALL = NEWUSER | NEWNS | NEWPID | NEWNET | NEWIPC | NEWUTS
INSIDE = 1000
"""The user that a sealed process takes itself for."""


def _probe(places: list[str]) -> None:
    """Do what sealing needs, in namespaces that end with this process.

    Args:
        places: files and folders that a sealed process is shown.
    """
    unshare(ALL)
    map_own_user(INSIDE)
    child = os.fork()
    if child == 0:
        try:
            for place in places:
                os.stat(place)
            make_private()
            mount("tmpfs", "/")
        except OSError as error:
            print(error, flush=True)
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(1)


if __name__ == "__main__":
    try:
        _probe(sys.argv[1:])
    except OSError as error:
        print(error)
        raise SystemExit(1) from error
