"""Results: numbers from records, without text."""

from xlser.results.comparison import Comparison, compare
from xlser.results.loading import Results, load
from xlser.results.tables import (
    Condition,
    Row,
    Score,
    Table,
    read_records,
    require_tables,
    tables,
)

__all__ = [
    "Comparison",
    "Condition",
    "Results",
    "Row",
    "Score",
    "Table",
    "compare",
    "load",
    "read_records",
    "require_tables",
    "tables",
]
