"""The Slurm executor on a real node, where Slurm is installed."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.demo import Demo, request
from tests.executors.queued_grids import Grid, events_of, line_with, until
from tests.executors.slurm_node import TO_BE_HAD, slurm

from xlser.errors import WorkerError
from xlser.executors.queues import SlurmQueue
from xlser.executors.slurm import Slurm
from xlser.records import Record

real_slurm = pytest.mark.skipif(not TO_BE_HAD, reason="needs root and slurmctld, slurmd, munge")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with slurm(tmp_path_factory.mktemp("slurm")) as found_by:
        yield found_by


@pytest.fixture
def in_slurm(node: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in node.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def slurm_grid(
    node: dict[str, str], site: Path, tmp_path: Path, demo_cache: Path
) -> Iterator[Grid]:
    grid = Grid(tmp_path, site, demo_cache, **node)
    yield grid
    grid.end()


def order(node: Mapping[str, str], *words: str) -> bool:
    """Give a command to Slurm; return whether it was followed."""
    return not subprocess.run(words, env={**os.environ, **node}, check=False).returncode


@real_slurm
@pytest.mark.usefixtures("in_slurm")
def test_slurm_leaves_the_same_records_by_one_array_each_time(
    tmp_path: Path, expected: dict[str, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SlurmQueue, "pause", 1.0)
    setup = (f"touch {tmp_path}/set-up-$SLURM_JOB_ID",)
    events_of(Slurm(partition="all", memory=1.5, minutes=5, setup=setup), tmp_path, expected)
    asked = ["squeue", "--me", "--array", "--noheader", "--states=all", "--format=%i %T %l %m"]
    for _ in range(100):  # records are there before the last job has ended
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        if "RUNNING" not in said and "COMPLETING" not in said:
            break
        time.sleep(0.2)
    # The source model first, then at once what waited for it.
    model, *runs = (line.partition(" ") for line in sorted(said.splitlines()))
    array = int(model[0]) + 1
    assert [run[0] for run in runs] == [f"{array}_0", f"{array}_1"]
    assert {job[2] for job in (model, *runs)} == {"COMPLETED 5:00 1.50G"}
    assert len(list(tmp_path.glob("set-up-*"))) == 3


@real_slurm
def test_jobs_that_slurm_begins_again_or_loses_leave_one_record_each(
    node: dict[str, str], slurm_grid: Grid
) -> None:
    grid = slurm_grid
    command = grid.start()
    until(lambda: len(grid.marks()) == 3, command)
    cancelled, requeued, _ = grid.marks()
    tickets = grid.tickets()
    order(node, "scancel", "--signal=KILL", cancelled.number)
    assert "its state in the queue is CANCELLED" in line_with("begun again", command)
    until(lambda: len(grid.tickets() - tickets) == 1, command)
    command.kill()
    command.wait(timeout=60)
    order(node, "scontrol", "requeue", requeued.number)
    since = time.monotonic()
    command = grid.start()

    def begun_again() -> bool:
        """By itself Slurm would wait for two minutes before it begins a job again.

        Begun in the very second in which it was requeued, the job ends with exit code 1 before it
        writes a line.
        """
        if time.monotonic() - since > 3:
            order(node, "scontrol", "update", f"job={requeued.number}", "starttime=now")
        return grid.begun().count(requeued.seed) == 2

    until(begun_again, command)
    grid.let_go("0", "1", "2")
    _, said = command.communicate(timeout=240)
    assert command.returncode == 0, said
    assert grid.recorded() == ["0", "1", "2"]
    assert grid.begun() == sorted(["0", "1", "2", cancelled.seed, requeued.seed])
    assert not list(grid.spool.iterdir())


@real_slurm
@pytest.mark.usefixtures("in_slurm")
def test_a_cancelled_array_leaves_slurm_at_once_waiting_or_not(tmp_path: Path) -> None:
    command = ["sbatch", "--array=0-5", f"--output={tmp_path}/out", "--wrap=sleep 600"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    tickets = [f"{said.split()[-1]}_{place}" for place in range(6)]
    queue = SlurmQueue(tmp_path)

    def states() -> list[str]:
        known = queue.states(tickets)
        assert known is not None
        return sorted(known.get(ticket, "CANCELLED") for ticket in tickets)

    until(lambda: states() == ["PENDING"] * 2 + ["RUNNING"] * 4)
    queue.cancel(tickets)
    until(lambda: states() == ["CANCELLED"] * 6, within=25)


@real_slurm
@pytest.mark.usefixtures("in_slurm")
def test_what_slurm_does_not_accept_is_an_error(tmp_path: Path, demo_cache: Path) -> None:
    with pytest.raises(WorkerError, match="invalid partition specified: fast") as caught:
        Demo(demo_cache).run(request(["svm"]), tmp_path, executor=Slurm(partition="fast"))
    assert "--with partition" in caught.value.remedy
