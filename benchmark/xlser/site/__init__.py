"""A folder of leaderboards as it is read: Markdown pages, pictures, the page to explore."""

from xlser.site.folder import Leaderboards, Written, write_leaderboard

__all__ = ["Leaderboards", "Written", "write_leaderboard"]
