"""Files and folders that are whole or absent, and what dead processes leave behind."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.demo import Demo, request
from tests.trees import full_disk, names_in

from xlser.protocols import get_protocol
from xlser.site import write_leaderboard
from xlser.system.files import (
    digest_file,
    digest_json,
    folder_written_atomically,
    sweep,
    write_atomically,
)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def dead() -> int:
    """Id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_file_and_its_folders_are_written(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a/b/c", b"content")
    assert (tmp_path / "a/b/c").read_bytes() == b"content"
    assert names_in(tmp_path / "a/b") == ["c"]


def test_file_is_replaced(tmp_path: Path) -> None:
    write_atomically(tmp_path / "c", b"old")
    write_atomically(tmp_path / "c", b"new")
    assert (tmp_path / "c").read_bytes() == b"new"


def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "c", b"old")
    with full_disk(1 << 20), pytest.raises(OSError, match="too large"):
        write_atomically(tmp_path / "c", bytes(2 << 20))
    assert (tmp_path / "c").read_bytes() == b"old"
    assert names_in(tmp_path) == ["c"]


def test_file_that_cannot_take_its_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "c", b"content")
    assert names_in(tmp_path) == ["c"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_file_is_as_readable_as_the_umask_says(mask: int, mode: int, tmp_path: Path) -> None:
    with umask(mask):
        write_atomically(tmp_path / "c", b"content")
    assert (tmp_path / "c").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o755), (0o027, 0o750)])
def test_folder_is_as_readable_as_the_umask_says(mask: int, mode: int, tmp_path: Path) -> None:
    with umask(mask), folder_written_atomically(tmp_path / "folder"):
        pass
    assert (tmp_path / "folder").stat().st_mode & 0o777 == mode


def test_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    with folder_written_atomically(tmp_path / "folder") as partial:
        (partial / "content").write_text("half")
        assert not (tmp_path / "folder").exists()
    assert names_in(tmp_path) == ["folder"]
    assert (tmp_path / "folder/content").read_text() == "half"


def test_failure_leaves_no_folder(tmp_path: Path) -> None:
    def fail() -> None:
        with folder_written_atomically(tmp_path / "folder") as partial:
            (partial / "content").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names_in(tmp_path) == []


def test_folder_that_another_made_meanwhile_stays(tmp_path: Path) -> None:
    with folder_written_atomically(tmp_path / "folder") as partial:
        (partial / "content").write_text("ours")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder/content").write_text("theirs")
    assert names_in(tmp_path) == ["folder"]
    assert (tmp_path / "folder/content").read_text() == "theirs"


def test_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(OSError), folder_written_atomically(tmp_path / "folder"):  # noqa: PT011
        pass
    assert names_in(tmp_path) == ["folder"]


def test_leftovers_of_dead_processes_are_swept(tmp_path: Path, dead: int) -> None:
    (tmp_path / f".{socket.gethostname()}-{dead}-abc.partial").mkdir()
    (tmp_path / f".{socket.gethostname()}-{dead}-abc.partial/rows").write_text("half")
    (tmp_path / f".{socket.gethostname()}-{dead}-xyz.partial").write_text("half")
    sweep(tmp_path)
    assert names_in(tmp_path) == []


def test_what_may_still_be_written_is_not_swept(tmp_path: Path, dead: int) -> None:
    host = socket.gethostname()
    kept = {
        f".{host}-{os.getpid()}-abc.partial",  # a process that lives
        f".another-host-{dead}-abc.partial",  # nobody here knows
        f".{host}-{dead}-77-abc.partial",  # process 77 of a host that is named alike
        f".{host}-{dead}-abc",
        "results.partial",
    }
    for name in kept:
        (tmp_path / name).write_text("half")
    sweep(tmp_path)
    assert set(names_in(tmp_path)) == kept


def test_sweeping_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    sweep(tmp_path / "nowhere")


def test_digest_of_json_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_json({"a": 1, "b": [2, 3]}) == digest_json({"b": [2, 3], "a": 1})
    assert digest_json({"a": 1, "b": [2, 3]}) != digest_json({"a": 1, "b": [3, 2]})


def test_digest_of_a_file_is_its_sha_256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest_file(tmp_path / "abc") == known


def test_writer_sweeps_what_a_killed_one_left_beside_its_file(tmp_path: Path, dead: int) -> None:
    for name in (f".{socket.gethostname()}-{dead}-abc.partial", "README.md"):
        (tmp_path / name).write_text("half")
    write_atomically(tmp_path / "README.md", b"whole")
    assert names_in(tmp_path) == ["README.md"]


def test_folder_sweeps_what_a_killed_one_left_beside_it(tmp_path: Path, dead: int) -> None:
    (tmp_path / f".{socket.gethostname()}-{dead}-abc.partial").mkdir()
    with folder_written_atomically(tmp_path / "folder"):
        pass
    assert names_in(tmp_path) == ["folder"]


@pytest.mark.parametrize(("hours", "left"), [(1, 1), (23, 1), (25, 0)])
def test_leftovers_of_other_hosts_go_after_a_day(hours: int, left: int, tmp_path: Path) -> None:
    leftover = tmp_path / ".container-1234-12-abc.partial"
    leftover.write_text("half")
    before = time.time() - 3600 * hours
    os.utime(leftover, (before, before))
    sweep(tmp_path)
    assert len(names_in(tmp_path)) == left


def test_next_leaderboard_sweeps_what_a_killed_one_left(
    demo_cache: Path, tmp_path: Path, dead: int
) -> None:
    protocol = get_protocol("demo")
    Demo(demo_cache).run(request(["svm"], labels=[20]), tmp_path / "demo/results")
    write_leaderboard(protocol, tmp_path)
    pages = names_in(tmp_path / "demo") + names_in(tmp_path / "demo/details")
    for folder in (tmp_path / "demo", tmp_path / "demo/details"):
        (folder / f".{socket.gethostname()}-{dead}-xyz.partial").write_text("half")
    script = (
        "from pathlib import Path; from xlser.site import write_leaderboard; "
        "from xlser.protocols import get_protocol; "
        f"write_leaderboard(get_protocol('demo'), Path({str(tmp_path)!r}))"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert names_in(tmp_path / "demo") + names_in(tmp_path / "demo/details") == pages
