"""Corpora of African languages."""
