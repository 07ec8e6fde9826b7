"""Starting, planning over 10,000 records and rendering them: none may keep a user waiting."""

import hashlib
import json
import subprocess
from itertools import count, islice, product
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from tests.cli.commands import XLSER
from tests.demo import Demo, request
from tests.records import committed

from xlser.methods import get_method
from xlser.protocols import get_protocol
from xlser.results import load
from xlser.runs import make_plan
from xlser.site import write_leaderboard

RECORDS = 10_000


@pytest.mark.parametrize("args", [["--help"], ["methods"], ["corpora"]], ids=" ".join)
def test_starting(args: list[str], benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    def start() -> None:
        subprocess.run([*XLSER, *args], cwd=tmp_path, stdout=subprocess.DEVNULL, check=True)

    benchmark.pedantic(start, rounds=10, warmup_rounds=1)


def test_planning_over_records(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    svm = get_method("svm")
    demo = Demo(tmp_path / "cache")
    targets = demo.protocol.targets
    cells = len(targets) * len(demo.protocol.seeds) * len(demo.protocol.budgets)
    kinds = [type("Made", (svm,), {"name": f"made-{i}"}) for i in range(RECORDS // cells + 1)]
    asked = request(kinds, targets, seeds=())
    catalogue, backbone = demo.catalogue(targets), demo.backbone()
    (record,) = demo.run(request(["svm"], labels=[20]), tmp_path / "one").records
    for run in make_plan(asked, catalogue, backbone, tmp_path).todo:
        made = {"target": run.scenario.target, "labels": run.scenario.labels}
        made |= {"seed": run.scenario.seed, "key": run.key}
        path = run.path(tmp_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        record.model_copy(update=made).write(path)

    plan = benchmark.pedantic(
        make_plan, (asked, catalogue, backbone, tmp_path), rounds=5, warmup_rounds=1
    )
    assert not plan.todo
    assert len(plan.done) >= RECORDS


def test_rendering_records(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    v1 = get_protocol("v1")
    languages = {"french": "german", "german": "german", "italian": "italian", "persian": "italian"}
    cells = ((m, *cell) for m in count() for cell in product(languages, v1.seeds, v1.budgets))
    for method, target, seed, labels in islice(cells, RECORDS):
        text = _changed(_committed(languages[target], seed), f"made-{method}", target, labels)
        folder = tmp_path / "v1/results" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"made-{method}-k{labels}-s{seed}.json").write_text(text, encoding="utf-8")

    benchmark.pedantic(write_leaderboard, (v1, tmp_path), rounds=3, warmup_rounds=1)
    tables = load(v1, tmp_path).tables()
    assert sum(len(row.seeds) for table in tables for row in table.rows) == RECORDS


def _committed(target: str, seed: int) -> str:
    return committed.record(f"sft-k100-s{seed}-", target).to_json().decode()


def _changed(record: str, method: str, target: str, labels: int) -> str:
    """Make a record of another cell; of its text, for that it takes a tenth of the time."""
    stated = json.loads(record)
    key = hashlib.sha256(repr((method, target, stated["seed"], labels)).encode()).hexdigest()
    for name, value in {"key": key, "target": target, "labels": labels}.items():
        old, new = (f' "{name}": {json.dumps(x)},\n' for x in (stated[name], value))
        record = record.replace(old, new, 1)
    return record.replace('"name": "sft"', f'"name": "{method}"', 1)
