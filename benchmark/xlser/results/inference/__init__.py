"""Tests by exchange of speakers, and what they find of an order of methods."""
