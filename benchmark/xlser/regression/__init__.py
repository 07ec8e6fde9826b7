"""`xlser check`: held against what a method gave before."""
