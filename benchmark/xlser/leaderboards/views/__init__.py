"""What a notebook and a terminal show of a leaderboard."""

from xlser.leaderboards.views.leaderboard import LeaderboardView
from xlser.leaderboards.views.screen import HEIGHT, Screen

__all__ = ["HEIGHT", "LeaderboardView", "Screen"]
