"""The Slurm executor on processes of this machine and on made-up queues."""

import os
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.demo import Demo, request
from tests.executors.queued_grids import Grid, events_of, line_with, until

from xlser.errors import WorkerError
from xlser.executors import Began, Ended, JobEvent, Lost
from xlser.executors.queues import Queue
from xlser.executors.slurm import Slurm, _Queued
from xlser.executors.spool import Spool
from xlser.records import Record
from xlser.runs import Failure, JobContext
from xlser.runs.jobs import Job, jobs_of


def without_process(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture
def grid(site: Path, tmp_path: Path, demo_cache: Path) -> Iterator[Grid]:
    grid = Grid(tmp_path, site, demo_cache)
    yield grid
    grid.end()


def test_processes_of_this_machine_leave_the_same_records(
    tmp_path: Path, expected: dict[str, Record]
) -> None:
    reported = events_of(Slurm(cluster="local"), tmp_path, expected)
    runs = ["german sft k=20 s=0", "german lower-bound k=0 s=0"]
    of_runs = [f"{what} {run}" for run in runs for what in ("started", "finished")]
    assert reported == sorted([*of_runs, "started source model s=0", "trained source model s=0"])


def test_jobs_outlive_the_command_and_the_next_one_takes_them_in(grid: Grid) -> None:
    options = ["--with", "cluster=local", "--jobs", "2"]
    command = grid.start(*options)
    until(lambda: len(grid.marks()) == 2, command)
    killed, other = grid.marks()
    os.kill(killed.process, signal.SIGKILL)
    assert "its log is" in line_with("begun again", command)
    until(lambda: len(grid.marks()) == 3, command)
    command.kill()
    command.wait(timeout=60)
    assert not grid.recorded()

    # One ends with nobody there, the other is at work when the next command comes.
    grid.let_go(other.seed)
    until(lambda: list(grid.spool.glob("*/*.ending")))
    command = grid.start(*options)
    until(lambda: len(grid.marks()) == 4, command)  # that of the third, which now has its turn
    until(lambda: grid.recorded() == [other.seed], command)
    grid.let_go("0", "1", "2")
    _, said = command.communicate(timeout=240)
    assert command.returncode == 0, said
    assert grid.recorded() == ["0", "1", "2"]
    assert grid.begun() == sorted(["0", "1", "2", killed.seed])
    assert not list(grid.spool.iterdir())


def test_an_interrupt_cancels_the_jobs(grid: Grid) -> None:
    command = grid.start("--with", "cluster=local", "--jobs", "2")
    until(lambda: len(grid.marks()) == 2, command)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=60)
    assert command.returncode == 130
    assert "Traceback" not in said
    until(lambda: all(without_process(mark.process) for mark in grid.marks()))
    assert not list(grid.spool.glob("*/*.ticket"))


def test_a_run_that_takes_longer_than_the_timeout_is_a_failed_run(
    tmp_path: Path, demo_cache: Path
) -> None:
    asked, executor = request(["svm"], labels=[20]), Slurm(cluster="local")
    outcome = Demo(demo_cache).run(asked, tmp_path, executor=executor, timeout=0.001)
    ((_, said),) = outcome.failures
    assert "'svm' of package xlser" in said
    assert "took longer than the timeout of 0.001 s." in said
    assert not list((demo_cache / "slurm").iterdir())


class MadeUpQueue(Queue):
    """A queue whose answer a test sets."""

    pause = 0.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs = {}
        self.answer: Mapping[str, str] | None = {}
        self.submitted: list[str] = []
        self.cancelled: list[str] = []

    def submit(self, calls: Sequence[tuple[Any, ...]]) -> list[str]:
        tickets = [f"{len(self.submitted)}_{i}" for i in range(len(calls))]
        self.submitted += [job.key for job, *_ in calls]
        return tickets

    def states(self, tickets: Collection[str]) -> Mapping[str, str] | None:
        return self.answer

    def cancel(self, tickets: Collection[str]) -> None:
        self.cancelled += tickets


@dataclass
class Site:
    """A crew, its queue, its spool, and two jobs."""

    shared: JobContext
    queue: MadeUpQueue
    spool: Spool
    jobs: list[Job]

    def crew(self, most: int = 10) -> _Queued:
        return _Queued(self.shared, self._epoch, self.queue, self.spool, most, 60.0)

    def _epoch(self, key: str, done: int, total: int) -> None:
        self.epochs = key, done, total


@pytest.fixture
def cluster(tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("xlser.executors.slurm.MOMENT", 0.0)
    demo = Demo(demo_cache)
    plan = demo.plan(request(["svm"], labels=[20], seeds=[0, 1]), tmp_path / "results")
    shared = JobContext(demo.inputs(), tmp_path / "results", torch.device("cpu"))
    spool = Spool(tmp_path / "spool")
    return Site(shared, MadeUpQueue(spool.folder / "submitit"), spool, jobs_of(plan.todo, shared))


def words(crew: _Queued) -> list[JobEvent]:
    return list(crew.wait())


def test_what_slurm_says_of_a_job_that_left_nothing(cluster: Site) -> None:
    crew, queue = cluster.crew(), cluster.queue
    crew.take(cluster.jobs)
    first, second = (job.key for job in cluster.jobs)
    queue.answer = {"0_0": "PENDING", "0_1": "CONFIGURING"}
    assert words(crew) == []
    queue.answer = {"0_0": "RUNNING", "0_1": "RUNNING"}
    cluster.spool.report_epochs(second, 3, 100)
    assert words(crew) == [Began(first), Began(second)]
    assert cluster.epochs == (second, 3, 100)
    queue.answer = None  # it does not answer, which is no news
    assert words(crew) == []
    queue.answer = {"0_0": "PREEMPTED", "0_1": "TIMEOUT"}
    (ended,) = words(crew)
    assert isinstance(ended, Ended)
    assert isinstance(ended.ending, Failure)
    assert "took longer than the timeout of 60 s" in ended.ending.message
    assert queue.submitted == [first, second, first]  # a job preempted is not a job lost
    queue.log("2_0").parent.mkdir()
    queue.log("2_0").write_text("slurmstepd: error: Detected 1 oom_kill event")
    queue.answer = {"2_0": "OUT_OF_MEMORY"}
    (lost,) = words(crew)
    said = f"its state in the queue is OUT_OF_MEMORY; its log is {queue.log('2_0')}"
    assert lost == Lost(first, said)
    crew.close()
    assert queue.cancelled == []
    assert queue.log("2_0").exists()


def test_an_ending_stays_until_it_was_taken_in(cluster: Site) -> None:
    first, second = cluster.jobs
    crew = cluster.crew()
    crew.take(cluster.jobs)
    cluster.spool.end(first.key, Failure("no luck", "none at all"))
    events = iter(crew.wait())
    assert next(events) == Began(first.key)
    assert next(events) == Ended(first.key, Failure("no luck", "none at all"))
    del crew, events  # the command is killed

    again = cluster.crew()
    cluster.queue.answer = {"0_1": "RUNNING"}
    again.take(cluster.jobs)
    assert cluster.queue.submitted == [first.key, second.key]
    later = words(again)
    assert later[1:] == [
        Ended(first.key, Failure("no luck", "none at all")),
        Began(second.key),
    ]
    assert not cluster.spool.ended()
    again.close()
    assert cluster.queue.cancelled == ["0_1"]
    assert not cluster.spool.folder.exists()


def test_jobs_gather_until_they_are_worth_an_array(cluster: Site) -> None:
    crew = cluster.crew(most=20)
    assert crew.room() == 20
    for number in range(19):
        crew._given[str(number)] = None
    assert crew.room() == 0
    del crew._given["0"]
    assert crew.room() == 2
    assert cluster.crew(most=1).room() == 1


def test_a_machine_without_slurm_says_so(
    demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorkerError, match="sbatch is not on the PATH") as caught:
        Demo(demo_cache).run(request(["svm"]), tmp_path, executor=Slurm())
    assert "cluster=local" in caught.value.remedy
