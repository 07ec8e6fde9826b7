"""How far a figure may lie from its repeats, and how often what is unchanged does not hold."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from tests.records import committed

from xlser.records import Predictions, Record
from xlser.regression.check import (
    LEVEL,
    Cell,
    CheckedFigure,
    one_utterance,
    prediction_interval,
)

CHECKS = 20_000


@pytest.fixture(scope="module")
def record() -> Record:
    return committed.record("sft-k100-s0-")


@pytest.fixture
def figure(record: Record) -> CheckedFigure:
    repeats = (60.0, 62.0, 64.0)
    return CheckedFigure(Cell((record,)), "target", "ua", repeats, 62.0, 1.0, drawn=True)


def test_the_interval_is_that_of_a_table_of_t() -> None:
    """t(2) at 5 % is 4.303, the spread of 60, 62, 64 is 2."""
    half = prediction_interval((60.0, 62.0, 64.0), step=0.0, level=0.05)
    assert half == pytest.approx(4.303 * 2 * sqrt(4 / 3), rel=1e-3)


def test_the_variance_that_rounding_hides_is_added() -> None:
    alike = prediction_interval((60.0, 60.0, 60.0), step=sqrt(12) * 2, level=0.05)
    assert alike == pytest.approx(prediction_interval((60.0, 62.0, 64.0), 0.0, 0.05))


def test_what_is_not_drawn_may_move_by_one_utterance(figure: CheckedFigure) -> None:
    alike = replace(figure, repeats=(62.0, 62.0, 62.0), drawn=False)
    assert alike.tolerance == 1.0
    assert [replace(alike, now=now).verdict for now in (61.0, 63.0)] == ["holds", "holds"]
    assert [replace(alike, now=now).verdict for now in (60.9, 63.1)] == ["below", "above"]


def test_a_single_repeat_tells_of_no_spread(figure: CheckedFigure) -> None:
    alone = replace(figure, repeats=(62.0,), drawn=False)
    assert (alone.spread, alone.tolerance) == (None, 1.0)


def test_the_tolerance_is_never_less_than_one_utterance(figure: CheckedFigure) -> None:
    assert replace(figure, repeats=(62.0, 62.0), utterance=5.0, level=0.99).tolerance == 5.0


def test_one_utterance_of_the_target(record: Record) -> None:
    """71 utterances, the fewest of an emotion in UA."""
    least = np.bincount(record.of_role("target")[0].truth).min()
    worth = one_utterance(record, "target")
    assert worth == {"ua": 100 / 5 / least, "accuracy": 100 / 71}


def test_one_utterance_of_a_mean_over_corpora(record: Record) -> None:
    """RAVDESS has 180 utterances and TESS more: one of RAVDESS moves the mean further."""
    assert record.source_figure == "mean over corpora"
    of_corpora = {part.corpus: np.bincount(part.truth) for part in record.of_role("source")}
    assert of_corpora["ravdess"].sum() == 180
    worth = one_utterance(record, "source")
    assert worth["accuracy"] == pytest.approx(100 / 2 / 180)
    assert worth["ua"] == pytest.approx(100 / 2 / 5 / of_corpora["ravdess"].min())


def test_one_utterance_more_moves_no_figure_further(record: Record) -> None:
    """Turn the answer to each utterance that was recognised into a wrong one."""
    before, worth = record.scores["target"], one_utterance(record, "target")
    part, *others = record.predictions
    moved = []
    for i in np.flatnonzero(part.matrix.argmax(axis=1) == part.truth):
        matrix = part.matrix
        matrix[i] = np.roll(matrix[i], 1)
        changed = Predictions.of(part.corpus, part.role, part.names, part.truth.tolist(), matrix)
        after = record.model_copy(update={"predictions": (changed, *others)}).rescored()["target"]
        moved.append((100 * (before.ua - after.ua), 100 * (before.accuracy - after.accuracy)))
    most = np.max(moved, axis=0)
    assert most[0] <= worth["ua"] + 1e-9
    assert most == pytest.approx([worth["ua"], worth["accuracy"]], rel=0.5)


def share_of_false_alarms(figures: int, repeats: int, spread: float) -> float:
    """Check an unchanged method many times; return how often not all of its figures hold.

    Args:
        figures: of a check, each independent of the others, which is the worst case.
        repeats: of the reference.
        spread: standard deviation over repeats, in utterances, to which figures are rounded.
    """
    generator = np.random.default_rng(0)
    middle = 100 + generator.random((CHECKS, figures, 1))
    drawn = spread * generator.standard_normal((CHECKS, figures, repeats + 1))
    values = (middle + drawn).round()
    then, now = values[..., :-1], values[..., -1]
    # What `prediction_interval` does, for all at once; it is linear in the error.
    at_one = prediction_interval([0.0] * repeats, sqrt(12), LEVEL / figures)
    half = at_one * np.sqrt(then.var(axis=-1, ddof=1) + 1 / 12)
    alarms = abs(now - then.mean(axis=-1)) > np.maximum(half, 1.0) + 1e-9
    return float(alarms.any(axis=-1).mean())


@pytest.mark.parametrize("repeats", [2, 3, 5, 10, 20])
@pytest.mark.parametrize("figures", [4, 16])
def test_an_unchanged_method_passes_99_of_100_checks(figures: int, repeats: int) -> None:
    for spread in (0.2, 0.5, 1.0, 2.0, 10.0):
        alarms = share_of_false_alarms(figures, repeats, spread)
        assert alarms <= LEVEL + 3 * sqrt(LEVEL / CHECKS)


def test_the_level_is_used_up_where_figures_vary_much() -> None:
    """Not that nothing were ever found."""
    assert share_of_false_alarms(4, 10, 20.0) == pytest.approx(LEVEL, abs=0.003)
