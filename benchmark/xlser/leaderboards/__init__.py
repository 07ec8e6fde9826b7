"""From records to leaderboards."""

from xlser.leaderboards.comparison_text import as_values, in_words
from xlser.leaderboards.lessons import refresh_lessons
from xlser.leaderboards.markdown import Written, render, write_leaderboard
from xlser.leaderboards.paper import ERRATA, PRINTED, SETTING, Printed
from xlser.results.comparison import Comparison, compare
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
    "ERRATA",
    "PRINTED",
    "SETTING",
    "Comparison",
    "Condition",
    "Printed",
    "Row",
    "Score",
    "Table",
    "Written",
    "as_values",
    "compare",
    "in_words",
    "read_records",
    "refresh_lessons",
    "render",
    "require_tables",
    "tables",
    "write_leaderboard",
]
