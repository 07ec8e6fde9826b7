"""A grid that is packed, run without its corpora, and brought home."""

import json
import tarfile
from pathlib import Path

import pytest

import xlser
from xlser.api.options import RunOptions
from xlser.api.portable import RECORDS, bring_home, pack, run_packed, unpack
from xlser.errors import ResultsError, SettingsError
from xlser.monitoring.bars import Bars
from xlser.monitoring.console import Messages
from xlser.records import Record

METHODS, RUNS = ("lower-bound", "sft"), 2
GRID = {"protocol": "demo", "target": "german", "labels": 20, "seeds": 0}


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grid in pieces."""
    folder = tmp_path_factory.mktemp("packed")
    with Bars(Messages()) as bars:
        pack(RunOptions(methods=METHODS, **GRID), folder, 1, Messages(), bars)
    return folder


@pytest.fixture(scope="module")
def out(pieces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the other machine wrote."""
    folder = tmp_path_factory.mktemp("out")
    assert _run(pieces, folder) == RUNS
    return folder


def _run(pieces: Path, out: Path) -> int:
    how = RunOptions(jobs=1, device="cpu")
    with Bars(Messages()) as bars:
        return run_packed(pieces, out, how, Messages(), bars, "xlser").finished


def _records(folder: Path) -> dict[str, Record]:
    return {path.name: Record.read(path) for path in sorted(folder.rglob("results/**/*.json"))}


def test_records_are_those_of_a_run_here(out: Path, tmp_path: Path) -> None:
    here = xlser.run(METHODS, **GRID, leaderboards=tmp_path)
    assert len(here.frame["key"].unique()) == RUNS
    theirs, ours = _records(out), _records(tmp_path)
    assert theirs.keys() == ours.keys()
    for name, record in ours.items():
        assert theirs[name].predictions == record.predictions


def test_pieces_hold_the_utterances_of_the_grid_alone(pieces: Path) -> None:
    packed = unpack(pieces)
    used = {id_ for features in packed.inputs.features.values() for id_ in features.ids}
    assert used == packed.inputs.catalogue.scenario("german", 20, 0).emotion.keys()


def test_runs_that_are_recorded_are_left_out(tmp_path: Path) -> None:
    boards = tmp_path / "boards"
    xlser.run("sft", **GRID, leaderboards=boards)
    options = RunOptions(methods=METHODS, **GRID, leaderboards=boards)
    with Bars(Messages()) as bars:
        pack(options, tmp_path / "pieces", 1, Messages(), bars)
    assert _run(tmp_path / "pieces", tmp_path / "out") == 1
    (name,) = _records(tmp_path / "out")
    assert name.startswith("lower-bound")
    bring_home(tmp_path / "out" / RECORDS, boards)
    with Bars(Messages()) as bars, pytest.raises(SettingsError, match="All 2 runs are recorded"):
        pack(options, tmp_path / "pieces", 1, Messages(), bars)


def test_a_run_goes_on_where_it_stopped(pieces: Path, out: Path) -> None:
    assert _run(pieces, out) == 0
    lost = sorted(out.rglob("results/**/*.json"))[0]
    lost.unlink()
    assert _run(pieces, out) == 1
    assert lost.exists()


def test_records_come_home_once(out: Path, tmp_path: Path) -> None:
    written = bring_home(out / RECORDS, tmp_path)
    assert {path.name for path in written} == _records(out).keys()
    assert _records(tmp_path) == _records(out)
    assert bring_home(out / RECORDS, tmp_path) == []


def test_a_record_that_is_not_valid_keeps_all_away(out: Path, tmp_path: Path) -> None:
    with tarfile.open(out / RECORDS) as tar:
        tar.extractall(tmp_path / "changed", filter="data")
    path = sorted((tmp_path / "changed").rglob("*.json"))[0]
    record = json.loads(path.read_bytes())
    path.write_text(json.dumps({**record, "scenario": "0" * 64}))
    with tarfile.open(tmp_path / RECORDS, "w:gz") as tar:
        tar.add(tmp_path / "changed", ".")
    with pytest.raises(ResultsError, match=path.name):
        bring_home(tmp_path / RECORDS, tmp_path / "boards")
    assert not (tmp_path / "boards").exists()


def test_a_lacking_piece_is_named(pieces: Path, tmp_path: Path) -> None:
    whole = next(pieces.glob("piece-*"))
    (tmp_path / "piece-01-of-02").write_bytes(whole.read_bytes())
    with pytest.raises(SettingsError, match="1 pieces of 2"):
        unpack(tmp_path)


def test_other_versions_are_refused(pieces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xlser.api.portable._versions", lambda: {"xlser": "9", "torch": "9"})
    with pytest.raises(SettingsError, match="xlser 9 and torch 9"):
        unpack(pieces)
