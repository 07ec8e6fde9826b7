"""Commands that make use of the best methods."""
