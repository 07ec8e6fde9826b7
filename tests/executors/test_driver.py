"""The driver on workers that are made up: which job it hands out, and how its own work grows."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.costs import grows_linearly

from xlser.executors import Began, Crew, Ended, Events, JobEvent, Lost
from xlser.executors.driver import ATTEMPTS, _Driver
from xlser.methods import get_method
from xlser.records import Record
from xlser.runs import Failure, Job, Run

_RECORD = Record.model_construct()  # of any run


class MadeUpCrew(Crew):
    """Computes jobs at once, in the order in which they are handed out; some lose their worker."""

    def __init__(self, workers: int, dies: Callable[[Job], bool] = lambda job: False) -> None:
        self.order: list[str] = []
        self._workers = workers
        self._dies = dies
        self._jobs: list[Job] = []

    def room(self) -> int:
        return self._workers - len(self._jobs)

    def take(self, jobs: Sequence[Job]) -> None:
        self._jobs += jobs

    def wait(self) -> Iterator[JobEvent]:
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            self.order.append(job.key)
            yield Began(job.key)
            if self._dies(job):
                yield Lost(job.key, "made up")
            else:
                yield Ended(job.key, 1.0 if job.model else _RECORD)

    def close(self) -> None:
        self._jobs.clear()


class Driver(_Driver):
    """The driver, but that nothing is written."""

    def _finish(self, run: Run, record: Record) -> None:
        self.outcome.finished += 1

    def _fail(self, run: Run, failure: Failure) -> None:
        self.outcome.failures.append((run, failure.trace))


def driven(jobs: Sequence[Job], crew: MadeUpCrew, seconds: Callable[[Job], float]) -> Driver:
    shared: Any = None  # is of those who write
    driver = Driver(jobs, shared, Events(), seconds)
    driver.carry_out(crew)
    return driver


def made(name: str, needs: str | None = None, model: bool = False) -> Job:
    run: Any = SimpleNamespace(method=get_method("svm")())
    return Job(name, name, run, needs, model=Path(name) if model else None)


def test_the_longest_begin_first_and_a_source_model_with_what_waits_for_it() -> None:
    seconds = {"short": 1.0, "long": 5.0, "model": 2.0, "needs model": 4.0, "middle": 5.5}
    jobs = [
        made("model", model=True),
        made("needs model", "model"),
        *(made(name) for name in ("short", "long", "middle")),
    ]
    crew = MadeUpCrew(workers=1)
    driven(jobs, crew, lambda job: seconds[job.key])
    assert crew.order == ["model", "middle", "long", "needs model", "short"]


def test_every_run_ends_once_whatever_becomes_of_workers() -> None:
    jobs = [made("model", model=True)]
    jobs += [made(f"{place}", "model" if place % 2 else None) for place in range(60)]
    deaths: dict[str, int] = {}

    def dies(job: Job) -> bool:
        """Each third job loses its worker once, and each tenth at every attempt."""
        deaths[job.key] = deaths.get(job.key, 0) + 1
        place = int(job.key) if job.key != "model" else 1
        return place % 10 == 0 or (place % 3 == 0 and deaths[job.key] == 1)

    crew = MadeUpCrew(workers=7, dies=dies)
    outcome = driven(jobs, crew, lambda job: 1.0).outcome
    assert (outcome.finished, len(outcome.failures)) == (54, 6)
    assert max(map(crew.order.count, crew.order)) == ATTEMPTS


def test_what_the_driver_does_grows_with_the_jobs() -> None:
    def carried_out(size: int) -> Callable[[], Driver]:
        names = [f"{place}" for place in range(20 * size)]
        jobs = [made("model", model=True), *(made(name, "model") for name in names)]
        return lambda: driven(jobs, MadeUpCrew(1000), lambda job: 1.0)

    assert grows_linearly(carried_out)
