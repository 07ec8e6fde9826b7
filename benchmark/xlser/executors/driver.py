"""Carries out a plan: gives jobs to an executor as they become ready, and writes records."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from heapq import heappop, heappush

from xlser.executors import Began, Crew, Ended, Executor, JobEvent, Local
from xlser.records.record import Record
from xlser.runs.failures import Failure, failure_path, write_failure
from xlser.runs.jobs import Job, JobContext, JobResult, given_up, jobs_of
from xlser.runs.plan import Plan, Run
from xlser.runs.saving import save_kept_records, save_record
from xlser.system.files import sweep

ATTEMPTS = 3
"""How often a job is computed whose process dies."""


@dataclass
class Outcome:
    """How a plan ended.

    Attributes:
        finished: number of runs whose record is written.
        failures: runs that failed, with their traceback.
    """

    finished: int = 0
    failures: list[tuple[Run, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Events:
    """Callbacks of an execution.

    Attributes:
        planned: called with the jobs to do, source models among them, and their context.
        started: a job begins.
        epoch: (key of a running job, epochs done, epochs in all) of its stage. A key, so that a
            method cannot reach the plan through the callback.
        trained: a source model is trained, in so many seconds.
        untrained: a source model cannot be trained; the runs that wait for it fail as it did.
        finished: a run's record is written.
        failed: a run failed.
        repeated: a job is computed again, because its process was lost in this way.
    """

    planned: Callable[[Sequence[Job], JobContext], None] = lambda jobs, shared: None
    started: Callable[[Job], None] = lambda job: None
    epoch: Callable[[str, int, int], None] = lambda key, done, total: None
    trained: Callable[[Job, float], None] = lambda job, seconds: None
    untrained: Callable[[Job, Failure], None] = lambda job, failure: None
    finished: Callable[[Run, Record], None] = lambda run, record: None
    failed: Callable[[Run, Failure], None] = lambda run, failure: None
    repeated: Callable[[Job, str], None] = lambda job, how: None


def execute(
    plan: Plan,
    shared: JobContext,
    events: Events,
    executor: Executor | None = None,
    seconds: Callable[[Job], float] = lambda job: 0.0,
) -> Outcome:
    """Compute the runs of a plan that have no record; a failed run does not stop the others.

    A killed process loses at most the runs in progress: every other record is on disk. Records
    are the same for any executor, but for times and machines. A failure is written down beside the
    results until the run succeeds.

    Args:
        plan: runs to do.
        shared: speech, backbone, results, device.
        events: callbacks.
        executor: computes the jobs; None for this process, one run after the other.
        seconds: expected of a job. The longest begin first, so that none of them is left over at
            the end.

    Raises:
        ResultsError: a record cannot be written.
        WorkerError: the executor computes nothing here.
    """
    for folder in {run.path(shared.results).parent for run in plan.todo}:
        sweep(folder)
    save_kept_records(plan.todo, shared.results, shared.inputs.cache)
    todo = [run for run in plan.todo if not run.path(shared.results).exists()]
    jobs = jobs_of(todo, shared)
    events.planned(jobs, shared)
    driver = _Driver(jobs, shared, events, seconds)
    with closing((executor or Local()).crew(shared, events.epoch)) as crew:
        driver.carry_out(crew)
    return driver.outcome


Turn = tuple[float, int]
"""Sort key of ready jobs: the smallest comes first."""


def turns(jobs: Sequence[Job], seconds: Callable[[Job], float]) -> dict[str, Turn]:
    """Return the turns of jobs, by their keys.

    The longest comes first, and for a source model the longest job that waits for it counts, too.
    Jobs that take as long come as they were planned.
    """
    lasts = {job.key: seconds(job) for job in jobs}
    after: dict[str, float] = {}
    for job in jobs:
        if job.needs:
            after[job.needs] = max(lasts[job.key], after.get(job.needs, 0.0))
    return {
        job.key: (-lasts[job.key] - after.get(job.key, 0.0), place)
        for place, job in enumerate(jobs)
    }


class _Driver:
    """Hands out jobs whose source model is trained, and handles their results."""

    def __init__(
        self,
        jobs: Sequence[Job],
        shared: JobContext,
        events: Events,
        seconds: Callable[[Job], float],
    ) -> None:
        self.outcome = Outcome()
        self._shared = shared
        self._events = events
        self._jobs = {job.key: job for job in jobs}
        self._lost: dict[str, int] = {}  # how often a job was, by its key
        self._untrained: dict[str, Failure] = {}  # source models, by their key
        self._order = TopologicalSorter({j.key: [j.needs] if j.needs else [] for j in jobs})
        self._turn = turns(jobs, seconds)
        self._ready: list[tuple[Turn, Job]] = []  # a heap; no two jobs have the same turn

    def carry_out(self, crew: Crew) -> None:
        self._order.prepare()
        while self._order.is_active():
            self._prepare()
            self._hand_out(crew)
            for event in crew.wait():
                self._handle(event)

    def _prepare(self) -> None:
        """Queue jobs whose source model is trained; fail those whose source model failed."""
        for key in self._order.get_ready():
            job = self._jobs[key]
            if failure := self._untrained.get(job.needs or ""):
                self._end(job, failure)
            else:
                self._queue(job)

    def _queue(self, job: Job) -> None:
        heappush(self._ready, (self._turn[job.key], job))

    def _hand_out(self, crew: Crew) -> None:
        count = min(crew.room(), len(self._ready))
        crew.take([heappop(self._ready)[1] for _ in range(count)])

    def _handle(self, event: JobEvent) -> None:
        job = self._jobs[event.key]
        if isinstance(event, Began):
            self._events.started(job)
        elif isinstance(event, Ended):
            self._end(job, event.ending)
        else:
            self._repeat(job, event.how)

    def _end(self, job: Job, ending: JobResult) -> None:
        self._order.done(job.key)
        if isinstance(ending, Record):
            self._finish(job.run, ending)
        elif isinstance(ending, float):
            self._events.trained(job, ending)
        elif job.model:
            self._untrained[job.key] = ending
            self._events.untrained(job, ending)
        else:
            self._fail(job.run, ending)

    def _finish(self, run: Run, record: Record) -> None:
        results = self._shared.results
        save_record(record, run.path(results), self._shared.inputs.cache)
        failure_path(run, results).unlink(missing_ok=True)
        self.outcome.finished += 1
        self._events.finished(run, record)

    def _fail(self, run: Run, failure: Failure) -> None:
        write_failure(run, failure, self._shared.results, self._shared.given)
        self.outcome.failures.append((run, failure.trace))
        self._events.failed(run, failure)

    def _repeat(self, job: Job, how: str) -> None:
        """Requeue a lost job, up to `ATTEMPTS` times: the job itself may be killing its process."""
        self._lost[job.key] = self._lost.get(job.key, 0) + 1
        if self._lost[job.key] < ATTEMPTS:
            self._events.repeated(job, how)
            self._queue(job)
            return
        self._end(job, given_up(job, ATTEMPTS, how))
