"""Parts that losses are made of, each used by more than one method."""
