"""Leaderboards: what pages consist of, from results."""

from xlser.leaderboards.comparison import as_values, in_words
from xlser.leaderboards.plugins import PagePlugin

__all__ = ["PagePlugin", "as_values", "in_words"]
