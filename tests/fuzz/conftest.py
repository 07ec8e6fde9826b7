"""Fuzzing of what reads the files of strangers: records and names of recordings.

An example of Hypothesis is a batch of inputs, since drawing an example costs more than reading
one. The inputs are the same whenever the same tests run. How many there were is printed at the end.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.fuzz.tally import Tally

_PROPERTY = "fuzzing"


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Spectrograms of a tenth of a second take longer on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a disk takes longer than most readers."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as temporary:
        yield Path(temporary)


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """The figures of one test, shown at the end of the session."""
    tally = Tally(request.node.name.removeprefix("test_"))
    start = time.perf_counter()
    yield tally
    tally.seconds = time.perf_counter() - start
    # A report's properties reach the process that prints, wherever the test ran.
    request.node.user_properties.append((_PROPERTY, [tally.row(), tally.inputs, tally.seconds]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of each target, and their sum."""
    reports = [report for report in terminalreporter.stats.get("", ()) if report.when == "teardown"]
    told = [value for r in reports for name, value in r.user_properties if name == _PROPERTY]
    if not told:
        return
    terminalreporter.section("fuzzing")
    for row, _, _ in told:
        terminalreporter.write_line(row)
    inputs = sum(inputs for _, inputs, _ in told)
    spent = sum(seconds for _, _, seconds in told)
    terminalreporter.write_line(f"in all: {inputs} inputs, {spent:.1f} s")
