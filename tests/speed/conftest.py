"""Timings of the suite against what a user would write otherwise, taken in turn.

A comparison is one call of the fixture `versus`:

    def test_log_mels(versus: Versus) -> None:
        versus("log-mels, against librosa", "x real time", seconds_of_speech, ours, librosas)

The two run one after the other and again (otherwise, ours, otherwise, ours, ...), so that the drift
of a noisy machine meets both alike. Where an allocator matters, each is in a process of its own
(`in_own_process`). pytest-benchmark keeps our side's times; the other's are in its `extra_info`.
At the end one Markdown table shows all comparisons of the session, and `--table FILE` writes it
between the marker lines of FILE.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from tests.speed.material import inventories_at_hand, speech_of, surroundings

from xlser.audio import FeatureStore, FrontEnd, prepare
from xlser.corpora import Inventory
from xlser.methods import Speech

BEGIN, END = "<!-- table of tests/speed -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Comparison:
    """What two ways of doing the same took.

    Attributes:
        name: what is done, and by what otherwise.
        unit: "s" for the time itself; any other is of `amount`, done in a second.
        amount: how much of it is done, in utterances or seconds of speech, say.
        ours: seconds of each round.
        otherwise: seconds of each round, taken just before ours.
    """

    name: str
    unit: str
    amount: float
    ours: tuple[float, ...]
    otherwise: tuple[float, ...]

    def row(self) -> str:
        """Return the comparison as a row of Markdown: medians, and the median ratio of rounds."""
        ratio = median(o / u for u, o in zip(self.ours, self.otherwise, strict=True))
        ours, otherwise = (self._figure(median(side)) for side in (self.ours, self.otherwise))
        return f"| {self.name} | {ours} {self.unit} | {otherwise} {self.unit} | {ratio:.2f} |"

    def _figure(self, seconds: float) -> str:
        value = seconds if self.unit == "s" else self.amount / seconds
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


_COMPARISONS = pytest.StashKey[list[Comparison]]()


class Versus:
    """Times two ways of doing the same, in turn; see the fixture `versus`."""

    def __init__(self, benchmark: BenchmarkFixture, comparisons: list[Comparison]) -> None:
        self._benchmark = benchmark
        self._comparisons = comparisons

    def __call__(
        self,
        name: str,
        unit: str,
        amount: float,
        ours: Callable[[], object],
        otherwise: Callable[[], object],
        rounds: int = 5,
    ) -> None:
        """Time both sides `rounds` times in turn, after one round that does not count.

        Args:
            name: what is done, and by what otherwise.
            unit: "s" for the time itself; any other is of `amount`, done in a second.
            amount: how much of it a call does.
            ours: the suite's way.
            otherwise: what a user would write.
            rounds: that count.
        """
        seconds: list[float] = []

        def other_side() -> None:
            start = time.perf_counter()
            otherwise()
            seconds.append(time.perf_counter() - start)

        self._benchmark.group = name
        self._benchmark.pedantic(ours, setup=other_side, rounds=rounds, warmup_rounds=1)
        if self._benchmark.stats is None:  # --benchmark-disable: it was run, not timed
            return
        del seconds[0]
        self._benchmark.extra_info.update(unit=unit, amount=amount, otherwise=seconds)
        times = tuple(self._benchmark.stats.stats.data)
        self._comparisons.append(Comparison(name, unit, amount, times, tuple(seconds)))


@pytest.fixture
def versus(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Versus:
    """Time ours against otherwise and show both in the table."""
    return Versus(benchmark, request.config.stash[_COMPARISONS])


@pytest.fixture(scope="session")
def inventories() -> tuple[Inventory, ...]:
    """The real corpora under XLSER_DATA; where it is not set, the demo's."""
    return inventories_at_hand()


@pytest.fixture(scope="session")
def stores(
    inventories: tuple[Inventory, ...], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, FeatureStore]:
    """Their feature stores, by name of the corpus."""
    cache = tmp_path_factory.mktemp("stores")
    return {i.corpus.name: prepare(i, FrontEnd(), cache) for i in inventories}


@pytest.fixture(scope="session")
def speech(stores: dict[str, FeatureStore]) -> Speech:
    """The log-mel frames of every utterance of all corpora at hand."""
    return speech_of(list(stores.values()))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--table`."""
    parser.addoption("--table", type=Path, help="Markdown file to write the table of timings into")


def pytest_configure(config: pytest.Config) -> None:
    """Begin without comparisons, and look now whether a table has a place."""
    config.stash[_COMPARISONS] = []
    path: Path | None = config.getoption("table")
    if path is not None:
        _around_table(path)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table, and write it where `--table` says."""
    comparisons = config.stash[_COMPARISONS]
    if not comparisons:
        return
    table = _table(comparisons)
    terminalreporter.section("ours against otherwise")
    terminalreporter.write_line(table)
    path: Path | None = config.getoption("table")
    if path is not None:
        before, after = _around_table(path)
        path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def _table(comparisons: list[Comparison]) -> str:
    rounds = " or ".join(map(str, sorted({len(comparison.ours) for comparison in comparisons})))
    return "\n".join(
        [
            f"{surroundings()}; medians of {rounds} rounds, taken in turn.",
            "",
            "| what | ours | otherwise | ratio |",
            "|:--|--:|--:|--:|",
            *(comparison.row() for comparison in comparisons),
        ]
    )


def _around_table(path: Path) -> tuple[str, str]:
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise pytest.UsageError(f"{path} lacks the lines {BEGIN} and {END}.")
    return before, after
