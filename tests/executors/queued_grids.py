"""Grids of runs in a queue, which end when a test lets them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cli.commands import start
from tests.cli.warm import Command
from tests.demo import Demo, lasting, request

from xlser.executors import Events
from xlser.executors.slurm import Slurm
from xlser.records import Record

METHODS = """
    import os
    import time
    from pathlib import Path

    import torch
    from xlser.methods import Method


    class Waits(Method):
        "Leaves a mark whenever it begins, and ends when it may."

        name = "waits"
        target_labels = "none"
        citation = "Example (2024)"
        tracks = ("frozen",)
        folder: str = ""

        def fit(self, task):
            array, place = (os.environ.get(f"SLURM_ARRAY_{n}_ID") for n in ("JOB", "TASK"))
            with (Path(self.folder) / "marks").open("a") as marks:
                marks.write(f"{task.seed} {os.getpid()} {array}_{place}\\n")
            gone = time.monotonic() + 600  # and with it the test that lets go
            while not (Path(self.folder) / f"go-{task.seed}").exists():
                assert time.monotonic() < gone
                time.sleep(0.05)
            return self

        def predict(self, speech):
            return torch.full((len(speech), 5), 0.2)
"""


def records(results: Path) -> dict[str, Record]:
    return {path.name: Record.read(path) for path in sorted(results.rglob("*.json"))}


def until(
    true: Callable[[], object],
    command: Command | None = None,
    within: float = 240.0,
) -> None:
    """Wait for something that happens while a command is at work."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "it does not come"
        assert not command or command.poll() is None, command.communicate()[1]
        time.sleep(0.05)


@dataclass(frozen=True)
class Mark:
    """That a run began: its seed, its process, its number in the queue."""

    seed: str
    process: int
    number: str


class Grid:
    """The command for runs that wait until they may end, and what they left."""

    def __init__(self, folder: Path, site: Path, cache: Path, **environment: str) -> None:
        self.folder = folder
        self._environment = {"PYTHONPATH": str(site), "XLSER_CACHE": str(cache), **environment}
        self._commands: list[Command] = []
        self.spool = cache / "slurm"

    def start(self, *options: str) -> Command:
        asked = ["run", "waits", "--target", "german", "--set", f"folder={self.folder}"]
        asked += ["--executor", "slurm", *options]
        self._commands.append(start(*asked, folder=self.folder, **self._environment))
        return self._commands[-1]

    def end(self) -> None:
        """Leave no command behind that still waits, whatever became of the test."""
        for command in self._commands:
            command.kill()

    def marks(self) -> list[Mark]:
        path = self.folder / "marks"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Mark(seed, int(process), n) for seed, process, n in map(str.split, lines)]

    def let_go(self, *seeds: str) -> None:
        for seed in seeds:
            (self.folder / f"go-{seed}").touch()

    def tickets(self) -> set[str]:
        return {path.read_text() for path in self.spool.glob("*/*.ticket")}

    def begun(self) -> list[str]:
        """The seeds of all runs that began, as often as they did."""
        return sorted(mark.seed for mark in self.marks())

    def recorded(self) -> list[str]:
        return sorted(
            str(record.seed)
            for record in records(self.folder / "leaderboards/demo/results").values()
        )


def line_with(text: str, process: Command) -> str:
    """Wait for a line of a command's messages and return it."""
    assert process.stderr
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return line
    raise AssertionError(f"{text!r} was not printed:\n{''.join(lines)}")


ASKED = request(["sft", "lower-bound"], ["german"])


def events_of(executor: Slurm, folder: Path, expected: dict[str, Record]) -> list[str]:
    """Hold the records of the grid against those expected; return the events."""
    reported: list[str] = []
    events = Events(
        started=lambda job: reported.append(f"started {job.label}"),
        trained=lambda job, seconds: reported.append(f"trained {job.label}"),
        finished=lambda run, record: reported.append(f"finished {run.label}"),
    )
    outcome = Demo(folder / "cache").run(ASKED, folder / "results", events, executor)
    assert not outcome.failures
    made = records(folder / "results")
    assert len(made) == 2
    assert {n: lasting(r) for n, r in made.items()} == {n: lasting(r) for n, r in expected.items()}
    took = {r.seconds["source model"] for r in made.values() if "source model" in r.seconds}
    assert len(took) == 1
    assert not list((folder / "cache/slurm").iterdir())  # nothing stays in the spool
    return sorted(reported)
