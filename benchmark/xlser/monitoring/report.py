"""Reports on a plan while it is carried out, and on its failures in the end."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from xlser.monitoring.console import Messages
from xlser.monitoring.durations import duration

if TYPE_CHECKING:
    from xlser.executors import Events
    from xlser.monitoring.bars import Bars
    from xlser.monitoring.progress import Progress
    from xlser.monitoring.status import State, StatusFile
    from xlser.records import Record
    from xlser.runs import Failure, Job, Run

_MOMENT = 1.0  # seconds between two looks at the progress
_EVERY = 60.0  # seconds between two lines on it, where no bars can be shown


class Report:
    """Shows the progress of a plan.

    On a terminal: bars, and a line for each failure. Elsewhere: a line for each job that ends, and
    one a minute.

    While its block goes on, the status file is kept up to date as well.

    Args:
        progress: what is shown.
        bars: of the terminal.
        messages: where lines go.
        status: file that other processes read; None for none.
    """

    def __init__(
        self,
        progress: "Progress",
        bars: "Bars",
        messages: Messages,
        status: "StatusFile | None" = None,
    ) -> None:
        self.failures: list[tuple[Run, Failure]] = []
        self._progress = progress
        self._status = status
        self._bars = bars
        self._messages = messages
        self._all = bars.add_task("runs", total=None, left=None)
        self._shown: dict[str, Any] = {}  # bars of jobs at work, by their keys
        self._reported = monotonic()
        self._over = threading.Event()
        # A thread: a method at work in this process may not call back for a long time.
        self._thread = threading.Thread(target=self._go_on_showing, daemon=True)

    def __enter__(self) -> Self:
        self._show("running")
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(10 * _MOMENT)
        if kind is None:
            self._show("ended")
        else:
            self._show("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")

    def events(self) -> "Events":
        """Return the callbacks of an execution that feed this report."""
        from xlser.executors import Events

        return Events(
            planned=self._progress.planned,
            started=self._progress.started,
            epoch=self._progress.epoch,
            trained=self._trained,
            untrained=self._untrained,
            finished=self._finished,
            failed=self._failed,
            repeated=self._repeated,
        )

    def _trained(self, job: "Job", seconds: float) -> None:
        self._progress.trained(job, seconds)
        words = f"{job.label}: trained ({seconds:.1f} s)"
        self._write(self._messages.step, words, "trained", job, seconds=seconds)

    def _untrained(self, job: "Job", failure: "Failure") -> None:
        self._progress.untrained(job)
        words = f"{job.label}: FAILED, {failure.message}"
        self._write(self._messages, words, "untrained", job, message=failure.message)

    def _repeated(self, job: "Job", how: str) -> None:
        self._progress.repeated(job)
        words = f"{job.label}: {how}; it is begun again"
        self._write(self._messages, words, "repeated", job, how=how)

    def _finished(self, run: "Run", record: "Record") -> None:
        self._progress.finished(run, record)
        score, seconds = record.scores["target"], round(sum(record.seconds.values()), 3)
        words = f"ua {100 * score.ua:.1f}, accuracy {100 * score.accuracy:.1f} ({seconds:.1f} s)"
        facts = {"ua": score.ua, "accuracy": score.accuracy, "seconds": seconds}
        self._write(self._messages.step, self._ended(run, words), "ended", run, **facts)

    def _failed(self, run: "Run", failure: "Failure") -> None:
        self._progress.failed(run)
        self.failures.append((run, failure))
        words = self._ended(run, f"FAILED, {failure.message}")
        facts = {"message": failure.message, "trace": failure.trace}
        self._write(self._messages, words, "failed", run, **facts)

    def _ended(self, run: "Run", how: str) -> str:
        counts, left = self._progress.counts(), self._progress.seconds_left()
        rest = "" if left is None else f"; {duration(left)} left"
        place = f"{counts['done'] + counts['failed']}/{counts['total']}"
        return f"[{place}] {run.label}: {how}{rest}"

    def _write(
        self, write: Callable[..., None], words: str, event: str, of: "Job | Run", **facts: Any
    ) -> None:
        """Write a message on a job or run, with the counts."""
        left = self._progress.seconds_left()
        counts = self._progress.counts() | {
            "seconds_left": None if left is None else round(left, 1)
        }
        write(words, event, run=of.label, key=of.key, **facts, **counts)

    def _go_on_showing(self) -> None:
        while not self._over.wait(_MOMENT):
            self._show("running")

    def _show(self, state: "State") -> None:
        snapshot = self._progress.snapshot()
        if self._status:
            self._status.write(snapshot, state)
        if self._messages.bars_shown:
            self._draw(snapshot)
        elif monotonic() - self._reported >= _EVERY:
            self._reported = monotonic()
            self._messages(in_a_line(snapshot), "progress", **snapshot)

    def _draw(self, snapshot: Mapping[str, Any]) -> None:
        counts, jobs = snapshot["runs"], snapshot["longest_at_work"]
        self._bars.update(
            self._all,
            description=f"runs ({_counted(counts)}; {_cost(snapshot)})",
            completed=counts["done"] + counts["failed"],
            total=counts["total"] or None,
            left=snapshot["seconds_left"],
        )
        for key in self._shown.keys() - {job["key"] for job in jobs}:
            self._bars.remove_task(self._shown.pop(key))
        for job in jobs:
            if job["key"] not in self._shown:
                self._shown[job["key"]] = self._bars.add_task(job["job"], total=None)
            done, total = job["epochs"] or (0, None)
            self._bars.update(self._shown[job["key"]], completed=done, total=total)
        more = counts["at_work"] - len(jobs)
        self._bars.below = f"and {more} more" if more else ""


def in_a_line(snapshot: Mapping[str, Any]) -> str:
    """Return a snapshot of a progress in words."""
    counts, left, jobs = snapshot["runs"], snapshot["seconds_left"], snapshot["longest_at_work"]
    words = f"{counts['done']} of {counts['total']} runs done, {_counted(counts)}; "
    words += f"{_cost(snapshot)} in {duration(snapshot['seconds'])}"
    if left is not None:
        words += f", {duration(left)} left"
    return words + (f"; longest at work: {job_in_a_line(jobs[0])}" if jobs else "")


def job_in_a_line(job: Mapping[str, Any]) -> str:
    """Return a running job of a snapshot in words."""
    words = f"{job['job']}, {duration(job['seconds'])}"
    done, total = job["epochs"] or (0, 0)
    return words + (f", {done} of {total} epochs of this stage" if total else "")


def failure_lines(
    failures: Sequence[Mapping[str, Any]], folder: Path, traces: bool
) -> Iterator[str]:
    """Yield lines on failed runs, equal failures together, the most frequent first.

    Args:
        failures: as they are written down, each with `run`, `message`, `again` and `trace`.
        folder: in which they are.
        traces: whether to show a traceback of each kind.
    """
    most, examples = 8, 3
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for failure in failures:
        kinds.setdefault(failure["message"], []).append(failure)
    ordered = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    for message, alike in ordered[:most]:
        yield message + (f" ({len(alike)} runs)" if len(alike) > 1 else "")
        yield from (f"  {each['run']}: {each['again']}" for each in alike[:examples])
        if len(alike) > examples:
            yield f"  and {len(alike) - examples} more"
        if traces:
            yield indent(alike[0]["trace"].rstrip(), "  ")
    if len(ordered) > most:
        others = sum(len(alike) for _, alike in ordered[most:])
        yield f"and {others} more, each in its own way"
    yield f"All of them, with tracebacks and the commands that repeat them, are in {folder}."


def _counted(counts: Mapping[str, int]) -> str:
    parts = [f"{counts['at_work']} at work", f"{counts['waiting']} waiting"]
    return ", ".join([*([f"{counts['failed']} failed"] if counts["failed"] else []), *parts])


def _cost(snapshot: Mapping[str, Any]) -> str:
    used = (("core-hours", snapshot["core_hours"]), ("GPU-hours", snapshot["gpu_hours"]))
    return ", ".join(f"{_figures(hours)} {of}" for of, hours in used if hours) or "0 core-hours"


def _figures(hours: float) -> str:
    if hours < 0.01:
        return "less than 0.01"
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.2f}"
