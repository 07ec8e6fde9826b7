"""Records that strangers may have made or damaged, given to the reader and to the validation."""

from pathlib import Path

import numpy as np
import pytest
from tests.fuzz import records, targets
from tests.fuzz.tally import Tally

from xlser.errors import RecordError
from xlser.records import Record
from xlser.records.columns import to_table
from xlser.records.packing import sorted_bytes
from xlser.records.store import paths_of, read_records, read_runs

PLACES = records.PLACES


@pytest.fixture(scope="module")
def demo_record(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of a run on the demo, whole and small."""
    return targets.demo_record(demo_cache, tmp_path_factory.mktemp("demo-record"))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # any bits are probabilities here
def test_reader(demo_record: Path, tally: Tally, tmp_path: Path) -> None:
    target = targets.reader(demo_record, tmp_path)
    target.try_some(tally, examples=12)
    for text in records.odd_values(records.originals(demo_record)[1])[::15]:
        tally.count(text, target.read(text))
    assert tally.accepted
    assert tally.rejected


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_validation(demo_record: Path, tally: Tally, tmp_path: Path) -> None:
    target = targets.validation(demo_record, tmp_path)
    target.try_some(tally, examples=8)
    assert tally.accepted
    assert tally.rejected


def test_packed_files(demo_record: Path, tally: Tally, tmp_path: Path) -> None:
    """A packed file with a bit turned, or cut off, gives the records it had, or an error."""
    results = tmp_path / "results"
    record = Record.read(demo_record)
    table = to_table([record])
    (path,) = paths_of(table, results)
    whole = sorted_bytes([table], results / record.target)
    file = results / record.target / "records.parquet"
    file.parent.mkdir(parents=True)
    chance = np.random.default_rng(0)
    texts = [whole[:length] for length in range(0, len(whole), len(whole) // PLACES)]
    for _ in range(4 * PLACES):
        turned = bytearray(whole)
        turned[chance.integers(len(whole))] ^= 1 << int(chance.integers(8))
        texts.append(bytes(turned))
    for text in [whole, *texts]:
        file.write_bytes(text)
        try:
            found = list(read_records(results))
            runs = read_runs(results)
        except RecordError as error:
            tally.count(text, f"{type(error).__name__}: {type(error.__cause__).__name__}")
            continue
        tally.count(text, None)
        assert found == [(path, record)]
        assert list(runs.frame.key) == [record.key]
    assert tally.accepted
    assert tally.rejected
