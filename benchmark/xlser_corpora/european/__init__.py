"""Corpora of European languages other than English; Canadian French among them."""
