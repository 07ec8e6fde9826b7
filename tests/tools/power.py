"""How often a method that is better by some points is found, by the test now and by version 0.1's.

`python -m tests.tools.power EXPERIMENTS [DESIGN ...]` prints the table of docs/statistics.md. In
each experiment 26 methods are made up on the test speakers of all targets of a design, by the model
of `tests.results.simulation`, drawn by speaker and class. One method is better than all others by
so many points of UA on each target, and trainings differ. `python -m tests.tools.power alarms
EXPERIMENTS [DESIGN ...]` has all of them equally good, and prints how often some are told apart.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr
from tabulate import tabulate
from tests.results import former
from tests.results.simulation import (
    SPEAKER,
    SPEAKER_IN_CLASS,
    TRAINING,
    UTTERANCE,
    World,
    metric_of,
)

from xlser.metrics import Metric
from xlser.protocols import get_protocol
from xlser.results import LEVEL, Difference, Standing, adjusted_ps
from xlser.results.inference import bootstrap, exchange
from xlser.results.inference.bootstrap import (
    Resampled,
    bootstrap_speakers,
    effective_speakers,
    weights_by,
)
from xlser.results.inference.ranking import effects_of, standing

METHODS = 26
POINTS = (3.0, 5.0)
DESIGNS = {
    "v1, German and Italian": ("v1", ("german", "italian")),
    "v1, all targets": ("v1", get_protocol("v1").targets),
    "v2, German and Italian": ("v2", ("german", "italian")),
    "v2, all targets": ("v2", get_protocol("v2").targets),
}

APART = 0.1
"""Share of the variance between speakers that methods do not have in common.

The error over speakers of a difference on v1's German and Italian is then 3.4 points, as in its
records."""

DRAWS, RESAMPLES = 999, 500
"""Exchanges and resamples of an experiment; pages have 10,000 and 2,000, power is the same."""

Rng = np.random.Generator
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """The utterances of a test set by run, speaker and class.

    Attributes:
        world: the test set.
    """

    world: World

    @cached_property
    def there(self) -> npt.NDArray[np.int64]:
        """Number of utterances, shape (runs, speakers, classes)."""
        speech = self.world.speech
        shape = (int(speech.seed.max()) + 1, len(speech.speakers), speech.classes)
        counts = np.zeros(shape, np.int64)
        np.add.at(counts, (speech.seed, speech.speaker, speech.truth), 1)
        return counts

    def scores(
        self, better: float, metric: Metric, rng: Rng, training: float = TRAINING
    ) -> list[Resampled]:
        """Draw what methods recognise, and return their scores; the first is better than others.

        Args:
            better: what its log-odds are higher by.
            metric: UA.
            rng: draws.
            training: standard deviation of the log-odds of a class from one training to another.
        """
        runs, speakers, classes = self.there.shape
        odds = self.world.classes + np.zeros((METHODS, runs, speakers, classes))
        odds += _partly_shared(SPEAKER, (1, speakers, 1), rng)
        odds += _partly_shared(SPEAKER_IN_CLASS, (1, speakers, classes), rng)
        odds += rng.normal(0, training, (METHODS, runs, 1, classes))
        odds[0] += better
        odds /= np.sqrt(1 + 0.346 * UTTERANCE**2)  # the mean over utterances' own effects
        right = rng.binomial(self.there, 1 / (1 + np.exp(-odds)))
        in_class = self.there.sum(axis=1, keepdims=True)
        weights = np.divide(1, in_class, out=np.zeros(in_class.shape), where=in_class > 0)
        all_ = np.broadcast_to(weights * self.there, right.shape)
        by_cell = np.concatenate([weights * right, all_], axis=-1)
        speech = self.world.speech
        sums = by_cell[:, speech.cells.run, speech.cells.speaker]
        figures = 100 * metric.value(sums.sum(axis=1))
        values = bootstrap_speakers(by_cell.sum(axis=1), metric)
        effective = effective_speakers(weights_by(speech.speaker, speech, metric))
        return [
            Resampled(speech, effective, float(figure), over, metric, own[None])
            for figure, over, own in zip(figures, values, sums, strict=True)
        ]


def _partly_shared(sd: float, shape: tuple[int, ...], rng: Rng) -> Reals:
    shared = rng.normal(0, sd * np.sqrt(1 - APART), shape)
    own: Reals = shared + rng.normal(0, sd * np.sqrt(APART), (METHODS, *shape))
    return own


@dataclass(frozen=True)
class Found:
    """What one experiment finds, by the test now and by the former one.

    Attributes:
        named: the better method from another one, named beforehand.
        against_one: the same, where all others are held against that one.
        below: the share of the worse methods that are separably below the better one.
        standing: what a page states of the experiment.
    """

    named: tuple[bool, bool]
    against_one: tuple[bool, bool]
    below: tuple[float, float]
    standing: Standing


def experiments(design: str, points: float, count: int) -> Iterator[Found]:
    """Yield what each of `count` experiments finds."""
    protocol, targets = DESIGNS[design]
    rng = np.random.default_rng(2)
    metric = metric_of(protocol)
    worlds = [World.of(protocol, target, rng) for target in targets]
    better = [world.better_by(points, metric, rng) for world in worlds]
    cells = [Cells(world) for world in worlds]
    for _ in range(count):
        drawn = [of.scores(more, metric, rng) for of, more in zip(cells, better, strict=True)]
        yield found(list(zip(*drawn, strict=True)))


def found(methods: Sequence[Sequence[Resampled]]) -> Found:
    """Return what is found; the first method is the better one, the second named beforehand."""
    effects, _ = effects_of(methods)
    against = differences(np.delete(np.arange(len(methods)), 1), 1, methods)
    before = former_ps(methods, 1)
    best = int(effects.sum(axis=1).argmax())
    to_best = former.holm(former_ps(methods, best), comparisons=METHODS * (METHODS - 1) // 2)
    page = standing({str(i): method for i, method in enumerate(methods)}, "1")
    assert page is not None
    now = len(page.separable) / (METHODS - 1)
    then = sum(p <= LEVEL for p in to_best) / (METHODS - 1)
    return Found(
        named=(against[0].p <= LEVEL, before[0] <= LEVEL),
        against_one=(adjusted_ps(against)[0] <= LEVEL, former.holm(before)[0] <= LEVEL),
        below=(now, then) if best == 0 else (0.0, 0.0),
        standing=page,
    )


def differences(
    of: Iterable[int], one: int, methods: Sequence[Sequence[Resampled]]
) -> list[Difference]:
    """Return the differences of some methods to one of them, over the mean of the targets."""
    return [
        Difference.average([a.minus(b) for a, b in zip(methods[i], methods[one], strict=True)])
        for i in of
    ]


def former_ps(methods: Sequence[Sequence[Resampled]], one: int) -> list[float]:
    """Return the p-values of version 0.1 of each method's difference to one of them."""
    variances, freedoms, differences = [], [], []
    for rows in zip(*methods, strict=True):
        values = np.stack([row.values for row in rows])
        speakers = rows[0].speakers
        apart = np.delete(values - values[one], one, axis=0)
        variances.append(apart.var(axis=1) * speakers / (speakers - 1))
        freedoms.append(speakers - 1)
        scores = np.array([row.score for row in rows])
        differences.append(np.delete(scores - scores[one], one))
    variance = np.sum(variances, axis=0)
    spread = np.sum([v**2 / f for v, f in zip(variances, freedoms, strict=True)], axis=0)
    t = np.abs(np.sum(differences, axis=0)) / np.sqrt(variance)
    return [float(p) for p in 2 * stdtr(variance**2 / spread, -t)]


def print_alarms(count: int, designs: Sequence[str]) -> None:
    """Print a row a design: how often equally good methods are told apart, percent."""
    exchange.DRAWS, bootstrap.RESAMPLES = 499, 8  # the test needs no resamples
    rows = []
    for design in designs:
        row = {"design": design}
        for what, training in (("", 0.0), (", trainings differ", TRAINING)):
            told = list(alarms(design, count, training))
            for title, column in zip(_ALARMS, zip(*told, strict=True), strict=True):
                row[title + what] = f"{100 * np.mean(column):.1f}"
        rows.append(row)
    print(tabulate(rows, "keys", "pipe", disable_numparse=True))


_ALARMS = ("a named pair", "any of 25 from one", "any below the best")


def alarms(design: str, count: int, training: float) -> Iterator[tuple[float, bool, bool]]:
    """Yield which of 26 equally good methods are told apart, in each of `count` experiments."""
    protocol, targets = DESIGNS[design]
    rng = np.random.default_rng(3)
    metric = metric_of(protocol)
    cells = [Cells(World.of(protocol, target, rng)) for target in targets]
    for i in range(count):
        exchange._SEED = i  # other exchanges in each experiment: a few fixed ones have a luck
        exchange.exchanges.cache_clear()
        drawn = [of.scores(0.0, metric, rng, training) for of in cells]
        methods = list(zip(*drawn, strict=True))
        pairs = [differences([i], i + 1, methods)[0] for i in range(0, METHODS, 2)]
        page = standing({str(i): method for i, method in enumerate(methods)})
        assert page is not None
        yield (
            float(np.mean([pair.p <= LEVEL for pair in pairs])),
            min(adjusted_ps(differences(range(1, METHODS), 0, methods))) <= LEVEL,
            bool(page.separable),
        )


def main(count: int, designs: Sequence[str]) -> None:
    """Print a row a design: power in percent of the experiments, in parentheses version 0.1's."""
    exchange.DRAWS, bootstrap.RESAMPLES = DRAWS, RESAMPLES
    rows = []
    for design in designs:
        by_points = {points: list(experiments(design, points, count)) for points in POINTS}
        standings = [each.standing for of in by_points.values() for each in of]
        row = {
            "design": design,
            "speakers": str(standings[0].speakers),
            "error": f"{np.sqrt(np.mean([(s.error or 0) ** 2 for s in standings])):.1f}",
        }
        for title, name in (
            ("named pair", "named"),
            ("1 of 25 against one", "against_one"),
            ("25 below the best", "below"),
        ):
            for points, of in by_points.items():
                now, before = np.mean([getattr(each, name) for each in of], axis=0)
                row[f"{title}, {points:.0f}"] = f"{100 * now:.0f} ({100 * before:.0f})"
        row["finds a named pair from"] = _median([s.named for s in standings])
        row["finds 1 of 25 from"] = _median([s.against_one for s in standings])
        rows.append(row)
        print(f"{design} is done", file=sys.stderr)
    print(tabulate(rows, "keys", "pipe", disable_numparse=True))


def _median(differences: Sequence[float]) -> str:
    return f"{np.median(differences):.1f}"


if __name__ == "__main__":
    if sys.argv[1] == "alarms":
        print_alarms(int(sys.argv[2]), sys.argv[3:] or [*DESIGNS])
    else:
        main(int(sys.argv[1]), sys.argv[2:] or [*DESIGNS])
