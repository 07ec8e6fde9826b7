"""The results of a protocol, from its records, each read once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from xlser.protocols import Labels, Protocol
from xlser.records import Record
from xlser.results.summary import Summary, summaries
from xlser.results.tables import Condition, Score, Table, _title, read_records, tables


@dataclass
class Results:
    """All there is to print of a protocol's records.

    Attributes:
        protocol: of the records.
    """

    protocol: Protocol
    _tables: Sequence[Table] = ()
    _source: dict[tuple[str, str, str, Labels], dict[str, list[float]]] = field(
        default_factory=dict
    )

    def tables(self) -> Sequence[Table]:
        """Return the tables, by target and condition."""
        return self._tables

    def summaries(self) -> Sequence[Summary]:
        """Return the means over targets, by condition."""
        return self._summaries

    @cached_property
    def _summaries(self) -> Sequence[Summary]:
        return summaries(self.protocol, self._tables)

    def source_accuracy(
        self, condition: str, target: str
    ) -> Mapping[tuple[str, Labels], Mapping[str, Score]]:
        """Return the accuracy on each source corpus, by method and label budget.

        Args:
            condition: its slug.
            target: language.
        """
        return {
            (method, labels): {corpus: Score.of(shares) for corpus, shares in by_corpus.items()}
            for (slug, of, method, labels), by_corpus in self._source.items()
            if (slug, of) == (condition, target)
        }


def load(protocol: Protocol, folder: Path) -> Results:
    """Read the records of a protocol under `folder`, each once."""
    results = Results(protocol)
    results._tables = tables(protocol, _noting(results, read_records(folder)))
    return results


def _noting(
    results: Results, records: Iterable[tuple[Path, Record]]
) -> Iterator[tuple[Path, Record]]:
    for path, record in records:
        slug = Condition.of(record).slug
        key = (slug, record.target, _title(record.method), record.labels)
        for part in record.of_role("source"):
            right = float((part.truth == part.matrix.argmax(axis=1)).mean())
            results._source.setdefault(key, {}).setdefault(part.corpus, []).append(right)
        yield path, record
