"""Commands that run methods or follow runs."""
