"""Intervals by resampling speakers, tests by exchanging them, and what follows for ranks."""
