"""What attacks get in the suite's process, and what they get sealed: the table of docs/trust.md."""

import json
import os
import pickle
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.demo import Demo, lasting, request
from tests.runs.attacks import MEMORY, Adapts, Finds, Greedy, Leaves, Probe, forget

from xlser.corpora.demo import DemoEnglish
from xlser.records.record import Sandbox
from xlser.sealing import template
from xlser.sealing.template import means

pytestmark = pytest.mark.skipif(
    means().how == "none", reason="this machine has no sandbox: nothing to be tested"
)


@pytest.fixture(scope="module")
def demo(demo_cache: Path) -> Demo:
    return Demo(demo_cache)


@pytest.fixture
def listening() -> Iterator[tuple[int, str]]:
    """A port of this machine and an abstract socket, both listened at."""
    name = f"xlser-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0{name}")
        other.listen()
        yield server.getsockname()[1], name


def probed(demo: Demo, folder: Path, listening: tuple[int, str], isolate: bool) -> set[str]:
    results = folder / "leaderboards" / "demo" / "results"
    results.mkdir(parents=True)
    (results / "there").touch()
    settings = {
        "results": str(results),
        "cache": str(demo.settings.cache),
        "corpora": str(DemoEnglish().packaged_root()),
        "pid": os.getpid(),
        "port": listening[0],
        "abstract": listening[1],
    }
    ended = demo.run(request([Probe(**settings)]), results, isolate=isolate)
    ((_, failure),) = ended.failures
    said = re.search(r'got <(\{".*?\})>', str(failure))
    assert said, failure
    return {name for name, got in json.loads(said[1]).items() if got}


def test_sealed_it_gets_nothing(demo: Demo, tmp_path: Path, listening: tuple[int, str]) -> None:
    assert probed(demo, tmp_path, listening, isolate=True) == set()


def test_in_bubblewrap_it_gets_nothing(
    demo: Demo, tmp_path: Path, listening: tuple[int, str], with_bubblewrap: None
) -> None:
    """But its first process, which is bubblewrap's own and holds nothing."""
    got = probed(demo, tmp_path, listening, isolate=True)
    assert got <= {"trace_the_first_process"}


def test_the_probes_work_where_nothing_is_sealed(
    demo: Demo, tmp_path: Path, listening: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_DATA", str(tmp_path))
    got = probed(demo, tmp_path, listening, isolate=False)
    assert got >= {"environment", "cache", "corpora", "results", "write_a_record", "network"}
    assert got >= {"abstract_socket", "call_stack", "garbage", "processes_of_the_suite"}


PLACES = ["variable", "temporary", "shared", "home", "key", "segment", "process"]


@pytest.fixture(params=PLACES)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A place where a run may leave something for the next one, empty before and after."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    MEMORY.clear()
    forget()
    yield request.param
    forget()
    Path("/dev/shm/xlser-attack.json").unlink(missing_ok=True)


def allow(how: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a machine that has no stronger means."""
    lacking = template.Means(how, "this system allows no namespaces")
    for where in ("sealing.template", "runs.running.isolation", "runs.execution"):
        monkeypatch.setattr(f"xlser.{where}.means", lambda: lacking)


@pytest.fixture
def without_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    allow("none", monkeypatch)


@pytest.fixture
def with_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    program = shutil.which("bwrap")
    tried = [str(program), "--unshare-all", "--ro-bind", "/", "/", "true"]
    if not program or subprocess.run(tried, check=False).returncode:
        pytest.skip("no bubblewrap, or none that works")
    allow("bubblewrap", monkeypatch)


def found_in(demo: Demo, place: str, results: Path, isolate: bool) -> list[float]:
    """Target scores of a method that looks where its sibling left the labels."""
    asked = request([Leaves(where=place), Finds(where=place)], seeds=(0, 1, 2))
    ended = demo.run(asked, results, isolate=isolate)
    assert not ended.failures
    return [r.scores["target"].ua for r in ended.records if r.method.name == "finds"]


def test_nothing_is_remembered_from_one_run_to_another(
    demo: Demo, tmp_path: Path, place: str
) -> None:
    scores = found_in(demo, place, tmp_path / "demo" / "results", isolate=True)
    assert len(scores) == 3
    assert max(scores) < 0.35
    assert not MEMORY


@pytest.mark.parametrize("place", ["process"], indirect=True)
def test_bubblewrap_keeps_nothing_from_one_run_to_another(
    demo: Demo, tmp_path: Path, place: str, with_bubblewrap: None
) -> None:
    assert max(found_in(demo, place, tmp_path / "demo" / "results", isolate=True)) < 0.35


def test_memory_wins_where_nothing_is_sealed(demo: Demo, tmp_path: Path, place: str) -> None:
    assert max(found_in(demo, place, tmp_path / "demo" / "results", isolate=False)) > 0.9


@pytest.mark.parametrize("place", ["home", "key", "shared", "process"], indirect=True)
def test_what_a_process_of_its_own_forgets_without_a_sandbox(
    demo: Demo, tmp_path: Path, place: str, without_a_sandbox: None
) -> None:
    scores = found_in(demo, place, tmp_path / "demo" / "results", isolate=True)
    assert (max(scores) < 0.35) == (place in ("home", "key"))


@pytest.mark.parametrize("isolate", [False, True])
def test_a_predictor_that_adapts_to_a_large_batch_fails_the_run(
    demo: Demo, tmp_path: Path, isolate: bool
) -> None:
    ended = demo.run(request([Adapts]), tmp_path / "demo" / "results", isolate=isolate)
    assert not ended.records
    ((_, failure),) = ended.failures
    assert "'adapts'" in str(failure)
    assert "otherwise when they are asked alone" in str(failure)


def test_figures_are_those_without_isolation(demo: Demo, tmp_path: Path) -> None:
    methods = ["sft", "svm", "fixmatch", "lower-bound"]
    asked = request(methods, labels=[20])
    both = [
        demo.run(asked, tmp_path / str(isolate) / "demo" / "results", isolate=isolate).records
        for isolate in (False, True)
    ]
    together, apart = ({r.method.name: r for r in records} for records in both)
    for name in methods:
        assert (apart[name].isolated, apart[name].sandbox) == (True, means().how)
        same = {"isolated": None, "sandbox": None}
        assert lasting(apart[name]) | same == lasting(together[name]) | same


def test_what_is_no_reply_fails_the_run_alone(demo: Demo, tmp_path: Path) -> None:
    ended = demo.run(
        request([Greedy(of="reply"), "lower-bound"]), tmp_path / "demo" / "results", isolate=True
    )
    assert [record.method.name for record in ended.records] == ["lower-bound"]
    ((_, failure),) = ended.failures
    assert "sent what is not a reply" in str(failure) or "ended its process" in str(failure)


def test_a_run_is_held_to_its_memory() -> None:
    replies, _ = _outcome("import torch; torch.empty(64 << 30, dtype=torch.uint8)", 60.0)
    assert "memory" in replies[-1]["message"]


def test_a_run_is_held_to_its_time() -> None:
    _, outcome = _outcome("import time; time.sleep(60)", 0.5)
    assert outcome.over == "more than 0.5 seconds"


def test_a_run_that_kills_itself_is_reported() -> None:
    _, outcome = _outcome("import os; os.kill(os.getpid(), 9)", 60.0)
    assert outcome == template.Outcome(-9, "")


def _outcome(code: str, seconds: float) -> tuple[list[Any], template.Outcome]:
    with template.sealed_process((), gpu=False, memory=4 << 30, seconds=seconds) as process:
        process.connection.send_bytes(pickle.dumps((_Runs(code), {}, 1)))
        replies: list[Any] = []
        try:
            while True:
                replies.append(json.loads(process.connection.recv_bytes()))
        except (EOFError, OSError):
            return replies, process.outcome()


class _Runs:
    """Runs code where it is unpickled."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (self._code,)


def test_a_machine_without_a_sandbox_says_so_and_runs_all_the_same(
    demo: Demo, tmp_path: Path, without_a_sandbox: None
) -> None:
    ended = demo.run(request(["lower-bound"]), tmp_path / "demo" / "results", isolate=True)
    (record,) = ended.records
    assert (record.isolated, record.sandbox) == (True, "none")
    by_default = demo.run(request([Finds]), tmp_path / "b" / "demo" / "results", isolate=None)
    (record,) = by_default.records
    assert not record.isolated


def test_methods_of_others_are_sealed_by_default(demo: Demo, tmp_path: Path) -> None:
    asked = request([Finds, "lower-bound"])
    ended = demo.run(asked, tmp_path / "demo" / "results", isolate=None)
    assert {r.method.name: r.isolated for r in ended.records} == {
        "finds": True,
        "lower-bound": False,
    }
