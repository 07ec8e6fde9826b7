"""What is sent to the Hub: files of a dataset, and of a Space that shows the page."""

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from xlser.errors import RecordError, SettingsError
from xlser.hub.card import dataset_card, space_card
from xlser.protocols import Protocol
from xlser.records.packing import packed_copies
from xlser.records.store import files
from xlser.records.validate import validate
from xlser.results import Results, Row, Table, load
from xlser.site import Leaderboards

TABLE = "table.parquet"
"""File of a published protocol with a row for each row of its tables."""

_BESIDE = ("protocol.json", "encoders.json")


@dataclass(frozen=True)
class Upload:
    """Files for one repository; they become one commit, or one pull request.

    Attributes:
        repository: `OWNER/NAME`.
        kind: of the repository.
        files: content by path.
        private: whether it is private, if it has to be made.
        pull_request: whether they are proposed to its owner; the repository must be there.
        summary: of the commit.
    """

    repository: str
    kind: Literal["dataset", "space"]
    files: Mapping[str, bytes]
    private: bool
    pull_request: bool
    summary: str

    def as_values(self) -> dict[str, Any]:
        """Return it for JSON: files with their sizes in bytes."""
        return {
            "repository": self.repository,
            "kind": self.kind,
            "private": self.private,
            "pull_request": self.pull_request,
            "files": {path: len(content) for path, content in self.files.items()},
        }


@dataclass(frozen=True)
class Publication:
    """Results of a protocol, as they are sent.

    Attributes:
        protocol: name.
        records: how many are sent; of a pull request, at most.
        uploads: the dataset, then the Space if one is asked for.
        sent: addresses of the commits or of the pull request; empty as long as nothing is sent.
    """

    protocol: str
    records: int
    uploads: tuple[Upload, ...]
    sent: tuple[str, ...] = ()

    def as_values(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "protocol": self.protocol,
            "records": self.records,
            "uploads": [upload.as_values() for upload in self.uploads],
            "sent": list(self.sent),
        }


def publication_of(
    protocol: Protocol,
    folder: Path,
    to: str,
    *,
    space: str | None = None,
    private: bool = False,
    licence: str,
) -> Publication:
    """Gather the results of a protocol for a dataset, and for a Space that shows the page.

    Args:
        protocol: of the results.
        folder: of leaderboards.
        to: the dataset, `OWNER/NAME`.
        space: that shows the page, `OWNER/NAME`; None for none.
        private: whether what has to be made is private.
        licence: of the records, as the Hub names it.

    Raises:
        RecordError: there are no records, or `xlser validate` rejects one.
    """
    results, records = _sound_results(protocol, folder), _records(protocol, folder)
    page = Leaderboards(folder).html(protocol).encode() if space else b""
    summary = f"Results of {protocol.name}: {len(results.runs)} records"
    card = dataset_card(results, to, licence, f"{protocol.name}/{TABLE}", space)
    sent = {"README.md": card.encode(), f"{protocol.name}/{TABLE}": _as_parquet(results)}
    sent |= _beside(protocol, folder) | records
    uploads = [Upload(to, "dataset", sent, private, False, summary)]
    if space:
        shown = {"README.md": space_card(results, to).encode(), "index.html": page}
        uploads.append(Upload(space, "space", shown, private, False, summary))
    return Publication(protocol.name, len(results.runs), tuple(uploads))


def submission_of(
    protocol: Protocol, folder: Path, to: str, without: Collection[str] = ()
) -> Publication:
    """Gather records for the dataset of somebody else, in files that replace none of theirs.

    Args:
        protocol: of the records.
        folder: of leaderboards.
        to: the dataset, `OWNER/NAME`.
        without: keys of records that it has.

    Raises:
        RecordError: there are no records, or `xlser validate` rejects one.
        SettingsError: the dataset has all of them.
    """
    results = _sound_results(protocol, folder)
    count = len(set(results.runs.frame["key"]) - set(without))
    if not count:
        raise SettingsError(
            f"{to} has all of these {len(results.runs)} records.", "There is nothing to send."
        )
    records = _records(protocol, folder, without)
    sent = {_apart(path, content): content for path, content in records.items()}
    summary = f"Results of {protocol.name}: {count} records"
    upload = Upload(to, "dataset", _beside(protocol, folder) | sent, False, True, summary)
    return Publication(protocol.name, count, (upload,))


def with_sent(publication: Publication, addresses: Collection[str]) -> Publication:
    """Return a publication that states where it was sent."""
    return replace(publication, sent=tuple(addresses))


def _sound_results(protocol: Protocol, folder: Path) -> Results:
    """Return the results of a protocol, all of whose records are sound."""
    own = folder / protocol.name / "results"
    paths = [*files(own, ".json"), *files(own, ".parquet")]
    if not paths:
        raise RecordError(
            f"There are no records at {own}.", "xlser run makes some; or name another folder."
        )
    faults = validate(paths).faults
    if faults:
        raise RecordError(
            f"{len(faults)} faults in the records at {own}; the first, of {faults[0].path.name}: "
            f"{faults[0].what}",
            f"Nothing is sent. `xlser validate {own}` lists them; remove those records.",
        )
    return load(protocol, folder)


def _records(protocol: Protocol, folder: Path, without: Collection[str] = ()) -> dict[str, bytes]:
    copies = packed_copies(folder / protocol.name / "results", without)
    return {f"{protocol.name}/results/{path}": content for path, content in copies.items()}


def _apart(path: str, content: bytes) -> str:
    """Return the path of a packed file beside others of the same folder."""
    return f"{path.removesuffix('.parquet')}-{sha256(content).hexdigest()[:8]}.parquet"


def _beside(protocol: Protocol, folder: Path) -> dict[str, bytes]:
    """Return the files of facts that records of a protocol may need."""
    paths = [folder / protocol.name / name for name in _BESIDE]
    return {f"{protocol.name}/{path.name}": path.read_bytes() for path in paths if path.is_file()}


def _as_parquet(results: Results) -> bytes:
    """Return the rows of all tables as a Parquet file, best first within each label budget."""
    rows = [_values(table, row) for table in results.tables() for row in table.rows]
    sink = io.BytesIO()
    pd.DataFrame(rows).to_parquet(sink, index=False)
    return sink.getvalue()


def _values(table: Table, row: Row) -> dict[str, Any]:
    """Return a row of a table: its figures in percent, and the interval of the table's metric."""
    low, high = row.resampled.estimate.interval or (None, None)
    scores = {
        name: row.scores["target", name].mean
        for name in dict.fromkeys((table.metric.name, "ua", "accuracy", "macro-f1"))
        if ("target", name) in row.scores
    }
    return {
        "target": table.target,
        "labels": str(row.labels),
        "method": row.method,
        **scores,
        "low": low,
        "high": high,
        "ranked": row.ranked,
        "bound": row.bound,
        "seeds": len(row.seeds),
        "track": table.condition.track,
        "backbone": table.condition.backbone,
        "condition": table.condition.slug,
        "marks": "; ".join(row.marks),
    }
