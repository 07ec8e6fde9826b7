"""The pages of a protocol: its own, and those of conditions, languages and tables."""
