"""From records to leaderboards."""

from xlser.leaderboards.board import (
    Figure,
    Row,
    Setting,
    Table,
    read_records,
    require_tables,
    tables,
)
from xlser.leaderboards.markdown import Written, render, write_leaderboard
from xlser.leaderboards.paper import ERRATA, PRINTED, SETTING, Printed

__all__ = [
    "ERRATA",
    "PRINTED",
    "SETTING",
    "Figure",
    "Printed",
    "Row",
    "Setting",
    "Table",
    "Written",
    "read_records",
    "render",
    "require_tables",
    "tables",
    "write_leaderboard",
]
