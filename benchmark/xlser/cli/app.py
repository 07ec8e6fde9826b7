"""What all commands share: options of several values, progress, errors, JSON."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

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
) -> Iterator["Progress"]:
    """Show bars with the time left on a terminal, nothing elsewhere; end well when stopped.

    Args:
        stopped: what to say then.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    quiet = not console().is_terminal
    shown = Progress(*columns, console=console(), transient=True, disable=quiet)
    try:
        with shown as bars:
            yield bars
    except KeyboardInterrupt as stop:
        console().print(stopped)
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
            console().print(f"{work}: {total} utterances")


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each a value a column, to standard output as a table."""
    from tabulate import tabulate

    typer.echo(tabulate(rows, headers="keys", tablefmt="github"))


def print_json(value: Any) -> None:
    """Write `value` to standard output as JSON."""
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
