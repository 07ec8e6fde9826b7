"""One self-contained HTML page a protocol: to sort, filter, compare and cite."""

from xlser.site.explorer.page import citation, explorer_page

__all__ = ["citation", "explorer_page"]
