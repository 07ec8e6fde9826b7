"""Grids on a Ray cluster of several nodes, which share no disk with the driver where we may."""

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tests.cli.commands import start, xlser
from tests.demo import Demo, lasting, request
from tests.executors.ray_nodes import Cluster, Node, cluster
from tests.packages import FAULTY, install

from xlser.errors import SettingsError, WorkerError
from xlser.executors import Events, ray_cluster
from xlser.executors.ray_cluster import Ray
from xlser.records import Record

UNRULY = FAULTY.parent / "unruly-methods"


@dataclass
class Site:
    """A cluster, and folders that its nodes do not see.

    Attributes:
        cluster: a head and two nodes with a core each, one of which says that it has a GPU.
        nodes: these two. One cannot write to the driver's cache, the other finds it empty.
        cache: of the driver.
        known: where methods are installed that nodes know as well.
        unknown: where methods are installed that only the driver knows.
        temporary: folder for temporary files of both nodes.
    """

    cluster: Cluster
    nodes: list[Node]
    cache: Path
    known: Path
    unknown: Path
    temporary: Path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    cache = tmp_path_factory.mktemp("driver")
    known = install(UNRULY, tmp_path_factory.mktemp("known"))
    unknown = install(FAULTY, tmp_path_factory.mktemp("unknown"))
    with cluster() as started:
        temporary = started.folder / "t"
        temporary.mkdir()
        how = {"hidden": [cache, unknown], "PYTHONPATH": str(known), "TMPDIR": str(temporary)}
        nodes = [started.add(**how, read_only=True), started.add(**how, gpus=1)]
        yield Site(started, nodes, cache, known, unknown, temporary)


def records(folder: Path) -> dict[str, Record]:
    return {path.name: Record.read(path) for path in sorted(folder.rglob("*.json"))}


def models(cache: Path) -> set[str]:
    """Names of the files of source models, and of their answers, in a cache."""
    return {path.name for path in (cache / "source-models").glob("*.safetensors")}


def test_nodes_without_a_shared_disk_leave_the_records_of_one_process(
    site: Site, tmp_path: Path
) -> None:
    methods, targets = ["sft", "svm", "mean-teacher", "lower-bound"], ["german", "french"]
    first, both = (request(methods, targets, seeds=seeds) for seeds in ([0], [0, 1]))
    alone = Demo(tmp_path / "cache")
    assert not alone.run(first, tmp_path / "alone").failures
    # The driver has the source model of seed 0, as of an earlier command; that of seed 1 is new.
    shutil.copytree(tmp_path / "cache", site.cache, dirs_exist_ok=True)
    brought = models(site.cache)
    assert not alone.run(both, tmp_path / "alone").failures
    told: list[str] = []
    events = Events(
        started=lambda job: told.append(f"started {job.label}"),
        trained=lambda job, seconds: told.append(f"trained {job.label}"),
        finished=lambda run, record: told.append(f"finished {run.label}"),
    )
    executor = Ray(address=site.cluster.address)
    outcome = Demo(site.cache).run(both, tmp_path / "there", events, executor)
    assert not outcome.failures
    expected, made = records(tmp_path / "alone"), records(tmp_path / "there")
    assert {n: lasting(r) for n, r in made.items()} == {n: lasting(r) for n, r in expected.items()}
    labels = [f"{r.target} {r.method.name} k={r.labels} s={r.seed}" for r in made.values()]
    assert sorted(told) == sorted(
        [f"{what} {label}" for label in labels for what in ("started", "finished")]
        + ["started source model s=1", "trained source model s=1"]
    )

    def took(found: dict[str, Record], seed: int) -> set[float]:
        """Of the source models that runs used: whoever trains one anew takes another time."""
        every = [r.seconds.get("source model") for r in found.values() if r.seed == seed]
        return {seconds for seconds in every if seconds is not None}

    assert took(made, 0) == took(expected, 0)
    assert len(took(made, 1)) == 1
    # Answers of a model stay where the run was: whoever needs them computes them from the model.
    new = {name for name in models(tmp_path / "cache") if "-answers-" not in name}
    assert models(site.cache) == brought | new
    if site.nodes[0].hides:
        assert list(site.temporary.glob("xlser-*/source-models/*.safetensors"))


def test_runs_of_a_node_that_is_killed_are_repeated_elsewhere(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(site.known)
    doomed = site.cluster.add(cpus=2, PYTHONPATH=str(site.known))
    asked = request(["slow"], seeds=[0], repeats=10, settings={"seconds": 2})
    at_work: set[str] = set()
    repeated: list[str] = []

    def started(key: str) -> None:
        at_work.add(key)
        if len(at_work) == 4:  # all cores of the three nodes
            doomed.kill()

    events = Events(
        started=lambda job: started(job.key),
        finished=lambda run, record: at_work.discard(run.key),
        repeated=lambda job, how: repeated.append(how),
    )
    executor = Ray(address=site.cluster.address)
    outcome = Demo(site.cache).run(asked, tmp_path / "results", events, executor)
    assert not outcome.failures
    assert len(repeated) >= 2
    assert set(repeated) <= {"its node died", "its process died"}
    keys = [record.key for record in outcome.records]
    assert len(keys) == len(set(keys)) == 10
    assert {r.key for r in records(tmp_path / "results").values()} == set(keys)


def test_a_driver_that_is_killed_goes_on_from_what_came_home(site: Site, tmp_path: Path) -> None:
    asked = ["run", "slow", "--set", "seconds=1", "--target", "german", "--seeds", "0"]
    asked += ["--repeats", "12", "--executor", "ray", "--with", f"address={site.cluster.address}"]
    around = {"PYTHONPATH": str(site.known), "XLSER_CACHE": str(site.cache)}
    process = start(*asked, folder=tmp_path, **around)
    assert process.stderr
    for _ in range(3):
        next(line for line in process.stderr if "ua 20.0" in line)
    process.kill()
    process.communicate(timeout=60)
    results = tmp_path / "leaderboards/demo/results"
    before = {path: path.read_bytes() for path in results.rglob("*.json")}
    assert 3 <= len(before) < 12
    again = xlser(*asked, folder=tmp_path, **around)
    assert again.returncode == 0, again.stderr
    assert f"{12 - len(before)} runs to do" in again.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert {record.repeat for record in records(results).values()} == set(range(12))


def test_what_goes_wrong_on_a_node_is_told_and_the_others_go_on(site: Site, tmp_path: Path) -> None:
    asked = ["run", "dies-once", "hangs", "prints", "raises-in-fit", "--seeds", "0"]
    asked += ["--set", f"marker={tmp_path / 'died'}", "--timeout", "5", "--target", "german"]
    asked += ["--executor", "ray", "--with", f"address={site.cluster.address}"]
    path = f"{site.known}:{site.unknown}"
    done = xlser(*asked, folder=tmp_path, PYTHONPATH=path, XLSER_CACHE=str(site.cache))
    assert done.returncode == 1
    said = done.stderr
    assert "german dies-once k=0 s=0: its process died; it is begun again" in said
    assert "'hangs' of package unruly-methods 0.1.0 took longer than the timeout of 5 s." in said
    assert "a word from a library" in said
    assert "a word" not in done.stdout
    (line,) = [line for line in said.splitlines() if "raises-in-fit" in line and "FAILED" in line]
    if site.nodes[0].hides:
        assert "cannot begin on the node" in line
        assert "Install there the packages that are installed here" in line
    assert len(records(tmp_path / "leaderboards/demo/results")) == 2


def test_a_cluster_that_cannot_do_it_is_an_error(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo, address = Demo(site.cache), site.cluster.address
    with pytest.raises(WorkerError, match="can hold a job of 1 CPUs") as caught:
        demo.run(request(["svm"]), tmp_path, executor=Ray(address=address, gpus=1.5))
    assert "--with cpus=1" in caught.value.remedy
    shares = demo.run(
        request(["svm"], labels=[0]), tmp_path, executor=Ray(address=address, gpus=0.5)
    )
    assert len(shares.records) == 1
    other = {"Python": "3.11.7", "xlser": "0.1.0", "torch": "1.13.1"}
    monkeypatch.setattr(ray_cluster, "versions_here", lambda: other)
    with pytest.raises(WorkerError, match=rf"has .*torch {torch.__version__.split('+')[0]}"):
        demo.run(request(["svm"]), tmp_path, executor=Ray(address=address))


def test_where_jobs_are_given_no_gpu_none_can_be_asked_for() -> None:
    assert Ray().device(None) == torch.device("cpu")
    assert Ray(gpus=0.5).device(None) == torch.device("cuda")
    with pytest.raises(SettingsError, match="jobs are given none"):
        Ray().device("cuda")
    with pytest.raises(SettingsError, match="is not a device"):
        Ray(gpus=1).device("cude")


def test_an_address_without_a_cluster_is_an_error_at_once(tmp_path: Path) -> None:
    executor = Ray(address="127.0.0.1:1")
    with pytest.raises(
        WorkerError, match=r"No Ray cluster can be reached at 127\.0\.0\.1:1 \(.*refused"
    ):
        Demo(tmp_path / "cache").run(request(["svm"]), tmp_path / "results", executor=executor)


def test_frames_travel_whole(tmp_path: Path) -> None:
    demo = Demo(tmp_path, protocol="demo", weights="random")
    inputs = demo.inputs("finetune", "audiontt-512")
    scenario = inputs.catalogue.scenario("german", 0, 0)
    ids = [*scenario.target_test, *reversed(scenario.source_train)]
    expected = inputs.speech(ids)
    buffers: list[pickle.PickleBuffer] = []
    sent = pickle.dumps(inputs.portable(), protocol=5, buffer_callback=buffers.append)
    shutil.rmtree(tmp_path)
    arrived = pickle.loads(sent, buffers=buffers)
    found = arrived.speech(ids)
    assert torch.equal(found.features, expected.features)
    assert torch.equal(found.lengths, expected.lengths)
    assert arrived.catalogue.recordings == inputs.catalogue.recordings
    assert sum(memoryview(buffer).nbytes for buffer in buffers) > 10 * len(sent)
