"""What all commands share: options of several values, progress, errors, JSON."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from xlser.cli.bars import Bars

Data = Annotated[
    Path | None,
    typer.Option(help="Folder that holds a folder a corpus (stronger than XLSER_DATA)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Exclude = Annotated[
    list[str] | None,
    typer.Option(help="Utterances to leave out, <corpus>/<name or pattern>; records state them."),
]
Weights = Annotated[
    str | None,
    typer.Option(help="File or folder of backbone weights, or 'random' (XLSER_WEIGHTS)."),
]


@cache
def console() -> "Console":
    """Return where people are told what goes on; results go to standard output."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


class Teller:
    """Tells on standard error what goes on: people in words, machines in lines of JSON.

    Attributes:
        in_json: whether it is machines that read.
    """

    in_json = False

    def __call__(self, words: str, event: str = "note", style: str = "", **facts: Any) -> None:
        """Tell one thing.

        Args:
            words: for people, and for machines where there are no `facts`.
            event: what kind of thing it is.
            style: of the words.
            facts: for machines.
        """
        if not self.in_json:
            console().print(words, markup=False, style=style or None)
            return
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        told = {"time": when, "event": event, **(facts or {"text": words})}
        sys.stderr.write(json.dumps(told, ensure_ascii=False) + "\n")
        sys.stderr.flush()


tell = Teller()


class SeveralValues(TyperCommand):
    """A command whose repeatable options also take several values: `--target german italian`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each further value, then parse as usual."""
        repeatable = {
            name
            for option in self.params
            if getattr(option, "multiple", False)
            for name in option.opts
        }
        return super().parse_args(ctx, spread(args, repeatable))


def spread(args: Sequence[str], repeatable: set[str]) -> list[str]:
    """Turn `--target a b` into `--target a --target b` for the options in `repeatable`.

    >>> spread(["m", "--target", "a", "b", "--track", "frozen"], {"--target"})
    ['m', '--target', 'a', '--target', 'b', '--track', 'frozen']
    """
    result: list[str] = []
    option: str | None = None
    for arg in args:
        if arg.startswith("-"):
            option = arg if arg in repeatable else None
        elif option and result[-1] != option:
            result.append(option)
        result.append(arg)
    return result


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command as well as Ctrl-C does."""


@contextmanager
def progress(
    stopped: str = "Stopped. What is finished is kept: the same command goes on from here.",
) -> Iterator["Bars"]:
    """Show bars with the time left on a terminal, nothing elsewhere; end well when stopped.

    Args:
        stopped: what to say then.
    """
    from xlser.cli.bars import Bars

    try:
        with Bars(console(), shown=console().is_terminal and not tell.in_json) as bars:
            yield bars
    except KeyboardInterrupt as stop:
        tell(stopped, "stopped")
        raise typer.Exit(143 if isinstance(stop, TerminatedError) else 130) from None


def bar(bars: "Progress", work: str) -> Callable[[int, int], None]:
    """Add a bar for a piece of work; return what takes (done, total) and moves it."""
    task = bars.add_task(work, total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


class Watcher:
    """Shows what is being prepared: one bar a piece of work, made when it is first heard of."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def __call__(self, work: str, done: int, total: int) -> None:
        """Take (what is going on, done, total)."""
        if work not in self._tasks:
            self._tasks[work] = self._bars.add_task(work, total=total)
        self._bars.update(self._tasks[work], completed=done)
        if done == total:
            self._bars.remove_task(self._tasks.pop(work))
            tell(f"{work}: {total} utterances", "prepared", work=work, utterances=total)


def duration(seconds: float) -> str:
    """Return seconds in words.

    >>> duration(7.4), duration(754), duration(7440), duration(200_000)
    ('7 s', '12 min 34 s', '2 h 4 min', '2 d 7 h')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each a value a column, to standard output as a table."""
    from tabulate import tabulate

    typer.echo(tabulate(rows, headers="keys", tablefmt="github"))


def print_json(value: Any) -> None:
    """Write `value` to standard output as JSON."""
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
