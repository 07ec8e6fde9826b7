"""Results: one frame of all runs, and numbers computed from it, without text of pages."""

from xlser.results.comparison import Comparison, verdict
from xlser.results.cost import cost
from xlser.results.ranking import competition_ranks, rank_groups
from xlser.results.results import Note, Results, load
from xlser.results.rows import Condition
from xlser.results.scores import Score
from xlser.results.statistics import LEVEL, Estimate, holm
from xlser.results.summary import Budgets, Line, Summary
from xlser.results.tables import Row, Table

__all__ = [
    "LEVEL",
    "Budgets",
    "Comparison",
    "Condition",
    "Estimate",
    "Line",
    "Note",
    "Results",
    "Row",
    "Score",
    "Summary",
    "Table",
    "competition_ranks",
    "cost",
    "holm",
    "load",
    "rank_groups",
    "verdict",
]
