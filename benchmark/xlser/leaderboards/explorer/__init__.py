"""One self-contained HTML page a protocol: to sort, filter, compare and cite."""

from xlser.leaderboards.explorer.page import explorer_page

__all__ = ["explorer_page"]
