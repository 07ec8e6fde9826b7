"""Bars on a terminal."""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from xlser.cli.app import duration


class Bars(Progress):
    """A bar a piece of work, each with the time left, and a word below on what has none.

    Attributes:
        below: that word.
    """

    def __init__(self, console: Console, shown: bool) -> None:
        self.below = ""
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _TimeLeft(),
        )
        super().__init__(*columns, console=console, transient=True, disable=not shown)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bars and the word below."""
        yield from super().get_renderables()
        if self.below:
            yield Text(self.below)


class _TimeLeft(TimeRemainingColumn):
    """The time left as the bar's field `left` says, in seconds; rich's own guess without one."""

    def render(self, task: Task) -> Text:
        if "left" not in task.fields:
            return super().render(task)
        left = task.fields["left"]
        return Text("" if left is None else f"{duration(left)} left", style="progress.remaining")
