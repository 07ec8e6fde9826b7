"""Corpora of languages spoken in Asia."""
