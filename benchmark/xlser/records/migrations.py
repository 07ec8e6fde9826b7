"""Older schemas of the record: each step makes of raw JSON data that of the next version."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from xlser.records.prediction import sound, to_levels

Raw = dict[str, Any]
"""A record as JSON holds it."""


def _from_1(raw: Raw) -> Raw:
    """Add what version 2 states of a run: its repeat, isolation, peak memory and git commits.

    The first records of version 1 do not state which settings were changed: none was.
    """
    return {
        **raw,
        "schema_version": 2,
        "method": {"changed": [], **raw["method"]},
        "repeat": 0,
        "isolated": False,
        "peak_memory": {},
        "environment": {**raw["environment"], "git": {}},
    }


def _from_2(raw: Raw) -> Raw:
    """Replace probabilities of float16 by the predicted class and, for the target, by levels.

    The predicted class is the first of the largest probabilities, as version 2 scored it.
    Every method of version 2 was an installed one.
    """
    classes = len(raw["classes"])
    return {
        **raw,
        "schema_version": 3,
        "method": {**raw["method"], "packaged": True, "code": ""},
        "predictions": [_in_levels(part, classes) for part in raw["predictions"]],
    }


def _in_levels(part: Raw, classes: int) -> Raw:
    kept = {name: value for name, value in part.items() if name != "probabilities"}
    content = base64.b64decode(part["probabilities"], altchars=b"-_", validate=True)
    utterances = len(part["emotion"])
    if len(content) != 2 * classes * utterances:
        raise ValueError(f"the predictions are not of {classes} classes an utterance")
    matrix = np.frombuffer(content, dtype="<f2").reshape(utterances, classes)
    if not (fits := sound(matrix)).all():
        names = [
            name for name, fit in zip(part["utterances"].split(), fits, strict=False) if not fit
        ]
        raise ValueError(
            f"the probabilities of {np.count_nonzero(~fits)} utterances of {part['corpus']} are "
            f"not >= 0 with a sum of 1: {', '.join(names[:3])}"
        )
    kept["predicted"] = "".join(map(str, matrix.argmax(axis=1)))
    if part["role"] == "target":
        kept["levels"] = base64.b64encode(to_levels(matrix).tobytes()).decode("ascii")
    return kept


_STEPS: dict[int, Callable[[Raw], Raw]] = {1: _from_1, 2: _from_2}
"""By version: the step to the next one."""


def upgrade(raw: Raw) -> Raw | None:
    """Return a record of an older schema in the newest form; None if it is not of an older one.

    Only what the change of form needs is looked at.

    Raises:
        ValueError: it states no predictions of its classes, or lacks a part.
    """
    try:
        version = raw["schema_version"]
        if version not in _STEPS:
            return None
        while version in _STEPS:
            raw = _STEPS[version](raw)
            version = raw["schema_version"]
    except (KeyError, TypeError, AttributeError) as cause:
        raise ValueError(f"it is incomplete ({cause!r})") from cause
    return raw
