"""Parts of a protocol's page."""
