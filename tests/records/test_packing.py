"""Packing and unpacking records, also after an interruption."""

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.commands import xlser
from tests.records.committed import record as sample
from tests.records.files_of_records import digests, home, lay_down, loose
from tests.records.ten_thousand import measure, records

from xlser.errors import RecordError
from xlser.records import Record, packing
from xlser.records.columns import to_table
from xlser.records.packed import packed_path
from xlser.records.packing import as_files, pack, packed_copies, sorted_bytes, unpack
from xlser.records.store import files, known_keys, read_records, read_runs
from xlser.records.validate import validate
from xlser.system.files import write_atomically

DOCS = Path(__file__).parents[2] / "docs" / "records.md"
FORMER = "records.parquet"
"""Name of packed files of all label budgets, as earlier versions made them."""

READ = "leaderboards/v1/results/german/frozen/audiontt-512/k25.parquet"


def test_records_come_back_to_the_last_byte(results: Path, some: list[Record]) -> None:
    before = lay_down(results, some)
    done = pack(results)
    assert (done.records, done.left) == (len(some), {})
    assert not loose(results)
    assert unpack(results).records == len(some)
    assert loose(results) == before
    assert not digests(results)


def test_packing_changes_nothing_that_is_read(results: Path, some: list[Record]) -> None:
    lay_down(results, some)
    own, own_keys = read_runs(results), known_keys(results)
    own_records = dict(read_records(results))
    pack(results)
    runs = read_runs(results)
    pd.testing.assert_frame_equal(own.frame.drop(columns="file"), runs.frame.drop(columns="file"))
    assert known_keys(results).keys() == own_keys.keys()
    assert known_keys(results) == {r.key: packed_path(path) for path, r in own_records.items()}
    assert dict(read_records(results)) == own_records
    for i, record in enumerate(own_records[path] for path in runs.frame.path):
        for role in ("target", "source"):
            parts = record.of_role(role)
            assert runs.test_set(i, role).parts == tuple(
                (part.corpus, tuple(part.names)) for part in parts
            )
            predicted = np.concatenate([part.prediction for part in parts])
            assert (runs.predicted(i, role) == predicted).all()
            truth = np.concatenate([part.truth for part in parts])
            assert (runs.test_set(i, role).truth == truth).all()
        levels = np.concatenate([part.level_matrix for part in record.of_role("target")])
        assert (runs.levels(i, "target") == levels).all()
        assert runs.levels(i, "source") is None


def test_equal_test_sets_are_one_object(results: Path, some: list[Record]) -> None:
    lay_down(results, some)
    runs = read_runs(results)
    sets = [runs.test_set(i, "source") for i in range(len(runs))]
    assert len(set(map(id, sets))) == len({(own.utterances, own.emotion) for own in sets})


def test_the_order_of_arrival_leaves_no_trace(tmp_path: Path, some: list[Record]) -> None:
    whole = tmp_path / "whole"
    lay_down(whole, some)
    pack(whole)
    shuffled = some.copy()
    random.Random(0).shuffle(shuffled)
    parts = tmp_path / "parts"
    for start in range(0, len(some), 5):
        lay_down(parts, shuffled[start : start + 5])
        pack(parts)
    assert digests(parts) == digests(whole)


def test_packing_again_changes_nothing(results: Path, some: list[Record]) -> None:
    lay_down(results, some)
    pack(results)
    before = {path: path.stat().st_mtime_ns for path in files(results, ".parquet")}
    assert pack(results).records == 0
    assert {path: path.stat().st_mtime_ns for path in files(results, ".parquet")} == before


KILLED = """
import os, sys
from pathlib import Path
from xlser.records import Record, packing
count = int(sys.argv[2])
def stop_at(name, real):
    def stopping(*args, **kwargs):
        global count
        count -= 1
        if count < 0:
            os._exit(9)
        return real(*args, **kwargs)
    return stopping
packing.write_atomically = stop_at("write", packing.write_atomically)
Path.unlink = stop_at("unlink", Path.unlink)
Record.write = stop_at("record", Record.write)
packing.pack(Path(sys.argv[1]))
"""


def test_a_killed_packing_loses_nothing(tmp_path: Path, some: list[Record]) -> None:
    reference = tmp_path / "reference"
    lay_down(reference, some)
    pack(reference)
    for steps in range(0, len(some) + 2, 3):
        results = tmp_path / str(steps)
        own = lay_down(results, some)
        command = [sys.executable, "-c", KILLED, str(results), str(steps)]
        assert subprocess.run(command, check=False).returncode == 9
        assert known_keys(results).keys() == {record.key for record in some}
        assert {path: record.to_json() for path, record in read_records(results)} == own
        assert len(read_runs(results)) == len(some)
        pack(results)
        assert digests(results) == digests(reference)
        assert not loose(results)


def pack_by_target(results: Path, some: list[Record]) -> None:
    """Pack records as earlier versions did, a file a target."""
    for target in {record.target for record in some}:
        folder = results / target
        folder.mkdir(parents=True)
        content = sorted_bytes([to_table(r for r in some if r.target == target)], folder)
        (folder / FORMER).write_bytes(content)


def test_packed_files_of_targets_are_read_and_packed_anew(
    tmp_path: Path, some: list[Record]
) -> None:
    reference, results = tmp_path / "reference", tmp_path / "results"
    lay_down(reference, some)
    pack(reference)
    pack_by_target(results, some[:-2])
    own = lay_down(results, some[-3:]) | {home(results, r): r.to_json() for r in some}
    assert {path: record.to_json() for path, record in read_records(results)} == own
    assert packed_copies(results) == packed_copies(reference)
    assert pack(results).records == len(some)
    assert digests(results) == digests(reference)
    assert not loose(results)


def test_a_killed_packing_anew_loses_nothing(tmp_path: Path, some: list[Record]) -> None:
    reference = tmp_path / "reference"
    lay_down(reference, some)
    pack(reference)
    for steps in range(0, 2 * len(some), 5):
        results = tmp_path / str(steps)
        pack_by_target(results, some)
        command = [sys.executable, "-c", KILLED, str(results), str(steps)]
        assert subprocess.run(command, check=False).returncode == 9
        assert sorted(read_runs(results).frame.key) == sorted(record.key for record in some)
        pack(results)
        assert digests(results) == digests(reference)
        assert not loose(results)


def test_a_packed_file_that_was_not_written_as_meant_leaves_all_files(
    results: Path, some: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = lay_down(results, some)
    monkeypatch.setattr(packing, "write_atomically", lambda path, content: path.write_bytes(b""))
    with pytest.raises(RecordError, match="was not written completely"):
        pack(results)
    assert loose(results) == own


def test_what_does_not_belong_stays_as_it_is(results: Path, some: list[Record]) -> None:
    lay_down(results, some[:3])
    odd = results / "german" / "mine.json"
    some[4].write(odd)
    done = pack(results)
    assert done.records == 3
    assert list(done.left) == [odd]
    assert odd.exists()
    assert len(read_runs(results)) == 4


def test_a_value_no_column_has_travels_with_its_record(results: Path) -> None:
    """Such as fields that a later version adds: here, a stage that seconds are stated of."""
    record = sample("sft-k100-s0-")
    record = record.model_copy(update={"seconds": {**record.seconds, "warm-up": 1.5}})
    own = lay_down(results, [record])
    assert pack(results).records == 1
    unpack(results)
    assert loose(results) == own


def test_another_record_of_a_packed_run_is_refused(results: Path, some: list[Record]) -> None:
    lay_down(results, some[:3])
    pack(results)
    other = some[0].model_copy(update={"seconds": {"fit": 1.0, "predict": 1.0}})
    path = home(results, other)
    other.write(path)
    with pytest.raises(RecordError, match="another record of the run"):
        pack(results)
    assert path.exists()
    with pytest.raises(RecordError, match="is not the record that"):
        unpack(results)
    assert digests(results)
    faults = [
        fault.what
        for fault in validate([*files(results, ".json"), *files(results, ".parquet")]).faults
    ]
    assert any(what.startswith("It is of the same run as") for what in faults)


def test_hidden_files_are_none_of_ours(results: Path, some: list[Record]) -> None:
    lay_down(results, some[:2])
    for name in ("._x.json", ".DS_Store", ".x.parquet"):
        (results / "german").mkdir(exist_ok=True)
        (results / "german" / name).write_bytes(b"\0\5\26\7")
    assert len(read_runs(results)) == len(list(read_records(results))) == 2
    assert len(known_keys(results)) == 2
    pack(results)
    assert len(read_runs(results)) == 2


def test_no_folder_has_no_records(tmp_path: Path) -> None:
    assert len(read_runs(tmp_path / "none")) == 0
    assert "key" in read_runs(tmp_path / "none").frame.columns
    assert not known_keys(tmp_path / "none")
    with pytest.raises(RecordError, match="no folder"):
        pack(tmp_path / "none")


def test_the_docs_decode_a_packed_file(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_down(results, [sample("svm-k25-s1-"), sample("sft-k25-s0-")])
    pack(results)
    text = DOCS.read_text()
    _, _, rest = text.partition("```python\n")
    code, _, _ = rest.partition("```")
    folder = results.parents[1] / "leaderboards"
    folder.mkdir()
    results.parent.rename(folder / "v1")
    monkeypatch.chdir(folder.parent)
    space: dict[str, object] = {}
    exec(code, space)
    shown = pd.DataFrame(space["frame"])
    run = pd.read_parquet(READ).iloc[0]
    right = shown["emotion"] == shown["predicted"]
    ua = right.groupby(shown["emotion"]).mean().mean()
    assert ua == pytest.approx(run.score_target_ua)
    assert shown[json.loads(run.classes)].sum(axis=1).to_numpy() == pytest.approx(1)


def test_the_commands_pack_measure_and_unpack(tmp_path: Path, some: list[Record]) -> None:
    own = lay_down(tmp_path / "leaderboards/v1/results", some)
    assert xlser("records", "pack", folder=tmp_path).stdout == f"{len(some)} records packed\n"
    (size,) = json.loads(xlser("records", "size", "--json", folder=tmp_path).stdout)
    assert (size["runs"], size["loose"]) == (len(some), 0)
    assert size["bytes"] == sum(path.stat().st_size for path in tmp_path.rglob("*.parquet"))
    back = json.loads(xlser("records", "unpack", "--json", folder=tmp_path).stdout)
    assert back["records"] == len(some)
    assert {path: path.read_bytes() for path in own} == own
    none = xlser("records", "pack", str(tmp_path / "none"), folder=tmp_path)
    assert none.returncode == 2
    assert "There are no records at" in none.stderr


def test_a_large_leaderboard_stays_small(tmp_path: Path) -> None:
    """One of ten targets of `ten_thousand`: less than a tenth of 40 MB, in half of 2 s."""
    results = tmp_path / "results"
    made = as_files(to_table(records(0)), results)
    assert sum(map(len, made.values())) < 4_000_000
    for path, content in made.items():
        write_atomically(results / path, content)
    (answer,) = measure(tmp_path / "results")
    assert answer["runs"] == 1008
    assert answer["cpu_seconds"] < 1
