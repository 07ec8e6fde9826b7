"""Corpora of one's own: from a table, from a folder tree, registered by `xlser.toml`."""
