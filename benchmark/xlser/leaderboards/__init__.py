"""From records to leaderboards."""

from xlser.leaderboards.board import Figure, Row, Setting, Table, read_records, tables
from xlser.leaderboards.markdown import render, write_leaderboard
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
    "read_records",
    "render",
    "tables",
    "write_leaderboard",
]
