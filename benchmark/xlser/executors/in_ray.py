"""What processes of a Ray cluster do: jobs, whose driver may be on another machine."""

import pickle
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import ray
from ray.exceptions import ObjectLostError
from ray.util.queue import Queue

from xlser.executors.executor import MOMENT, throttled
from xlser.system.files import safe_name, write_atomically
from xlser.system.memory import keep_pages

# Such a process imports this module first; `keep_pages` is to come before torch.
if TYPE_CHECKING:
    from xlser.runs.failures import Failure
    from xlser.runs.jobs import Job, JobContext, JobResult


@dataclass(frozen=True)
class Common:
    """What all jobs of a plan have in common; a process fetches it once.

    Attributes:
        context: of the plan; its inputs are portable.
        cache: of the process that holds the plan.
        queue: for messages to that process: (number of a job, None when it begins, else its epoch).
    """

    context: "JobContext"
    cache: Path
    queue: Queue


@dataclass(frozen=True)
class Done:
    """How a job ended, and the file of the source model that it trained."""

    ending: "JobResult"
    model: bytes | None = None


@dataclass(frozen=True)
class Unfit:
    """A node with other versions than the driver: its records would not be comparable.

    Attributes:
        node: name.
        versions: those that differ, in words.
    """

    node: str
    versions: str


def compute(
    common: "list[ray.ObjectRef[Common]]",
    versions: Mapping[str, str],
    number: int,
    pickled: bytes,
    model: "list[ray.ObjectRef[bytes]]",
) -> Done | Unfit:
    """Do a job in this process.

    Args:
        common: reference to what jobs share, in a list: Ray would fetch a bare one for each job.
        versions: of the driver, by package.
        number: of the job, for its messages.
        pickled: the job.
        model: reference to the source model that it uses, in a list; empty for none.

    Raises:
        ObjectLostError: the node that held one of them is gone.
    """
    keep_pages()
    if differences := _other_versions(versions):
        return Unfit(platform.node(), differences)
    from xlser.runs.failures import Failure
    from xlser.runs.jobs import do

    try:
        shared, cache, queue = _fetch(common[0])
        job: Job = pickle.loads(pickled)
        if job.uses:
            _lay_out(shared.inputs.cache / job.uses.relative_to(cache), model)
    except ObjectLostError:
        raise  # the node that had it is gone
    except (Exception, SystemExit) as error:  # a stranger's package may raise anything
        return Done(_not_ready(Failure.of(error)))

    def report(epoch: tuple[int, int] | None) -> None:
        """Send a message to the driver without waiting for it."""
        queue.actor.put_nowait.remote((number, epoch))  # type: ignore[attr-defined]

    report(None)
    result = do(job, shared, throttled(lambda *epoch: report(epoch), MOMENT))
    if job.model and isinstance(result, float):
        trained = shared.inputs.cache / job.model.relative_to(cache)
        return Done(result, trained.read_bytes())
    return Done(result)


def _not_ready(failure: "Failure") -> "Failure":
    """Return the failure of a job whose method or backbone is not installed on this node."""
    from xlser.runs.failures import Failure

    message = (
        f"The run cannot begin on the node {platform.node()}: {failure.message} "
        "Install there the packages that are installed here."
    )
    return Failure(f"WorkerError: {message}", failure.trace)


def _other_versions(versions: Mapping[str, str]) -> str:
    """Return how versions of this node differ from the driver's, in words; "" if they do not."""
    here = versions_here()
    return ", ".join(
        f"{name} {here[name]}, not {of}" for name, of in versions.items() if here[name] != of
    )


@cache
def versions_here() -> dict[str, str]:
    """Return the versions that records depend on and that all nodes must have in common."""
    packages = {name: version(name) for name in ("xlser", "torch")}
    return {"Python": platform.python_version(), **packages}


_fetched: dict[str, tuple["JobContext", Path, Queue]] = {}


def _fetch(common: "ray.ObjectRef[Common]") -> tuple["JobContext", Path, Queue]:
    """Return what jobs share, whose cache the plan's is, and the queue."""
    known = _fetched.get(common.hex())
    if known is None:
        import torch

        _fetched.clear()  # of an earlier crew
        there: Common = ray.get(common)
        inputs = there.context.inputs.with_cache(_cache_here(there.cache))
        shared = replace(there.context, inputs=inputs)
        torch.set_num_threads(shared.threads)
        known = _fetched[common.hex()] = shared, there.cache, there.queue
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
