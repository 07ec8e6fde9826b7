"""What became of unlabelled speech: pseudo-labels and source model, from what records state."""

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

Stated = Mapping[str, Any] | None
"""`unlabelled` of a record (`xlser.records.unlabelled`); None where it states nothing."""

COLUMNS: Mapping[str, tuple[str | int, ...]] = {
    "kept_at_first": ("pseudo_labels", "kept", 0),
    "kept": ("pseudo_labels", "kept", -1),
    "kept_right_at_first": ("pseudo_labels", "right", 0),
    "kept_right": ("pseudo_labels", "right", -1),
    "answers_right": ("pseudo_labels", "right_of_all", -1),
    "largest_class": ("pseudo_labels", "largest", -1),
    "source_model_accuracy": ("source_model", "accuracy"),
    "source_model_confidence": ("source_model", "confidence"),
    "source_model_ece": ("source_model", "ece"),
    "validation_accuracy": ("source_model_validation", "accuracy"),
    "validation_confidence": ("source_model_validation", "confidence"),
    "validation_ece": ("source_model_validation", "ece"),
}
"""Columns of the results frame and where they stand in a record; "at first" is the first quarter of
a training, without it the last."""


def unlabelled_columns(stated: Sequence[Stated]) -> pd.DataFrame:
    """Return `COLUMNS` of runs in percent, one row per run; NaN where a record states none."""
    return pd.DataFrame(
        {name: [_percent(of, path) for of in stated] for name, path in COLUMNS.items()},
        dtype=np.float64,
    )


def mean_of_runs(stated: Sequence[Stated]) -> Mapping[str, float]:
    """Return the mean of `COLUMNS` over runs, percent, without those that no run states."""
    columns = {name: [_percent(of, path) for of in stated] for name, path in COLUMNS.items()}
    defined = {name: [v for v in of if not isnan(v)] for name, of in columns.items()}
    return {name: float(np.mean(values)) for name, values in defined.items() if values}


def _percent(stated: Stated, path: Sequence[str | int]) -> float:
    value: Any = stated
    for part in path:
        if value is None or (isinstance(part, str) and part not in value):
            return nan
        value = value[part]
    return nan if value is None else 100 * float(value)
