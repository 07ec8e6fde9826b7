"""The executor for clusters with Slurm, through submitit."""

import math
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from xlser.errors import WorkerError
from xlser.executors.executor import MOMENT, Began, Crew, Ended, Epoch, Executor, JobEvent, Lost
from xlser.executors.queues import LocalQueue, Queue, SlurmQueue
from xlser.executors.spool import Spool
from xlser.runs.jobs import Job, JobContext, overdue
from xlser.settings import cpu_count
from xlser.system.files import digest_json

_MOST = 1000  # jobs in the queue; an array has no more by Slurm's default, MaxArraySize
_GONE = "UNKNOWN"
"""State of a job that the queue no longer lists."""

_OVER = {
    _GONE,
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "REVOKED",
    "TIMEOUT",
}
"""States of jobs that are over."""


class Slurm(Executor):
    """Hands jobs to Slurm, as many at once as are ready, in one array.

    The cache (XLSER_CACHE), the folder and the Python that this runs in must lie where all nodes
    see them, under the same path; records need not, they are written here.

    Jobs in the queue do not need this process. If it is killed, or the connection to its machine
    is lost, they go on: the same command reads their results, waits for those that are not done,
    and hands in the others. Ctrl-C and SIGTERM cancel them.

    Attributes:
        cpus: of a job, and its threads.
        gpus: of a job.
        minutes: a job may take, unless `--timeout` says how many seconds; Slurm is then told so
            many minutes, rounded up, and one more in which it starts.
        memory: of a job, GB.
        partition: None for the cluster's default.
        account: None for the user's default.
        jobs: at most in the queue at once.
        setup: lines of shell before a job, such as "module load cuda".
        folder: of messages and logs of jobs; None for slurm/ in the cache.
        cluster: "local" for processes of this machine, to try it without Slurm.
    """

    name: ClassVar[str] = "slurm"

    cpus: PositiveInt = 1
    gpus: NonNegativeInt = 0
    minutes: PositiveInt = 60
    memory: PositiveFloat = 4
    partition: str | None = None
    account: str | None = None
    jobs: PositiveInt | None = None
    setup: tuple[str, ...] = ()
    folder: Path | None = None
    cluster: Literal["slurm", "local"] = "slurm"

    def device(self, asked: str | None) -> torch.device:
        """Return the device asked for, else that of the nodes, whatever this machine has."""
        return torch.device(asked or ("cuda" if self.gpus else "cpu"))

    @property
    def threads(self) -> int:
        """The cores of a job."""
        return self.cpus

    def crew(self, shared: JobContext, epoch: Epoch) -> Crew:
        """Return a crew that hands jobs to the queue.

        Raises:
            WorkerError: there is no Slurm here, or it does not answer.
        """
        kept = (self.folder or shared.inputs.cache / "slurm").absolute()
        spool = Spool(kept / digest_json(str(shared.results.absolute()))[:8])
        queue = self._queue(spool.folder / "submitit", shared.timeout)
        most = self.jobs or (cpu_count() if self.cluster == "local" else _MOST)
        limit = shared.timeout or 60.0 * self.minutes
        portable = replace(shared, inputs=shared.inputs.portable())
        return _Queued(portable, epoch, queue, spool, most, limit)

    def _queue(self, folder: Path, timeout: float | None) -> Queue:
        minutes = math.ceil(timeout / 60) + 1 if timeout else self.minutes
        if self.cluster == "local":
            return LocalQueue(
                folder, timeout_min=minutes, gpus_per_node=self.gpus, setup=self.setup
            )
        if shutil.which("sbatch") is None:
            raise WorkerError(
                "sbatch is not on the PATH: this machine belongs to no Slurm cluster.",
                "Give the command on a login node, or try it here: --with cluster=local.",
            )
        queue = SlurmQueue(
            folder,
            time=minutes,
            cpus_per_task=self.cpus,
            gpus_per_node=self.gpus or None,
            mem=f"{math.ceil(1024 * self.memory)}M",
            partition=self.partition,
            account=self.account,
            setup=list(self.setup),
            array_parallelism=_MOST,
        )
        if queue.states(()) is None:
            raise WorkerError(
                "Slurm does not answer to squeue.",
                "Run `squeue --me`, and give the command again when it answers.",
            )
        return queue


@dataclass
class _Given:
    """A job that was handed in.

    Attributes:
        job: itself.
        ticket: its number in the queue; None if an earlier command had it computed.
        began: whether its `Began` event was yielded.
    """

    job: Job
    ticket: str | None
    began: bool = False


class _Queued(Crew):
    """Jobs in a queue, which report through a spool."""

    def __init__(
        self, shared: JobContext, epoch: Epoch, queue: Queue, spool: Spool, most: int, limit: float
    ) -> None:
        self._shared = shared
        self._shared_file: Path | None = None
        self._epoch = epoch
        self._queue = queue
        self._spool = spool
        self._most = most
        self._limit = limit
        self._given: dict[str, _Given] = {}
        self._lost = False
        self._asked = -math.inf  # when the queue was, by the monotonic clock

    def room(self) -> int:
        """Return how many more jobs the queue may hold; 0 until there are enough for an array."""
        free = self._most - len(self._given)
        return free if free >= self._most // 10 else 0

    def take(self, jobs: Sequence[Job]) -> None:
        """Hand in the jobs that no earlier command handed in or that the queue lost since."""
        tickets = {job.key: self._spool.ticket(job.key) for job in jobs}
        known = [ticket for ticket in tickets.values() if ticket]
        states = self._queue.states(known) if known else {}
        ended = self._spool.ended()
        fresh = []
        for job in jobs:
            ticket = tickets[job.key]
            if job.key in ended or (ticket and _state(states, ticket) not in _OVER):
                self._given[job.key] = _Given(job, ticket)
            else:
                fresh.append(job)
        self._submit(fresh)

    def wait(self) -> Iterator[JobEvent]:
        """Yield the events of jobs, from their states in the queue and their results in the spool.

        The files of a job are removed when its event was handled: when the next one is asked for.
        """
        time.sleep(MOMENT)
        # First the queue: a job that is over there has written its result by then, if it ever does.
        states = self._states()
        ended = self._spool.ended()
        preempted = []
        for key, given in list(self._given.items()):
            state = _state(states, given.ticket)
            if not given.began and (key in ended or state == "RUNNING"):
                given.began = True
                yield Began(key)
            if key in ended:
                yield self._ending(given)
                self._forget(given)
            elif state == "PREEMPTED":  # to make way for other jobs
                preempted.append(given.job)
            elif state in _OVER:
                yield self._loss(given, state)
                self._forget(given)
            elif state == "RUNNING" and (epochs := self._spool.progress(key)):
                self._epoch(key, *epochs)
        self._submit(preempted)

    def close(self) -> None:
        """Cancel what is not done."""
        if tickets := [given.ticket for given in self._given.values() if given.ticket]:
            self._queue.cancel(tickets)
        for key in self._given.keys() - self._spool.ended():
            self._spool.forget(key)
        self._given.clear()
        if not self._lost:  # else the logs of jobs are of use
            self._spool.clear()

    def _submit(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        if self._shared_file is None:
            self._shared_file = self._spool.keep(self._shared)
        calls = [(job, self._shared_file, self._spool.folder) for job in jobs]
        tickets = self._queue.submit(calls)
        for job, ticket in zip(jobs, tickets, strict=True):
            self._spool.give(job.key, ticket)
            before = self._given.get(job.key)
            self._given[job.key] = _Given(job, ticket, before.began if before else False)

    def _states(self) -> Mapping[str, str] | None:
        """Return the states; None if the queue does not answer or was asked a moment ago."""
        if time.monotonic() - self._asked < self._queue.pause:
            return None
        self._asked = time.monotonic()
        return self._queue.states([g.ticket for g in self._given.values() if g.ticket])

    def _ending(self, given: _Given) -> JobEvent:
        ending = self._spool.ending(given.job.key)
        if ending is None:
            return Lost(given.job.key, "its result is not of this version")
        return Ended(given.job.key, ending)

    def _loss(self, given: _Given, state: str) -> JobEvent:
        """Return the event of a job that is over without a result."""
        if state == "TIMEOUT":
            return Ended(given.job.key, overdue(given.job, self._limit))
        self._lost = True
        log = self._queue.log(given.ticket or "")
        hint = f"its log is {log}" if log.exists() else f"do all nodes see {log.parent}?"
        return Lost(given.job.key, f"its state in the queue is {state}; {hint}")

    def _forget(self, given: _Given) -> None:
        """Delete the files of a job; keep the logs once a job was lost."""
        del self._given[given.job.key]
        self._spool.forget(given.job.key)
        if given.ticket and not self._lost:
            self._queue.forget(given.ticket)


def _state(states: Mapping[str, str] | None, ticket: str | None) -> str | None:
    """Return the state of a job; None where the queue did not answer."""
    return None if states is None else states.get(ticket or "", _GONE)
