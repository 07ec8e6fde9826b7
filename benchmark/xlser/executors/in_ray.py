"""What processes of a Ray cluster do: jobs, whose driver may be on another machine."""

import asyncio
import pickle
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import ray
from ray.exceptions import ObjectLostError

from xlser.errors import WorkerError
from xlser.executors.executor import MOMENT, throttled
from xlser.system.files import safe_name, write_atomically
from xlser.system.memory import keep_pages

# Such a process imports this module first; `keep_pages` is to come before torch.
if TYPE_CHECKING:
    from xlser.runs.failures import Failure
    from xlser.runs.jobs import Job, JobContext, JobResult

_GATHER = 0.1  # seconds for which words are gathered into one message


class Mailbox:
    """Holds what jobs say until it is fetched."""

    def __init__(self) -> None:
        self._words: list[tuple[int, tuple[int, int] | None]] = []
        self._came = asyncio.Event()

    async def tell(self, number: int, epoch: tuple[int, int] | None) -> None:
        """Take that a job is at work, and which epoch (done, in all) it has reached, if any."""
        self._words.append((number, epoch))
        self._came.set()

    async def hear(self) -> list[tuple[int, tuple[int, int] | None]]:
        """Return the messages since the last call, as soon as there is one."""
        await self._came.wait()
        await asyncio.sleep(_GATHER)
        words, self._words = self._words, []
        self._came.clear()
        return words


@dataclass(frozen=True)
class Common:
    """What all jobs of a plan have in common; a process fetches it once.

    Attributes:
        context: of the plan; its inputs are portable.
        cache: of the process that holds the plan.
        mailbox: for messages to that process.
    """

    context: "JobContext"
    cache: Path
    mailbox: Any


@dataclass(frozen=True)
class Done:
    """How a job ended, and the file of the source model that it trained."""

    ending: "JobResult"
    model: bytes | None = None


@dataclass(frozen=True)
class Unlike:
    """A node whose records would not be comparable."""

    node: str
    versions: Mapping[str, str]

    def error(self, ours: Mapping[str, str]) -> WorkerError:
        """Return what differs from the versions here, `ours`, and what to do about it."""
        differ = [name for name, of in ours.items() if self.versions[name] != of]
        said = [f"{name} {self.versions[name]}, not {ours[name]}" for name in differ]
        return WorkerError(
            f"The node {self.node} of the Ray cluster has {', '.join(said)} as here.",
            "Install the same versions on all nodes; the same command goes on.",
        )


@dataclass(frozen=True)
class Unready:
    """A node where a job cannot begin: what its method or backbone comes from is not there."""

    node: str
    failure: "Failure"

    def failure_of(self, job: "Job") -> "Failure":
        """Return it as the failure of `job`."""
        from xlser.methods.calls import described
        from xlser.runs.failures import Failure

        said = (
            f"{described(job.run.method)} cannot begin on the node {self.node}: "
            f"{self.failure.said} Install there the packages that are installed here."
        )
        return Failure(f"WorkerError: {said}", self.failure.trace)


def compute(
    common: "list[ray.ObjectRef[Common]]",
    versions: Mapping[str, str],
    number: int,
    pickled: bytes,
    model: "list[ray.ObjectRef[bytes]]",
) -> Done | Unlike | Unready:
    """Do a job in this process.

    Lists keep Ray from fetching what lies behind references each time anew.
    """
    keep_pages()
    if versions != versions_here():
        return Unlike(platform.node(), versions_here())
    from xlser.runs.failures import Failure
    from xlser.runs.jobs import do

    try:
        shared, cache, mailbox = _fetch(common[0])
        job: Job = pickle.loads(pickled)
        if job.uses:
            _lay_out(shared.inputs.cache / job.uses.relative_to(cache), model)
    except ObjectLostError:
        raise  # the node that had it is gone
    except (Exception, SystemExit) as error:  # a stranger's package may raise anything
        return Unready(platform.node(), Failure.of(error))
    mailbox.tell.remote(number, None)
    progress = throttled(lambda *epoch: mailbox.tell.remote(number, epoch), MOMENT)
    if not job.model:
        return Done(do(job, shared, progress))
    trained = shared.inputs.cache / job.model.relative_to(cache)
    ending = do(job, shared, progress)
    return Done(ending, trained.read_bytes() if isinstance(ending, float) else None)


@cache
def versions_here() -> dict[str, str]:
    """Return the versions that records depend on and that all nodes must have in common."""
    packages = {name: version(name) for name in ("xlser", "torch")}
    return {"Python": platform.python_version(), **packages}


_fetched: dict[str, tuple["JobContext", Path, Any]] = {}


def _fetch(common: "ray.ObjectRef[Common]") -> tuple["JobContext", Path, Any]:
    """Return what jobs share, whose cache the plan's is, and the mailbox."""
    known = _fetched.get(common.hex())
    if known is None:
        import torch

        _fetched.clear()  # of an earlier crew
        there: Common = ray.get(common)
        inputs = there.context.inputs.with_cache(_cache_here(there.cache))
        shared = replace(there.context, inputs=inputs)
        torch.set_num_threads(shared.threads)
        known = _fetched[common.hex()] = shared, there.cache, there.mailbox
    return known


def _cache_here(cache: Path) -> Path:
    """Return the folder of that name if this process can write there, else a temporary one."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return cache
    except OSError:
        return Path(tempfile.gettempdir(), f"xlser-{safe_name(psutil.Process().username())}")


def _lay_out(path: Path, model: "list[ray.ObjectRef[bytes]]") -> None:
    """Write a source model to where runs look for it, unless it is there."""
    if model and not path.exists():
        write_atomically(path, ray.get(model[0]))
