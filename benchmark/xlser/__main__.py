"""`python -m xlser`: the command line."""

from xlser.cli import main

main()
