"""Core-seconds of a run by version 0.1 and by the code here, on the same runs, in turn.

    git worktree add ../v0.1 dcf4509                # the last commit of version 0.1
    uv venv ../v0.1-python && uv pip install --python ../v0.1-python/bin/python -e ../v0.1
    XLSER_DATA=/data/ser XLSER_WEIGHTS=/data/weights \\
        python -m tests.speed.versions --former ../v0.1-python/bin/python

Three sides measure each run one after the other: version 0.1 on `v1`; the code here on `v1`; the
code here on `v1` with the schedule of `v2`. Each side is one process with one thread; seconds are
those that it spends on the CPU, user and system. Source models, which runs share, and the start of
a process are left out. A method's figure is the mean over runs of the median over rounds; the last
row weights methods by their runs in the whole grid of version 0.1.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory

from tests.speed.runs import HERE, Code, a_run, code_of

PROTOCOL, SCHEDULE = "v1", "v2"
Parts = Mapping[str, float]
"""CPU seconds of a run: fit, predict, other, whole."""


@dataclass(frozen=True)
class Row:
    """A method's CPU seconds a run.

    Attributes:
        method: name.
        planned: its runs in the whole grid.
        sides: of version 0.1, of the code here, and of the code here with the other schedule.
    """

    method: str
    planned: int
    sides: tuple[Parts, ...]

    def __str__(self) -> str:
        """Return cells of a table."""
        before, same, now = (side["whole"] for side in self.sides)
        shares = [f"{100 * (1 - side['fit'] / side['whole']):.0f} %" for side in self.sides]
        seconds = [f"{before:.2f}", f"{same:.2f}", f"{now:.3f}"]
        ratios = [f"{before / same:.1f}", f"{before / now:.1f}"]
        return " | ".join([self.method, str(self.planned), *seconds, *ratios, *shares])


HEADER = """\
| method | runs | v0.1 | now | now, schedule of `v2` | ratio | ratio, schedule of `v2` | \
not training: v0.1 | now | now, schedule of `v2` |
|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""


def former(python: Path, targets: Sequence[str], cache: Path) -> Code:
    """Return version 0.1, which `tests.speed.former` serves."""
    command = [str(python), "-m", "tests.speed.former", dumps([PROTOCOL, targets])]
    return Code(command, {"PYTHONPATH": str(HERE), "XLSER_CACHE": str(cache)})


def rows(
    before: Code,
    now: Sequence[Code],
    methods: Sequence[str],
    cells: Sequence[tuple[str, int]],
    rounds: int,
) -> Iterator[Row]:
    """Measure methods; yield a row each.

    Args:
        before: version 0.1.
        now: the code here, by schedule.
        methods: names.
        cells: target and label budget; a method that has no run there is measured on the others.
        rounds: measurements of each run.
    """
    targets = list(dict.fromkeys(target for target, _ in cells))
    for method in methods:
        figures: list[tuple[Parts, ...]] = []
        for target, labels in cells:
            where = method, [target], [labels], [0]
            taken = []
            for _ in range(rounds):
                sides = [before.ask("measure", *where), *(code.ask(*where, [0]) for code in now)]
                if all(side["runs"] for side in sides):
                    taken.append([a_run(side) for side in sides])
            if taken:
                figures.append(tuple(_over(median, side) for side in zip(*taken, strict=True)))
        if figures:
            sides = tuple(_over(fmean, side) for side in zip(*figures, strict=True))
            yield Row(method, before.ask("planned", method, targets), sides)


def _over(statistic: Callable[[list[float]], float], of: Sequence[Parts]) -> Parts:
    return {part: statistic([parts[part] for parts in of]) for part in of[0]}


def whole_grid(measured: Sequence[Row]) -> Row:
    """Return CPU seconds a run over the grid."""
    runs = sum(row.planned for row in measured)
    sides = tuple(
        {
            part: sum(row.planned * row.sides[side][part] for row in measured) / runs
            for part in measured[0].sides[side]
        }
        for side in range(3)
    )
    return Row(f"**the grid of {len(measured)} methods**", runs, sides)


def main() -> None:
    """Print a row a method, and the grid."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--former", type=Path, required=True, help="Python that has version 0.1")
    parser.add_argument("--methods", nargs="+", help="default: all of version 0.1")
    parser.add_argument("--cells", nargs="+", default=["german:0", "italian:100"])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="folder of embeddings and source models")
    given = parser.parse_args()

    from tests.speed.material import surroundings

    print(surroundings(), end="\n\n")
    cells = [(target, int(labels)) for target, labels in (c.split(":") for c in given.cells)]
    targets = list(dict.fromkeys(target for target, _ in cells))
    with TemporaryDirectory() as folder:
        cache = Path(given.cache or folder).resolve()
        before = former(given.former.absolute(), targets, cache / "former")
        now = [
            code_of(HERE, PROTOCOL, schedule, targets, XLSER_CACHE=str(cache / "now"))
            for schedule in ("", SCHEDULE)
        ]
        for _ in rows(before, now, ["lower-bound"], cells, 1):
            pass  # the first runs of a process import and fill caches
        print(HEADER, flush=True)
        measured = []
        for row in rows(before, now, given.methods or before.ask("methods"), cells, given.rounds):
            measured.append(row)
            print(f"| {row} |", flush=True)
        print(f"| {whole_grid(measured)} |")


if __name__ == "__main__":
    main()
