"""Bars of progress on a terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from xlser.monitoring.console import Messages, console
from xlser.monitoring.durations import duration


class Bars(Progress):
    """A bar for each piece of work, with the time left, and a line below them.

    Attributes:
        below: that line.

    Args:
        messages: bars are shown where these go to a terminal.
    """

    def __init__(self, messages: Messages) -> None:
        self.below = ""
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _TimeLeft(),
        )
        super().__init__(
            *columns, console=console(), transient=True, disable=not messages.bars_shown
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yield the bars and the line below."""
        yield from super().get_renderables()
        if self.below:
            yield Text(self.below)


class _TimeLeft(TimeRemainingColumn):
    """The time left as the bar's field `left` states it, in seconds; rich's guess without one."""

    def render(self, task: Task) -> Text:
        if "left" not in task.fields:
            return super().render(task)
        left = task.fields["left"]
        return Text("" if left is None else f"{duration(left)} left", style="progress.remaining")


class Steps:
    """Shows what is being prepared: a bar for each piece of work, or a message when it is done.

    Args:
        bars: of the terminal.
        messages: where the ends are reported.
    """

    def __init__(self, bars: Progress, messages: Messages) -> None:
        self._bars = bars
        self._messages = messages
        self._tasks: dict[str, Any] = {}

    def __call__(self, work: str, done: int, total: int) -> None:
        """Take (piece of work, utterances done, utterances in all)."""
        if work not in self._tasks:
            self._tasks[work] = self._bars.add_task(work, total=total)
        self._bars.update(self._tasks[work], completed=done)
        if done == total:
            self._bars.remove_task(self._tasks.pop(work))
            words = f"{work}: {total} utterances"
            self._messages.step(words, "prepared", work=work, utterances=total)
