"""Tables of leaderboards as plain values, for JSON."""

from dataclasses import asdict
from math import isinf
from typing import Any

from xlser.results import Row, Standing, Table


def table_as_values(table: Table, reference: str | None) -> dict[str, Any]:
    """Return all there is to a table, for JSON.

    Args:
        table: of a target and a condition.
        reference: name of the method that others are held against; None for none.
    """
    budgets = dict.fromkeys(row.labels for row in table.rows if row.ranked)
    standings = {str(labels): table.standing(labels, reference) for labels in budgets}
    return {
        "target": table.target,
        "condition": asdict(table.condition),
        "majority": table.majority,
        "rows": [_row_as_values(row) for row in table.rows],
        "budgets": {k: _standing_as_values(of) for k, of in standings.items() if of},
    }


def _row_as_values(row: Row) -> dict[str, Any]:
    scores = {
        f"{role} {metric}": {"mean": score.mean, "spread": score.spread}
        for (role, metric), score in row.scores.items()
    }
    return {
        "method": row.method,
        "labels": row.labels,
        "bound": row.bound,
        "seeds": row.seeds,
        "scores": scores,
        "interval": row.resampled.estimate.interval,
    }


def _standing_as_values(standing: Standing) -> dict[str, Any]:
    return {
        "p of not being below the best": standing.below,
        "speakers": standing.speakers,
        "standard error of a difference": standing.error,
        "share of its variance by trainings": standing.by_trainings,
        "finds a named pair from": None if isinf(standing.named) else standing.named,
        "finds one of all from": None if isinf(standing.against_one) else standing.against_one,
        "reliability": standing.reliability,
    }
