"""Queues that submitit hands jobs to: Slurm's, and processes of this machine to try it with."""

import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError, JobPaths
from submitit.helpers import clean_env

from xlser.errors import WorkerError
from xlser.executors.executor import MOMENT
from xlser.executors.spool import work
from xlser.runs.processes import interrupts_ignored


class Queue(ABC):
    """A queue of jobs, which are computed whether or not this process goes on.

    Args:
        executor: submitit's.
        folder: of its files, which all machines see.
    """

    pause: float
    """Seconds between two requests for states."""

    def __init__(self, executor: Any, folder: Path) -> None:
        self._executor = executor
        self._folder = folder
        self._jobs: dict[str, Any] = {}

    def submit(self, calls: Sequence[tuple[Any, ...]]) -> list[str]:
        """Hand in calls of `work`, all at once; return the number of each in the queue.

        Raises:
            WorkerError: they are not accepted.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            with _as_from_outside(), self._executor.batch():
                jobs = [self._executor.submit(work, *call) for call in calls]
        except (FailedJobError, FailedSubmissionError) as cause:
            raise WorkerError(
                f"The queue does not accept {len(calls)} jobs: {str(cause).strip()}",
                "Ask for what the cluster has: --with partition=..., account=..., minutes=..., "
                "memory=...; --jobs for fewer at once.",
            ) from cause
        self._jobs.update({job.job_id: job for job in jobs})
        return [job.job_id for job in jobs]

    @abstractmethod
    def states(self, tickets: Collection[str]) -> Mapping[str, str] | None:
        """Return Slurm's name of the state of each listed job; None for no answer."""

    @abstractmethod
    def cancel(self, tickets: Collection[str]) -> None:
        """End jobs, waiting or at work."""

    def log(self, ticket: str) -> Path:
        """Return the log of a job."""
        path: Path = JobPaths(self._folder, job_id=ticket).stdout
        return path

    def forget(self, ticket: str) -> None:
        """Remove the files of a job that is done."""
        self._jobs.pop(ticket, None)
        self.log(ticket).unlink(missing_ok=True)
        JobPaths(self._folder, job_id=ticket).submitted_pickle.unlink(missing_ok=True)


class SlurmQueue(Queue):
    """Slurm's."""

    pause = 10.0

    def __init__(self, folder: Path, **wanted: Any) -> None:
        # Without a warning before the limit: a job has nothing to put away.
        # Without srun, which since Slurm 22.05 gives a step one core of those that the job has.
        super().__init__(submitit.SlurmExecutor(folder), folder)
        self._executor.update_parameters(
            **{name: value for name, value in wanted.items() if value is not None},
            job_name="xlser",
            use_srun=False,
            signal_delay_s=0,
            stderr_to_stdout=True,
            additional_parameters={"requeue": True},
        )

    def states(self, tickets: Collection[str]) -> Mapping[str, str] | None:
        """Ask once for all; squeue, for sacct needs a data base that not every cluster keeps."""
        command = ["squeue", "--me", "--array", "--noheader", "--states=all", "--format=%i %T"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return None
        return dict(line.split() for line in done.stdout.splitlines())

    def cancel(self, tickets: Collection[str]) -> None:
        """Take them from the queue; those at work end at once."""
        subprocess.run(["scancel", "--signal=KILL", *tickets], capture_output=True, check=False)


class LocalQueue(Queue):
    """Processes of this machine, each begun when it is handed in."""

    pause = MOMENT

    def __init__(self, folder: Path, **wanted: Any) -> None:
        super().__init__(submitit.LocalExecutor(folder), folder)
        self._executor.update_parameters(**wanted, signal_delay_s=0, stderr_to_stdout=True)

    def submit(self, calls: Sequence[tuple[Any, ...]]) -> list[str]:
        """Begin a process each; a Ctrl-C is for this one alone."""
        with interrupts_ignored():
            return super().submit(calls)

    def states(self, tickets: Collection[str]) -> Mapping[str, str] | None:
        """Look for the processes; those of an earlier command need not be this one's children."""
        return {ticket: "RUNNING" for ticket in tickets if self._runs(ticket)}

    def cancel(self, tickets: Collection[str]) -> None:
        """Terminate the processes; each ends those it started."""
        for ticket in tickets:
            if self._runs(ticket):
                with suppress(ProcessLookupError):
                    os.kill(int(ticket), signal.SIGTERM)

    def _runs(self, ticket: str) -> bool:
        if ticket in self._jobs:
            return not self._jobs[ticket].done()
        with suppress(OSError):
            return b"submitit" in Path("/proc", ticket, "cmdline").read_bytes()
        return False


@contextmanager
def _as_from_outside() -> Iterator[None]:
    """Hide the variables of this process, if it is a job itself, from new jobs.

    What users set for their cluster and for all their jobs stays.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "SLURM_CONF" or name.startswith("SBATCH_")
    }
    with clean_env():
        os.environ.update(kept)
        yield
