"""Fuzzing of what reads the files of strangers: records and names of recordings.

An example of Hypothesis is a batch of inputs, since drawing an example costs more than reading
one. The inputs are the same whenever the same tests run. How many there were is printed at the end.
"""

import time
from collections.abc import Iterator

import pytest
from tests.fuzz.tally import Tally

_TALLIES = pytest.StashKey[list[Tally]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin without figures."""
    config.stash[_TALLIES] = []


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """The figures of one test, shown at the end of the session."""
    tally = Tally(request.node.name.removeprefix("test_"))
    request.config.stash[_TALLIES].append(tally)
    start = time.perf_counter()
    yield tally
    tally.seconds = time.perf_counter() - start


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures of each target, and their sum."""
    tallies = config.stash[_TALLIES]
    if not tallies:
        return
    terminalreporter.section("fuzzing")
    for tally in tallies:
        terminalreporter.write_line(tally.row())
    inputs = sum(tally.inputs for tally in tallies)
    seconds = sum(tally.seconds for tally in tallies)
    terminalreporter.write_line(f"in all: {inputs} inputs, {seconds:.1f} s")
