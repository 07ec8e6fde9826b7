"""Jobs in a queue: submitit's processes everywhere, a real Slurm where it can be had."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.cli.commands import start
from tests.cli.warm import Command
from tests.demo import Demo, lasting, request
from tests.executors.slurm_node import TO_BE_HAD, slurm
from tests.packages import Package

from xlser.errors import WorkerError
from xlser.executors import Began, Ended, Events, JobEvent, Lost
from xlser.executors.queues import Queue, SlurmQueue
from xlser.executors.slurm import Slurm, _Queued
from xlser.executors.spool import Spool
from xlser.records import Record
from xlser.runs import Failure, JobContext
from xlser.runs.jobs import Job, jobs_of

real_slurm = pytest.mark.skipif(not TO_BE_HAD, reason="needs root and slurmctld, slurmd, munge")

METHODS = """
    import os
    import time
    from pathlib import Path

    import torch
    from xlser.methods import Method


    class Waits(Method):
        "Leaves a mark whenever it begins, and ends when it may."

        name = "waits"
        target_labels = "none"
        citation = "nobody (2024)"
        tracks = ("frozen",)
        folder: str = ""

        def fit(self, task):
            array, place = (os.environ.get(f"SLURM_ARRAY_{n}_ID") for n in ("JOB", "TASK"))
            with (Path(self.folder) / "marks").open("a") as marks:
                marks.write(f"{task.seed} {os.getpid()} {array}_{place}\\n")
            gone = time.monotonic() + 600  # and with it the test that lets go
            while not (Path(self.folder) / f"go-{task.seed}").exists():
                assert time.monotonic() < gone
                time.sleep(0.05)
            return self

        def predict(self, speech):
            return torch.full((len(speech), 5), 0.2)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    Package(site).install("waiting", METHODS, waits="Waits")
    return site


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with slurm(tmp_path_factory.mktemp("slurm")) as found_by:
        yield found_by


@pytest.fixture
def in_slurm(node: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in node.items():
        monkeypatch.setenv(name, value)


def records(results: Path) -> dict[str, Record]:
    return {path.name: Record.read(path) for path in sorted(results.rglob("*.json"))}


def until(
    true: Callable[[], object],
    command: Command | None = None,
    within: float = 240.0,
) -> None:
    """Wait for something that happens while a command is at work."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it does not come"
        assert not command or command.poll() is None, command.communicate()[1]
        time.sleep(0.05)


def without_process(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


@dataclass(frozen=True)
class Mark:
    """That a run began: its seed, its process, its number in the queue."""

    seed: str
    process: int
    number: str


class Grid:
    """The command for runs that wait until they may end, and what they left."""

    def __init__(self, folder: Path, site: Path, cache: Path, **environment: str) -> None:
        self.folder = folder
        self._environment = {"PYTHONPATH": str(site), "XLSER_CACHE": str(cache), **environment}
        self._commands: list[Command] = []
        self.spool = cache / "slurm"

    def start(self, *options: str) -> Command:
        asked = ["run", "waits", "--target", "german", "--set", f"folder={self.folder}"]
        asked += ["--executor", "slurm", *options]
        self._commands.append(start(*asked, folder=self.folder, **self._environment))
        return self._commands[-1]

    def end(self) -> None:
        """Leave no command behind that still waits, whatever became of the test."""
        for command in self._commands:
            command.kill()

    def marks(self) -> list[Mark]:
        path = self.folder / "marks"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Mark(seed, int(process), n) for seed, process, n in map(str.split, lines)]

    def let_go(self, *seeds: str) -> None:
        for seed in seeds:
            (self.folder / f"go-{seed}").touch()

    def tickets(self) -> set[str]:
        return {path.read_text() for path in self.spool.glob("*/*.ticket")}

    def begun(self) -> list[str]:
        """The seeds of all runs that began, as often as they did."""
        return sorted(mark.seed for mark in self.marks())

    def recorded(self) -> list[str]:
        return sorted(
            str(record.seed)
            for record in records(self.folder / "leaderboards/demo/results").values()
        )


@pytest.fixture
def grid(site: Path, tmp_path: Path, demo_cache: Path) -> Iterator[Grid]:
    grid = Grid(tmp_path, site, demo_cache)
    yield grid
    grid.end()


@pytest.fixture
def slurm_grid(
    node: dict[str, str], site: Path, tmp_path: Path, demo_cache: Path
) -> Iterator[Grid]:
    grid = Grid(tmp_path, site, demo_cache, **node)
    yield grid
    grid.end()


def hear(process: Command, said: str) -> str:
    assert process.stderr
    heard = []
    for line in process.stderr:
        heard.append(line)
        if said in line:
            return line
    raise AssertionError(f"{said!r} was not said:\n{''.join(heard)}")


def order(node: Mapping[str, str], *words: str) -> bool:
    """Give a command to Slurm; return whether it was followed."""
    return not subprocess.run(words, env={**os.environ, **node}, check=False).returncode


ASKED = request(["sft", "lower-bound"], ["german"])


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The records of a grid that this process makes."""
    folder = tmp_path_factory.mktemp("here")
    assert not Demo(folder / "cache").run(ASKED, folder / "results").failures
    return records(folder / "results")


def told_of(executor: Slurm, folder: Path, expected: dict[str, Record]) -> list[str]:
    """Hold the records of the grid against those expected; return what was told."""
    told: list[str] = []
    events = Events(
        started=lambda job: told.append(f"started {job.label}"),
        trained=lambda job, seconds: told.append(f"trained {job.label}"),
        finished=lambda run, record: told.append(f"finished {run.label}"),
    )
    outcome = Demo(folder / "cache").run(ASKED, folder / "results", events, executor)
    assert not outcome.failures
    made = records(folder / "results")
    assert len(made) == 2
    assert {n: lasting(r) for n, r in made.items()} == {n: lasting(r) for n, r in expected.items()}
    took = {r.seconds["source model"] for r in made.values() if "source model" in r.seconds}
    assert len(took) == 1
    assert not list((folder / "cache/slurm").iterdir())  # nothing stays in the spool
    return sorted(told)


def test_processes_of_this_machine_leave_the_same_records(
    tmp_path: Path, expected: dict[str, Record]
) -> None:
    told = told_of(Slurm(cluster="local"), tmp_path, expected)
    runs = ["german sft k=20 s=0", "german lower-bound k=0 s=0"]
    of_runs = [f"{what} {run}" for run in runs for what in ("started", "finished")]
    assert told == sorted([*of_runs, "started source model s=0", "trained source model s=0"])


def test_jobs_outlive_the_command_and_the_next_one_takes_them_in(grid: Grid) -> None:
    options = ["--with", "cluster=local", "--jobs", "2"]
    command = grid.start(*options)
    until(lambda: len(grid.marks()) == 2, command)
    killed, other = grid.marks()
    os.kill(killed.process, signal.SIGKILL)
    assert "its log is" in hear(command, "begun again")
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


class Told(Queue):
    """A queue that says what it is told to."""

    pause = 0.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs = {}
        self.says: Mapping[str, str] | None = {}
        self.submitted: list[str] = []
        self.cancelled: list[str] = []

    def submit(self, calls: Sequence[tuple[Any, ...]]) -> list[str]:
        tickets = [f"{len(self.submitted)}_{i}" for i in range(len(calls))]
        self.submitted += [job.key for job, *_ in calls]
        return tickets

    def states(self, tickets: Collection[str]) -> Mapping[str, str] | None:
        return self.says

    def cancel(self, tickets: Collection[str]) -> None:
        self.cancelled += tickets


@dataclass
class Site:
    """A crew, its queue that says what it is told to, its spool, and two jobs."""

    shared: JobContext
    queue: Told
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
    return Site(shared, Told(spool.folder / "submitit"), spool, jobs_of(plan.todo, shared))


def words(crew: _Queued) -> list[JobEvent]:
    return list(crew.wait())


def test_what_slurm_says_of_a_job_that_left_nothing(cluster: Site) -> None:
    crew, queue = cluster.crew(), cluster.queue
    crew.take(cluster.jobs)
    first, second = (job.key for job in cluster.jobs)
    queue.says = {"0_0": "PENDING", "0_1": "CONFIGURING"}
    assert words(crew) == []
    queue.says = {"0_0": "RUNNING", "0_1": "RUNNING"}
    cluster.spool.report_epochs(second, 3, 100)
    assert words(crew) == [Began(first), Began(second)]
    assert cluster.epochs == (second, 3, 100)
    queue.says = None  # it does not answer, which is no news
    assert words(crew) == []
    queue.says = {"0_0": "PREEMPTED", "0_1": "TIMEOUT"}
    (ended,) = words(crew)
    assert isinstance(ended, Ended)
    assert isinstance(ended.ending, Failure)
    assert "took longer than the timeout of 60 s" in ended.ending.message
    assert queue.submitted == [first, second, first]  # a job preempted is not a job lost
    queue.log("2_0").parent.mkdir()
    queue.log("2_0").write_text("slurmstepd: error: Detected 1 oom_kill event")
    queue.says = {"2_0": "OUT_OF_MEMORY"}
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
    heard = iter(crew.wait())
    assert next(heard) == Began(first.key)
    assert next(heard) == Ended(first.key, Failure("no luck", "none at all"))
    del crew, heard  # the command is killed

    again = cluster.crew()
    cluster.queue.says = {"0_1": "RUNNING"}
    again.take(cluster.jobs)
    assert cluster.queue.submitted == [first.key, second.key]
    heard_now = words(again)
    assert heard_now[1:] == [Ended(first.key, Failure("no luck", "none at all")), Began(second.key)]
    assert not cluster.spool.ended()
    again.close()
    assert cluster.queue.cancelled == ["0_1"]
    assert not cluster.spool.folder.exists()


def test_jobs_gather_until_they_are_worth_an_array(cluster: Site) -> None:
    crew = cluster.crew(most=20)
    assert crew.room() == 20
    for number in range(19):
        crew._given[str(number)] = None  # type: ignore[assignment]
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


@real_slurm
@pytest.mark.usefixtures("in_slurm")
def test_slurm_leaves_the_same_records_by_one_array_each_time(
    tmp_path: Path, expected: dict[str, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SlurmQueue, "pause", 1.0)
    setup = (f"touch {tmp_path}/set-up-$SLURM_JOB_ID",)
    told_of(Slurm(partition="all", memory=1.5, minutes=5, setup=setup), tmp_path, expected)
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
    assert "its state in the queue is CANCELLED" in hear(command, "begun again")
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
