"""Sources of spread: trainings, draws of labelled utterances, and who is tested."""

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np
import pandas as pd

CELL = ("condition", "row", "target", "labels", "seed", "fold")
"""Columns of runs that test the same speakers."""


def spread(runs: pd.DataFrame) -> pd.DataFrame:
    """Split the variance of single runs into its sources, one row per method, target and budget.

    Repeats of a cell that label the same utterances differ by their training; repeats that label
    others (`--redraw-labels`), by training and labels; seeds and folds, by the speakers tested as
    well. Variances are pooled over the seeds and folds of a row, and what a source adds is the
    difference to the one before it, 0 at least.

    Args:
        runs: with the columns `CELL`, `repeat`, `draw` and `value`, percent.

    Returns:
        Columns `condition`, `row`, `target`, `labels`, `runs`, and standard deviations in points:
        `trainings`, `label_draws` and `speakers`; NaN where no repeats or seeds let it be known.
        Rows without any repeat are left out.
    """
    rows = []
    for key, of_row in runs.groupby([*CELL[:4]], sort=False):
        if not (of_row["repeat"] > 0).any():
            continue
        cells = [cell for _, cell in of_row.groupby(["seed", "fold"])]
        parts = _components(cells)
        rows.append([*key, len(of_row), *parts])
    columns = [*CELL[:4], "runs", "trainings", "label_draws", "speakers"]
    return pd.DataFrame(rows, columns=columns)


def _components(cells: Sequence[pd.DataFrame]) -> tuple[float, float, float]:
    """Return the standard deviations of trainings, label draws and speakers."""
    same = [cell.loc[cell["draw"] == 0, "value"].to_numpy() for cell in cells]
    first = [cell[(cell["repeat"] == 0) | (cell["draw"] > 0)] for cell in cells]
    other = [cell["value"].to_numpy() for cell in first if (cell["draw"] > 0).any()]
    training, with_draws = _pooled(same), _pooled(other)
    of_one = [cell["value"].mean() for cell in first]
    between = float(np.var(of_one, ddof=1)) if len(of_one) > 1 else nan
    within = training if np.isnan(with_draws) else with_draws
    each = float(np.mean([1 / len(cell) for cell in first]))  # of what is in a cell's mean
    return _root(training), _root(with_draws - training), _root(between - within * each)


def _pooled(values: Sequence[np.ndarray]) -> float:
    """Return the variance within groups, each around its own mean; NaN if none has two values."""
    several = [of for of in values if len(of) > 1]
    if not several:
        return nan
    squares = sum(float(((of - of.mean()) ** 2).sum()) for of in several)
    return squares / sum(len(of) - 1 for of in several)


def _root(variance: float) -> float:
    return nan if np.isnan(variance) else sqrt(max(0.0, variance))
