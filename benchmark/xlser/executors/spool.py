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
    """A folder that all machines see; what it says of a job is in files of the job's key.

    Attributes:
        folder: may not be there yet.
    """

    folder: Path

    def keep(self, shared: JobContext) -> Path:
        """Put down what jobs have in common, once; return its file."""
        content = pickle.dumps(shared)
        path = self.folder / f"{sha256(content).hexdigest()[:16]}.shared"
        if not path.exists():
            write_atomically(path, content)
        return path

    def give(self, key: str, ticket: str) -> None:
        """Put down by which number the queue knows a job."""
        (self.folder / f"{key}.ticket").write_text(ticket)

    def ticket(self, key: str) -> str | None:
        """Return by which number the queue knows a job, if it does."""
        with suppress(FileNotFoundError):
            return (self.folder / f"{key}.ticket").read_text() or None
        return None

    def tell(self, key: str, done: int, total: int) -> None:
        """Put down how many epochs a job has done."""
        write_atomically(self.folder / f"{key}.progress", json.dumps([done, total]).encode())

    def progress(self, key: str) -> tuple[int, int] | None:
        """Return (epochs done, epochs in all) as a job last reported them."""
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
            # The listing that this machine remembers may be a minute old; now it asks the server.
            os.utime(self.folder)
            return {path.stem for path in self.folder.glob("*.ending")}
        return set()

    def ending(self, key: str) -> JobResult | None:
        """Return how a job ended; None where that was put down in no form of today's."""
        with suppress(FileNotFoundError, ValueError):
            return _RESULT.validate_json((self.folder / f"{key}.ending").read_bytes())
        return None

    def forget(self, key: str) -> None:
        """Remove all that is put down about a job."""
        for what in ("progress", "ending", "ticket"):
            (self.folder / f"{key}.{what}").unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the folder, unless there is a job that somebody may still ask for."""
        kept = {path.suffix for path in self.folder.glob("*")}
        if kept.isdisjoint((".ticket", ".ending")):
            rmtree(self.folder, ignore_errors=True)


def work(job: Job, shared: Path, folder: Path) -> NoReturn:
    """Do a job, put down how it ended, and end this process.

    A job that the queue begins once more, after a machine failed or was needed for something more
    urgent, begins from its start; runs keep no state.

    Args:
        job: to be done.
        shared: the file of what it has in common with others.
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
        progress = throttled(partial(spool.tell, job.key), _EVERY)
        spool.end(job.key, do(job, common, progress))
    _leave()


def _leave() -> NoReturn:
    """End this process at once, whatever threads a method left; nobody reads what it returns."""
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
