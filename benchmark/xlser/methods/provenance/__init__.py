"""Where the code of a method comes from, and what this distribution states of its own."""
