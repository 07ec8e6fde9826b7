"""Leaderboards: pages and pictures from results."""

from xlser.leaderboards.comparison import as_values, in_words
from xlser.leaderboards.folder import Leaderboards, Written, write_leaderboard
from xlser.leaderboards.page import render
from xlser.leaderboards.plugins import PagePlugin
from xlser.leaderboards.views import LeaderboardView

__all__ = [
    "LeaderboardView",
    "Leaderboards",
    "PagePlugin",
    "Written",
    "as_values",
    "in_words",
    "render",
    "write_leaderboard",
]
