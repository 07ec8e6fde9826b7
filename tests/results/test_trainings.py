"""The luck of trainings: against products added up one by one, and what is drawn."""

from itertools import product

import numpy as np
import pytest

from xlser.protocols import get_protocol
from xlser.results.inference.trainings import Spread, spread

RUNS, SPEAKERS = 9, 12
SPEAKER = np.tile(np.arange(SPEAKERS), 3)  # each seed has three folds of four speakers
RUN = np.concatenate([seed * 3 + np.arange(SPEAKERS) % 3 for seed in range(3)])
WEIGHTS = np.full(len(RUN), 1 / len(RUN))


def drawn(trainings: float, rng: np.random.Generator, points: float = 4.0) -> np.ndarray:
    """Effects of 40 differences, whose trainings differ by a standard deviation, in points."""
    luck = rng.normal(0, trainings, (40, RUNS))[:, RUN]
    own = rng.normal(0, 10, (40, SPEAKERS))[:, SPEAKER] + rng.normal(0, 10, (40, len(RUN)))
    return WEIGHTS * (points + luck + own)


def test_it_is_the_mean_product_in_a_run_less_that_across_runs() -> None:
    rng = np.random.default_rng(0)
    weights = rng.random(len(RUN))
    weights /= weights.sum()
    effects = rng.normal(size=(1, len(RUN)))
    apart = effects[0] - weights * effects.sum()
    sums = {True: np.zeros(2), False: np.zeros(2)}
    for i, j in product(range(len(RUN)), repeat=2):
        if SPEAKER[i] != SPEAKER[j]:
            sums[RUN[i] == RUN[j]] += apart[i] * apart[j], weights[i] * weights[j]
    (within, shares), (across, other_shares) = sums[True], sums[False]
    found = spread(effects, weights, SPEAKER, RUN)
    assert found.trainings == pytest.approx(within - shares / other_shares * across)
    of_speakers = [apart[speaker == SPEAKER].sum() ** 2 for speaker in range(SPEAKERS)]
    assert found.speakers == pytest.approx(sum(of_speakers) * SPEAKERS / (SPEAKERS - 1))


@pytest.mark.parametrize("trainings", [0.0, 6.0])
def test_it_is_what_trainings_were_drawn_with_whatever_the_difference(trainings: float) -> None:
    """Of nine runs, each with four of the 36 cells: four in nine products of a run are no pair."""
    rng = np.random.default_rng(1)
    found = Spread.pooled([spread(drawn(trainings, rng), WEIGHTS, SPEAKER, RUN) for _ in range(50)])
    expected = trainings**2 * RUNS * 4 * 3 / len(RUN) ** 2
    assert found.trainings / 2000 == pytest.approx(expected, abs=0.25)
    widening = np.sqrt(1 + expected / (found.speakers / 2000))
    assert found.widening == pytest.approx(widening, abs=0.02)


def test_a_single_run_or_speaker_shows_nothing_of_it() -> None:
    effects = np.random.default_rng(2).normal(size=(3, 4))
    alone = np.zeros(4, np.int64)
    weights = np.full(4, 0.25)
    assert spread(effects, weights, np.arange(4), alone).trainings == 0
    assert spread(effects, weights, alone, np.arange(4)) == Spread()
    assert Spread().widening == 1


def test_chance_below_0_widens_nothing() -> None:
    assert Spread(speakers=4.0, trainings=-1.0).widening == 1
    assert Spread(speakers=3.0, trainings=1.0).widening == pytest.approx(np.sqrt(4 / 3))
    assert Spread.of_mean([Spread(4, 2), Spread(8, 0)]) == Spread(3, 0.5)


def test_v2_tests_every_speaker_once_a_seed_as_here() -> None:
    assert len(get_protocol("v2").cells) == RUNS
