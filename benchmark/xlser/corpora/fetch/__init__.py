"""Fetching openly licensed corpora: download, verify, unpack, state the source."""

from xlser.corpora.fetch.fetching import Fetched, fetch

__all__ = ["Fetched", "fetch"]
