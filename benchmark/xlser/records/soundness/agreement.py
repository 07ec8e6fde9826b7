"""What a record states must agree with itself, whatever its protocol states.

A record that contradicts itself is no result: leaderboards leave it out and name it.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

from xlser.methods.origin import NOT_PACKAGED
from xlser.methods.provenance.owned import Owned, is_owned, owned
from xlser.records.soundness.claims import claim_of

_FIRST = datetime(2026, 11, 22, tzinfo=UTC)  # of the suite's own history
_AHEAD = timedelta(days=2)  # that a clock may be ahead
_DIGEST = re.compile(r"[0-9a-f]{64}")


def contradictions(run: Any) -> Iterator[str]:
    """Yield what a record states that cannot be, a sentence each.

    Args:
        run: a row of `Runs.frame`.
    """
    yield from _of_supervision(run.method, run.target_labels, run.labels)
    yield from _of_package(run.packaged, run.package, run.code, run.packaged_code)
    yield from _of_numbers(run)
    yield from _of_time(run.started)
    yield from _of_digests(run.protocol_digest, run.scenario, run.corpora)
    yield from _of_settings(run.settings)
    if run.sandbox and not run.isolated:
        yield "It states a sandbox, but not that the method was isolated."


@lru_cache(maxsize=4096)
def _of_supervision(name: str, target_labels: str, labels: int | str) -> tuple[str, ...]:
    """Compare the labels that the method is handed with the label budget."""
    found = []
    fits = labels == 0 if target_labels == "none" else (labels == "all") == (target_labels == "all")
    if not fits:
        found.append(
            f"It states that {name} is handed {target_labels} of the target's labels, and a label "
            f"budget of {labels}."
        )
    method = owned(name) if is_owned(name) else None
    if method is not None:
        found += _of_owned(name, method, target_labels, labels)
    return tuple(found)


def _of_owned(name: str, method: Owned, target_labels: str, labels: int | str) -> Iterator[str]:
    if target_labels != method.target_labels:
        yield (
            f"It states that {name} is handed {target_labels} of the target's labels; "
            f"it is handed {method.target_labels}."
        )
    elif isinstance(labels, int) and labels < method.least_labels:
        yield f"{name} needs {method.least_labels} labels or more, not {labels}."


@lru_cache(maxsize=4096)
def _of_package(packaged: bool, package: str, code: str, packaged_code: str) -> tuple[str, ...]:
    found = []
    if packaged and (package == NOT_PACKAGED or code):
        found.append("It states that its method is packaged, and what only other methods have.")
    if not packaged and (package != NOT_PACKAGED or packaged_code):
        found.append("It states that its method is not packaged, and what only packaged ones have.")
    if not packaged and not _is_digest(code):
        found.append("It states no digest of the code of its method, which is not packaged.")
    if packaged_code and not _is_digest(packaged_code):
        found.append("What it states as digest of its method's code is none.")
    return tuple(found)


def _of_numbers(run: Any) -> Iterator[str]:
    seconds = {
        "source model": run.seconds_source_model,
        "fit": run.seconds_fit,
        "predict": run.seconds_predict,
    }
    for stage, value in seconds.items():
        if value is not None and value == value and not (value >= 0 and isfinite(value)):
            yield f"It states {value:g} seconds for {stage}."
    for where, memory in (("host", run.memory_host), ("device", run.memory_device)):
        if memory is not None and memory == memory and not 0 <= memory < float("inf"):
            yield f"It states {memory:g} MiB of memory of the {where}."
    if run.threads < 1:
        yield f"It states {run.threads} threads."
    for what, number in (("seed", run.seed), ("fold", run.fold), ("repeat", run.repeat)):
        if number < 0:
            yield f"It states the {what} {number}."


def _of_time(started: str) -> Iterator[str]:
    if not _FIRST <= datetime.fromisoformat(started) <= datetime.now(UTC) + _AHEAD:
        yield f"It states that it started at {started}: before the suite was, or still to come."


@lru_cache(maxsize=4096)
def _of_digests(protocol: str, scenario: str, corpora: str) -> tuple[str, ...]:
    found = {"protocol": protocol, "scenario": scenario}
    found |= {f"recordings of {name}": text for name, text in json.loads(corpora).items()}
    return tuple(
        f"What it states as digest of the {what} is none: {text[:12]}..."
        for what, text in found.items()
        if not _is_digest(text)
    )


@lru_cache(maxsize=4096)
def _of_settings(settings: str) -> tuple[str, ...]:
    numbers = [*_numbers(json.loads(settings))]
    if all(map(isfinite, numbers)):
        return ()
    return ("It states a hyper-parameter that is not finite.",)


def _numbers(value: object) -> Iterator[float]:
    if isinstance(value, int | float):
        yield min(value, 1) if isinstance(value, int) else value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)


def _is_digest(text: str) -> bool:
    """Return whether a text is a SHA-256 in hex, and not of one digit alone."""
    return bool(_DIGEST.fullmatch(text)) and len(set(text)) > 1


def false_claims(run: Any) -> Iterator[str]:
    """Yield in what a record is not of the method of this distribution whose name it bears.

    Args:
        run: a row of `Runs.frame`.
    """
    claim = claim_of(run)
    if claim.other:
        yield (
            f"It bears the name {run.method}, but is not of that method as it is installed: it is "
            f"{'of other ' if claim.other.startswith('code') else ''}{claim.other}."
        )
    if unstated := [name for name in claim.changed if name not in run.changed]:
        yield (
            f"It states that no more than {', '.join(run.changed) or 'nothing'} was changed; "
            f"{', '.join(unstated)} is not at the default of {run.method} either."
        )


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_LONGEST = 200


def unfit_names(run: Any) -> Iterator[str]:
    """Yield names that no page can show as they are: line breaks, control characters, too long.

    Args:
        run: a row of `Runs.frame`.
    """
    names = {
        "method": run.method,
        "package": run.package,
        "backbone": run.backbone,
        "weights": run.weights,
        "processor": run.processor,
        "device": run.device,
        "system": run.system,
        "Python": run.python,
    }
    for what, name in names.items():
        if _CONTROL.search(name) or len(name) > _LONGEST:
            yield f"Its {what} has a line break, a control character or over {_LONGEST} characters."


def unsubmittable(run: Any) -> Iterator[str]:
    """Yield what a record lacks that is submitted now; those committed before may lack it.

    Args:
        run: a row of `Runs.frame`.
    """
    if run.packaged and not run.packaged_code:
        yield (
            "It does not state the code of its method: it was made by an older version of xlser. "
            "Update it and run again."
        )
    if any(text.endswith("with changes") for text in json.loads(run.git).values()):
        yield "It was made from a checkout with changes that no commit has: commit, and run again."
