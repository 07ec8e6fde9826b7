"""How often intervals hold what they promise: experiments made up on the real test sets.

Who is tested on what is taken from the protocols and the corpora. Whether an utterance is
recognised is drawn: its log-odds are those of its class, plus a speaker's, a speaker's in that
class, and its own (the same under every seed). Speakers are drawn anew in each experiment, so the
true score is known.

`python -m tests.results.simulation` prints the table of docs/statistics.md; `tests.tools.power`
has how often differences are found.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from tabulate import tabulate
from tests.results import former

from xlser.corpora import get_corpus
from xlser.metrics import Metric, get_metric
from xlser.protocols import get_protocol
from xlser.records.runs_table import TestSet
from xlser.results import LEVEL, Difference, Estimate, adjusted_ps
from xlser.results.inference.bootstrap import Resampled, resample
from xlser.results.inference.ranking import standing
from xlser.results.predictions import RowPredictions, TestUtterances

CLASS, SPEAKER, SPEAKER_IN_CLASS, UTTERANCE = 0.8, 0.5, 1.4, 0.5
"""Standard deviations of log-odds; speakers' recalls then differ as those in the records do."""

TRAINING = 0.3
"""Standard deviation of a class' log-odds from one training to the next, where trainings differ."""

DESIGNS = tuple((p, x) for p in ("v1", "agarla2022") for x in get_protocol(p).targets)

MEANS = (("german", "italian"), get_protocol("v1").targets)

Rng = np.random.Generator
Right = npt.NDArray[np.bool_]


def speech_of(protocol_name: str, target: str) -> TestUtterances:
    """The test utterances of a target over all seeds and folds, by the published names."""
    protocol = get_protocol(protocol_name)
    (corpus,) = protocol.languages[target]
    published = get_corpus(corpus).published()
    emotion = {x: protocol.emotion_of(corpus, spoken.emotion) for x, spoken in published.items()}
    runs = []
    for seed, fold in protocol.cells:
        tested = set(protocol.split_of(corpus, seed, fold).test)
        characters = protocol.grouped_by.get(corpus)
        names = [
            name
            for name, spoken in published.items()
            if (name[slice(*characters)] if characters else spoken.speaker) in tested
            and emotion[name] in protocol.classes
        ]
        emotions = (str(protocol.classes.index(emotion[name])) for name in names)
        ids = " ".join(f"{corpus}/{name}" for name in names)
        runs.append(TestSet(ids, "".join(emotions)))
    return TestUtterances.of(runs, len(protocol.classes))


def metric_of(protocol_name: str) -> Metric:
    """The headline of a protocol."""
    protocol = get_protocol(protocol_name)
    return get_metric(protocol.headline, protocol.classes)


@dataclass(frozen=True)
class World:
    """A test set, and how well methods recognise each class of it.

    Attributes:
        speech: the test utterances.
        classes: log-odds of each class, shape (classes,).
    """

    speech: TestUtterances
    classes: npt.NDArray[np.float64]

    @classmethod
    def of(cls, protocol: str, target: str, rng: Rng) -> "World":
        speech = speech_of(protocol, target)
        return cls(speech, rng.normal(0.4, CLASS, speech.classes))

    def better_by(self, points: float, metric: Metric, rng: Rng) -> float:
        """What to add to the log-odds of each class so that the true score is higher by this."""
        now, low, high = self.true_score(metric, 0.0, rng), -10.0, 10.0
        for _ in range(12):
            middle = (low + high) / 2
            moved = replace(self, classes=self.classes + middle)
            if moved.true_score(metric, 0.0, rng) - now < points:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    def true_score(self, metric: Metric, training: float, rng: Rng) -> float:
        """Percent; the recalls are means over many speakers."""
        sd = np.sqrt(SPEAKER**2 + SPEAKER_IN_CLASS**2 + UTTERANCE**2 + training**2)
        recalls = np.array([_sigmoid(c + rng.normal(0, sd, 200_000)).mean() for c in self.classes])
        of_utterances = recalls[self.speech.truth]
        if metric.averages_classes:
            return float(100 * recalls[np.unique(self.speech.truth)].mean())
        seeds = np.unique(self.speech.seed)
        return float(100 * np.mean([of_utterances[self.speech.seed == s].mean() for s in seeds]))

    def experiments(self, count: int, methods: int, rng: Rng, training: float = 0.0) -> Right:
        """What equally good methods recognise, shape (count, methods, utterances).

        Args:
            count: of experiments, each with speakers of its own.
            methods: in each experiment; they share what is hard about a speaker or an utterance
                by half of its variance.
            rng: draws.
            training: standard deviation of the log-odds of a class from one training to another.
        """
        speakers, classes = len(self.speech.speakers), self.speech.classes
        _, same = np.unique(self.speech.ids, return_inverse=True)
        odds = self.classes[self.speech.truth] + np.zeros((count, methods, 1))
        odds = odds + _half_shared(SPEAKER, count, methods, speakers, rng)[..., self.speech.speaker]
        cell = self.speech.speaker * classes + self.speech.truth
        odds += _half_shared(SPEAKER_IN_CLASS, count, methods, speakers * classes, rng)[..., cell]
        odds += _half_shared(UTTERANCE, count, methods, same.max() + 1, rng)[..., same]
        if training:
            trained = self.speech.seed * classes + self.speech.truth
            odds += rng.normal(0, training, (count, methods, trained.max() + 1))[..., trained]
        return rng.random(odds.shape, np.float32) < _sigmoid(odds)


def _half_shared(sd: float, count: int, methods: int, effects: int, rng: Rng) -> npt.NDArray:
    shared = rng.normal(0, sd / np.sqrt(2), (count, 1, effects))
    return shared + rng.normal(0, sd / np.sqrt(2), (count, methods, effects))


def _sigmoid(odds: npt.NDArray) -> npt.NDArray:
    return 1 / (1 + np.exp(-odds))


def resampled(speech: TestUtterances, right: Right, metric: Metric) -> list[Resampled]:
    """The scores of rows that recognise these utterances, shape (rows, utterances)."""
    wrong = (speech.truth + 1) % speech.classes
    rows = [RowPredictions(speech, np.where(row, speech.truth, wrong), ()) for row in right]
    return resample(rows, metric)


Interval = tuple[float, float]


def published(row: Resampled) -> Interval:
    """The interval that leaderboards show."""
    return row.estimate.interval or (row.score, row.score)


def percentile(row: Resampled) -> Interval:
    """The interval that resampling alone would give."""
    low, high = np.quantile(row.values, (0.025, 0.975))
    return float(low), float(high)


def coverage(
    protocol: str,
    target: str,
    experiments: int = 2000,
    training: float = 0.0,
    interval: Callable[[Resampled], Interval] = published,
) -> float:
    """The share of experiments, percent, whose interval covers the true figure."""
    rng = np.random.default_rng(0)
    metric = metric_of(protocol)
    covered = []
    worlds = 4  # in each, other classes are hard
    for _ in range(worlds):
        world = World.of(protocol, target, rng)
        truth = world.true_score(metric, training, rng)
        right = world.experiments(experiments // worlds, 1, rng, training)[:, 0]
        for row in resampled(world.speech, right, metric):
            low, high = interval(row)
            covered.append(low <= truth <= high)
    return 100 * float(np.mean(covered))


def coverage_of_mean(protocol: str, targets: Sequence[str], experiments: int = 2000) -> float:
    """The same for the mean over targets."""
    rng = np.random.default_rng(0)
    metric = metric_of(protocol)
    worlds = [World.of(protocol, target, rng) for target in targets]
    truth = np.mean([world.true_score(metric, 0.0, rng) for world in worlds])
    rows = [
        resampled(world.speech, world.experiments(experiments, 1, rng)[:, 0], metric)
        for world in worlds
    ]
    means = [Estimate.average([row.estimate for row in each]) for each in zip(*rows, strict=True)]
    intervals = [mean.interval or (truth, truth) for mean in means]
    return 100 * float(np.mean([low <= truth <= high for low, high in intervals]))


@dataclass(frozen=True)
class FalseAlarms:
    """How often equally good methods are told apart, percent of experiments.

    Attributes:
        one: a method from another, uncorrected.
        any_of_many: any of the others from one named beforehand, adjusted for all.
        below: any from the one that came out best.
        below_by_few: the same, adjusted for the comparisons with the best alone.
        former_one: `one` by the test of version 0.1.
        former_groups: `below` by it.
    """

    one: float
    any_of_many: float
    below: float
    below_by_few: float
    former_one: float
    former_groups: float


def false_alarms(
    protocol: str, target: str, experiments: int = 400, methods: int = 21, training: float = 0.0
) -> FalseAlarms:
    """Compare equally good methods."""
    found = list(_compared(protocol, target, experiments, methods, training))
    return FalseAlarms(*(100 * float(np.mean(column)) for column in zip(*found, strict=True)))


def _compared(
    protocol: str, target: str, experiments: int, methods: int, training: float
) -> Iterator[tuple[bool, ...]]:
    rng = np.random.default_rng(1)
    world = World.of(protocol, target, rng)
    at_once = 20  # experiments: more would take gigabytes
    for _ in range(experiments // at_once):
        right = world.experiments(at_once, methods, rng, training)
        rows = resampled(world.speech, right.reshape(-1, right.shape[-1]), metric_of(protocol))
        for i in range(0, len(rows), methods):
            yield _told_apart(rows[i : i + methods])


def _told_apart(rows: Sequence[Resampled]) -> tuple[bool, ...]:
    baseline, *others = rows
    against: list[Difference] = [row.minus(baseline) for row in others]
    best = max(rows, key=lambda row: row.score)
    to_best = [best.minus(row) for row in rows if row is not best]
    found = standing({str(i): [row] for i, row in enumerate(rows)})
    return (
        against[0].p <= LEVEL,
        min(adjusted_ps(against)) <= LEVEL,
        found is not None and bool(found.separable),
        min(adjusted_ps(to_best)) <= LEVEL,
        former.p(against[0]) <= LEVEL,
        max(former.groups(to_best)) > 1,
    )


def main() -> None:
    """Print a row a test set; it takes some minutes."""
    rows = []
    for protocol, target in DESIGNS:
        speakers = len(speech_of(protocol, target).speakers)
        rows.append(
            {
                "test set": f"{protocol}, {target.capitalize()}",
                "speakers": speakers,
                "interval": coverage(protocol, target, 8000),
                "where trainings differ": coverage(protocol, target, 8000, training=TRAINING),
                "percentiles alone": coverage(protocol, target, 8000, interval=percentile),
            }
        )
    print(tabulate(rows, "keys", "pipe", floatfmt=".1f"))
    for targets in MEANS:
        print(f"mean over {', '.join(targets)}: {coverage_of_mean('v1', targets, 8000):.1f}")
    print_false_alarms()


def print_false_alarms() -> None:
    """Print a row a test set."""
    rows = []
    for protocol, target in DESIGNS:
        alarms = false_alarms(protocol, target, 400)
        trained_anew = false_alarms(protocol, target, 1000, methods=2, training=TRAINING)
        rows.append(
            {
                "test set": f"{protocol}, {target.capitalize()}",
                "1 comparison": alarms.one,
                "of trainings that differ": trained_anew.one,
                "20 comparisons": alarms.any_of_many,
                "any of 21 below the best": alarms.below,
                "by comparisons with the best": alarms.below_by_few,
                "1 comparison, v0.1": alarms.former_one,
                "groups of 21, v0.1": alarms.former_groups,
            }
        )
    print(tabulate(rows, "keys", "pipe", floatfmt=".1f"))


if __name__ == "__main__":
    main()
