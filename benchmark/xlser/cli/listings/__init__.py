"""Commands that list and scaffold."""
