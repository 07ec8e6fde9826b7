"""Corpora of English speech."""
