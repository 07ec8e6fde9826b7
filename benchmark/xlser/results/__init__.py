"""Results: one frame of all runs, and numbers computed from it, without text of pages."""

from xlser.results.comparison import Comparison, verdict
from xlser.results.cost import cost
from xlser.results.gains import Gain
from xlser.results.inference.exchange import least_p
from xlser.results.inference.ranking import Standing, competition_ranks
from xlser.results.inference.statistics import LEVEL, Difference, Estimate, adjusted_ps
from xlser.results.results import Note, Results, load
from xlser.results.rows import Condition
from xlser.results.scores import Score
from xlser.results.summary import Budgets, Line, Summary, budgets_in_words
from xlser.results.tables import Row, Table

__all__ = [
    "LEVEL",
    "Budgets",
    "Comparison",
    "Condition",
    "Difference",
    "Estimate",
    "Gain",
    "Line",
    "Note",
    "Results",
    "Row",
    "Score",
    "Standing",
    "Summary",
    "Table",
    "adjusted_ps",
    "budgets_in_words",
    "competition_ranks",
    "cost",
    "least_p",
    "load",
    "verdict",
]
