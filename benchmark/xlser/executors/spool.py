"""A folder through which jobs on other machines report, and what those jobs run."""

import json
import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import NoReturn

import torch
from pydantic import TypeAdapter

from xlser.executors.executor import throttled
from xlser.runs.jobs import Job, JobContext, JobResult, do, overdue
from xlser.system.files import write_atomically

_RESULT: TypeAdapter[JobResult] = TypeAdapter(JobResult)
_EVERY = 5.0  # seconds between two reports of a job's progress: a shared folder is slow


@dataclass(frozen=True)
class Spool:
    """A folder that all machines see, with files named by the keys of jobs.

    Attributes:
        folder: need not exist yet.
    """

    folder: Path

    def keep(self, shared: JobContext) -> Path:
        """Write the context of jobs, once; return its file."""
        content = pickle.dumps(shared)
        path = self.folder / f"{sha256(content).hexdigest()[:16]}.shared"
        if not path.exists():
            write_atomically(path, content)
        return path

    def give(self, key: str, ticket: str) -> None:
        """Write the number of a job in the queue."""
        (self.folder / f"{key}.ticket").write_text(ticket)

    def ticket(self, key: str) -> str | None:
        """Return the number of a job in the queue; None if it was never handed in."""
        with suppress(FileNotFoundError):
            return (self.folder / f"{key}.ticket").read_text() or None
        return None

    def report_epochs(self, key: str, done: int, total: int) -> None:
        """Write how many epochs of how many a job has done."""
        write_atomically(self.folder / f"{key}.progress", json.dumps([done, total]).encode())

    def progress(self, key: str) -> tuple[int, int] | None:
        """Return the (epochs done, epochs in all) that a job last wrote."""
        with suppress(FileNotFoundError):
            done, total = json.loads((self.folder / f"{key}.progress").read_bytes())
            return done, total
        return None

    def end(self, key: str, ending: JobResult) -> None:
        """Write the result of a job; a record in the form of its own file."""
        content = _RESULT.dump_json(ending, exclude_unset=True)
        write_atomically(self.folder / f"{key}.ending", content)

    def ended(self) -> set[str]:
        """Return the keys of jobs that ended."""
        with suppress(FileNotFoundError):
            # A listing in the cache of a network file system may be a minute old: this renews it.
            os.utime(self.folder)
            return {path.stem for path in self.folder.glob("*.ending")}
        return set()

    def ending(self, key: str) -> JobResult | None:
        """Return the result of a job; None for a file of another version."""
        with suppress(FileNotFoundError, ValueError):
            return _RESULT.validate_json((self.folder / f"{key}.ending").read_bytes())
        return None

    def forget(self, key: str) -> None:
        """Remove the files of a job."""
        for what in ("progress", "ending", "ticket"):
            (self.folder / f"{key}.{what}").unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the folder, unless it holds a job of another command."""
        kept = {path.suffix for path in self.folder.glob("*")}
        if kept.isdisjoint((".ticket", ".ending")):
            rmtree(self.folder, ignore_errors=True)


def work(job: Job, shared: Path, folder: Path) -> NoReturn:
    """Compute a job, write its result, and end this process.

    A job that the queue restarts, after a failure or a preemption, begins anew: runs keep no state.

    Args:
        job: to compute.
        shared: file of the context.
        folder: of the spool.
    """
    # submitit ignores SIGTERM, which is not needed: no state is to be saved. It turns SIGUSR2 into
    # an exception inside the method, which would count as a failure of the method.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    spool = Spool(folder)
    if job.key not in spool.ended():
        common: JobContext = pickle.loads(shared.read_bytes())
        torch.set_num_threads(common.threads)
        if common.timeout is not None:
            _end_in(common.timeout, job, spool)
        progress = throttled(partial(spool.report_epochs, job.key), _EVERY)
        spool.end(job.key, do(job, common, progress))
    _leave()


def _leave() -> NoReturn:
    """End this process at once, even if a method left threads running."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _end_in(seconds: float, job: Job, spool: Spool) -> None:
    def end() -> None:
        spool.end(job.key, overdue(job, seconds))
        _leave()

    clock = threading.Timer(seconds, end)
    clock.daemon = True
    clock.start()
