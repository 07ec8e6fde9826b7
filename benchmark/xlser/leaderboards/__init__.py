"""From records to leaderboards."""

from xlser.leaderboards.comparison_text import as_values, in_words
from xlser.leaderboards.lessons import refresh_lessons
from xlser.leaderboards.markdown import Written, render, write_leaderboard
from xlser.leaderboards.paper import ERRATA, PRINTED, SETTING, Printed

__all__ = [
    "ERRATA",
    "PRINTED",
    "SETTING",
    "Printed",
    "Written",
    "as_values",
    "in_words",
    "refresh_lessons",
    "render",
    "write_leaderboard",
]
