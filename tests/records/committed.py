"""The committed records, in whichever form they lie there."""

from functools import cache
from pathlib import Path

from xlser.records import Record
from xlser.records.store import files, read_records

COMMITTED = Path(__file__).parents[2] / "leaderboards"
PLACE = "v1/results/german/frozen/audiontt-512"


@cache
def committed(folder: str) -> dict[Path, Record]:
    """Return the records below a folder of `leaderboards`, by their path."""
    return dict(read_records(COMMITTED / folder))


def record(start: str, target: str = "german") -> Record:
    """Return the record of `v1`, frozen track, without SAVEE, whose file's name starts so."""
    folder = COMMITTED / PLACE.replace("german", target)
    (found,) = [
        each
        for path, each in committed(f"v1/results/{target}").items()
        if path.parent == folder and path.name.startswith(start) and each.absent_corpora
    ]
    return found


def all_files() -> list[Path]:
    """Return every committed file of records."""
    folders = sorted(COMMITTED.glob("*/results"))
    return [
        path for each in folders for kind in (".json", ".parquet") for path in files(each, kind)
    ]
