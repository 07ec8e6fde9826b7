"""Progress, status and expected cost of runs."""
