"""What commands print: messages and bars on standard error, tables and JSON on standard output."""

import codecs
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from xlser.monitoring.console import Messages

if TYPE_CHECKING:
    from xlser.monitoring.bars import Bars

messages = Messages()
"""Where the command that runs reports what goes on."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command as well as Ctrl-C does."""


@contextmanager
def progress(
    stopped: str = "Stopped. What is finished is kept: the same command goes on from here.",
) -> Iterator["Bars"]:
    """Show bars on a terminal, nothing elsewhere; end with an exit code when stopped.

    Args:
        stopped: message for that case.
    """
    from xlser.monitoring.bars import Bars

    try:
        with Bars(messages) as bars:
            yield bars
    except KeyboardInterrupt as stop:
        messages(stopped, "stopped")
        raise typer.Exit(143 if isinstance(stop, TerminatedError) else 130) from None


def bar(bars: "Bars", work: str) -> Callable[[int, int], None]:
    """Add a bar for a piece of work; return a function that takes (done, total) and moves it."""
    task = bars.add_task(work, total=None)
    return lambda done, total: bars.update(task, completed=done, total=total)


WIDTH = 100
"""Most columns of a listing."""


def print_table(rows: Sequence[Mapping[Any, Any]]) -> None:
    """Write rows, each a mapping from columns to values, to standard output as a table.

    Cells of the widest columns take several lines where the table is wider than `WIDTH`.
    """
    from tabulate import tabulate

    widths = _fitted([[*rows[0]], *([*row.values()] for row in rows)]) if rows else []
    typer.echo(
        tabulate(
            rows,
            headers="keys",
            tablefmt="github",
            maxcolwidths=widths or None,
            maxheadercolwidths=[max(1, width - _WIDER) for width in widths] or None,
        )
    )


_WIDER = 2  # columns that tabulate adds to headings


def _fitted(cells: Sequence[Sequence[Any]]) -> list[int]:
    """Return widths of columns with which a table fits `WIDTH`: the widest are made narrower.

    Words stay whole as long as there is room: the first column, of names, becomes narrower only
    where the others cannot.

    Args:
        cells: of the headings and the rows.
    """
    headings, *rows = cells
    widths = [len(str(heading)) + _WIDER for heading in headings]
    least = [max(map(len, str(heading).split()), default=0) + _WIDER for heading in headings]
    for row in rows:
        widths = [max(width, len(str(cell))) for width, cell in zip(widths, row, strict=True)]
        words = [max(map(len, str(cell).split()), default=0) for cell in row]
        least = [max(pair) for pair in zip(least, words, strict=True)]
    room = WIDTH - 3 * len(widths) - 1
    order = [*range(1, len(widths))]
    for narrowest in (least, [1] * len(widths)):
        while order and sum(widths) > room:
            widest = max(order, key=lambda i: widths[i] - narrowest[i] and widths[i])
            if widths[widest] <= narrowest[widest]:
                break
            widths[widest] -= 1
        order = [*range(len(widths))]
    return widths


def print_facts(facts: Mapping[str, Any]) -> None:
    """Write facts to standard output, one per line; lists and mappings in words."""
    for name, value in facts.items():
        typer.echo(f"{name}: {in_words(value)}")


def in_words(value: Any) -> str:
    """Return a plain value as people read it.

    >>> in_words(["anger", "fear"]), in_words({"german": ["emodb"]}), in_words(None), in_words(True)
    ('anger, fear', 'german (emodb)', 'none', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{name} ({in_words(each)})" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def print_json(value: Any) -> None:
    """Write `value` to standard output as JSON, in ASCII where the output has no other letters."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=1)
    sys.stdout.write(text + "\n")


_SIMILAR = str.maketrans(
    {
        **{"\u2020": "+", "\u2021": "#", "\u00b1": "~", "\u00d7": "x", "\u2192": ">"},
        **{"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2026": ".", "\u00b7": "."},
        **{"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'},
    }
)


def print_anywhere() -> None:
    """Let outputs that are not UTF-8 show similar characters, and escapes for all others."""
    codecs.register_error("xlser.similar", _similar)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="xlser.similar")


def _similar(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_SIMILAR)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end
