"""The executor for a Ray cluster, whose nodes need share no disk."""

import logging
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

# Both are read when Ray is imported: no statistics are sent, no warning of plans is printed.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from pydantic import NonNegativeFloat, PositiveInt
from ray import exceptions
from ray.util.queue import Queue
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from xlser.errors import SettingsError, WorkerError
from xlser.executors.executor import MOMENT, Began, Crew, Ended, Epoch, Executor, JobEvent, Lost
from xlser.executors.in_ray import Common, Unfit, compute, versions_here
from xlser.system.files import write_atomically

if TYPE_CHECKING:
    import torch

    from xlser.runs.jobs import Job, JobContext

_AHEAD = 2  # jobs handed over for each that the cluster computes at a time, so that none waits
_LOOK = 10.0  # seconds after which the nodes of the cluster are counted again

_LOST: dict[type[exceptions.RayError], str] = {
    exceptions.WorkerCrashedError: "its process died",
    exceptions.NodeDiedError: "its node died",
    exceptions.LocalRayletDiedError: "its node died",
    exceptions.OutOfMemoryError: "Ray ended it for want of memory",
    exceptions.OutOfDiskError: "its node has no room left on the disk",
    exceptions.ObjectStoreFullError: "its node has no room left in the object store",
    exceptions.ObjectLostError: "what it read or returned went with a node",
    exceptions.TaskCancelledError: "somebody cancelled it",
    exceptions.TaskUnschedulableError: "no node could take it",
}


class Ray(Executor):
    """Computes on a Ray cluster, or on this machine where there is none.

    Attributes:
        address: of the cluster. None: the one that RAY_ADDRESS names or that runs on this machine,
            else one that is started here and ends with the command.
        cpus: of a job; it computes in as many threads.
        gpus: of a job; less than 1 lets several share one.
        jobs: most side by side; None for as many as the cluster has room for.
    """

    name: ClassVar[str] = "ray"

    address: str | None = None
    cpus: PositiveInt = 1
    gpus: NonNegativeFloat = 0
    jobs: PositiveInt | None = None

    def device(self, asked: str | None) -> "torch.device":
        """Return the device asked for, or a GPU where jobs are given one."""
        import torch

        try:
            device = torch.device(asked or ("cuda" if self.gpus else "cpu"))
        except RuntimeError as cause:
            raise SettingsError(
                f"--device {asked} is not a device.", "Leave --device out, or write cpu or cuda."
            ) from cause
        if device.type == "cuda" and not self.gpus:
            raise SettingsError(
                f"--device {asked} needs GPUs, and jobs are given none.",
                "Say how much of one a job takes: --with gpus=1, or less to share it.",
            )
        return device

    @property
    def threads(self) -> int:
        """The cores of a job."""
        return self.cpus

    def crew(self, shared: "JobContext", epoch: Epoch) -> Crew:
        """Return the cluster, connected to and given what jobs share."""
        return _Cluster(self, shared, epoch)


@dataclass
class _Flight:
    """A submitted job, and the time at which it reported its start."""

    job: "Job"
    result: "ray.ObjectRef[Any]"
    began: float | None = None


class _Cluster(Crew):
    """A Ray cluster: a job is a task, which Ray does not repeat, for the plan's driver does."""

    def __init__(self, options: Ray, shared: "JobContext", epoch: Epoch) -> None:
        self._options = options
        self._timeout = shared.timeout
        self._cache = shared.inputs.cache
        self._epoch = epoch
        self._numbers = count()
        self._flights: dict[int, _Flight] = {}  # by a number that no two share
        self._models: dict[Path, ray.ObjectRef[bytes]] = {}  # source models, by their file here
        self._looked = -_LOOK
        self._queue: Queue | None = None
        self._started = not ray.is_initialized()
        if self._started:
            _connect(options.address)
        try:
            self._slots = self._count_slots()
            # Beside this process, so that it lasts as long, whichever nodes die.
            node = ray.get_runtime_context().get_node_id()
            here = NodeAffinitySchedulingStrategy(node, soft=False)
            lasting = {"num_cpus": 0, "max_restarts": -1, "scheduling_strategy": here}
            self._queue = Queue(actor_options=lasting)
            there = replace(shared, inputs=shared.inputs.portable())
            self._common = ray.put(Common(there, self._cache, self._queue))
        except BaseException:
            self.close()
            raise
        self._task = ray.remote(num_cpus=options.cpus, num_gpus=options.gpus, max_retries=0)(
            compute
        )

    def room(self) -> int:
        """Return how many jobs the cluster can be given, so that it always has the next at hand."""
        slots = self._count_slots()
        most = self._options.jobs or _AHEAD * slots
        return max(0, most - len(self._flights))

    def take(self, jobs: "Sequence[Job]") -> None:
        """Hand jobs over."""
        for job in jobs:
            number = next(self._numbers)
            sent = versions_here(), number, pickle.dumps(job), self._model_for(job)
            result = self._task.options(name=job.label).remote([self._common], *sent)
            self._flights[number] = _Flight(job, result)

    def wait(self) -> Iterator[JobEvent]:
        """Yield which jobs have begun, and how they ended.

        Raises:
            WorkerError: a node is not made for these jobs, or there is none left.
        """
        yield from self._overdue()
        numbers = {flight.result: number for number, flight in self._flights.items()}
        if numbers:
            ray.wait([*numbers], timeout=MOMENT)
            ended, _ = ray.wait([*numbers], num_returns=len(numbers), timeout=0)
            yield from self._reports()
            for result in ended:
                yield from self._land(self._flights.pop(numbers[result]))

    def close(self) -> None:
        """Cancel what is not done, and leave the cluster; end it if it was started for this."""
        with suppress(exceptions.RayError):
            for flight in self._flights.values():
                ray.cancel(flight.result, force=True)
            if self._queue is not None:
                self._queue.shutdown(force=True)
        self._flights.clear()
        self._models.clear()
        if self._started:
            ray.shutdown()

    def _count_slots(self) -> int:
        """Return how many jobs the cluster can compute at a time.

        Raises:
            WorkerError: it can compute none.
        """
        if time.monotonic() - self._looked < _LOOK:
            return self._slots
        wanted = {"CPU": self._options.cpus, "GPU": self._options.gpus}
        known: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        nodes = [node["Resources"] for node in known if node["Alive"]]
        self._slots = sum(
            int(min(node.get(kind, 0) / share for kind, share in wanted.items() if share))
            for node in nodes
        )
        if not self._slots:
            has = [f"{n.get('CPU', 0):g} CPUs and {n.get('GPU', 0):g} GPUs" for n in nodes]
            raise WorkerError(
                f"No node of the Ray cluster can hold a job of {self._options.cpus} CPUs and "
                f"{self._options.gpus:g} GPUs; it has {len(nodes)}, with {'; '.join(has)}.",
                "Add nodes that can, or ask for less (--with cpus=1 gpus=0); the same command goes "
                "on.",
            )
        self._looked = time.monotonic()
        return self._slots

    def _model_for(self, job: "Job") -> "list[ray.ObjectRef[bytes]]":
        """Return the source model that a job uses, if it is there to be sent."""
        path = job.uses
        if path and path not in self._models and path.exists():
            self._models[path] = ray.put(path.read_bytes())
        return [self._models[path]] if path in self._models else []

    def _overdue(self) -> Iterator[JobEvent]:
        from xlser.runs.jobs import overdue

        if self._timeout is None:
            return
        limit = time.monotonic() - self._timeout
        late = [n for n, f in self._flights.items() if f.began is not None and f.began < limit]
        for number in late:
            flight = self._flights.pop(number)
            ray.cancel(flight.result, force=True)
            yield Ended(flight.job.key, overdue(flight.job, self._timeout))

    def _reports(self) -> Iterator[JobEvent]:
        """Yield which jobs have begun, and pass epochs on."""
        assert self._queue is not None
        try:
            reports = self._queue.get_nowait_batch(self._queue.size())
        except exceptions.ActorUnavailableError:
            return  # Ray restarts it
        for number, epoch in reports:
            flight = self._flights.get(number)
            if flight is None:
                continue  # it has ended meanwhile
            if flight.began is None:
                flight.began = time.monotonic()
                yield Began(flight.job.key)
            if epoch:
                self._epoch(flight.job.key, *epoch)

    def _land(self, flight: _Flight) -> Iterator[JobEvent]:
        job = flight.job
        try:
            answer = ray.get(flight.result)
        except tuple(_LOST) as error:
            yield Lost(job.key, next(how for kind, how in _LOST.items() if isinstance(error, kind)))
            return
        except exceptions.RayError as cause:
            raise _not_equipped(cause) from cause
        if isinstance(answer, Unfit):
            raise WorkerError(
                f"The node {answer.node} of the Ray cluster has {answer.versions} as here.",
                "Install the same versions on all nodes; the same command goes on.",
            )
        if flight.began is None:
            yield Began(job.key)
        if job.model and answer.model:
            self._keep(job.model, answer.model)
        yield Ended(job.key, answer.ending)

    def _keep(self, path: Path, model: bytes) -> None:
        """Keep a source model for the runs that wait for it, and in the cache."""
        self._models[path] = ray.put(model)
        with suppress(OSError):  # without a cache it is trained again another time
            if not path.exists():
                write_atomically(path, model)


def _connect(address: str | None) -> None:
    """Connect to the cluster, or start one here.

    Raises:
        WorkerError: there is none at the address, or it is not for this Python and Ray.
    """
    where = address or os.environ.get("RAY_ADDRESS")
    try:
        _require_listener(where)
        with _handlers_kept():
            ray.init(
                address,
                namespace=f"xlser-{os.getpid()}-{time.time_ns()}",
                include_dashboard=False,
                logging_level=logging.ERROR,
                log_to_driver=True,  # what methods print goes to standard error
            )
    except (OSError, RuntimeError, ValueError, exceptions.RayError) as cause:
        raise WorkerError(
            f"No Ray cluster can be reached{f' at {where}' if where else ''} "
            f"({str(cause).splitlines()[0]}).",
            "Give this command on a node of the cluster (`ray status` shows whether it is one), "
            "with the cluster's versions of Python and Ray; if it wants a token, set "
            "RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN to that of the cluster.",
        ) from cause


def _require_listener(address: str | None) -> None:
    """Raise OSError where nobody listens at host:port, for which Ray waits some minutes."""
    host, _, port = (address or "").rpartition("/")[2].rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Keep what SIGTERM does, which Ray sets to something of its own."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _not_equipped(cause: exceptions.RayError) -> WorkerError:
    last = str(cause).strip().splitlines()[-1].strip()
    return WorkerError(
        f"A process of the Ray cluster cannot begin ({last}).",
        f"Every node needs xlser {version('xlser')}, installed for the Python that Ray runs with.",
    )
