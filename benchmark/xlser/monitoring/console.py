"""Messages on standard error: what goes on, for people in words, for machines in lines of JSON."""

import json
import sys
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """Return the terminal, or what stands for it, to which messages go."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


class Messages:
    """Writes messages to standard error.

    Attributes:
        form: "text" for people, "json" for machines (one line per message), "none" for silence.
    """

    def __init__(self, form: Literal["text", "json", "none"] = "text") -> None:
        self.form = form

    def __call__(self, words: str, event: str = "note", style: str = "", **facts: Any) -> None:
        """Write one message.

        Args:
            words: for people, and for machines where there are no `facts`.
            event: what kind of message it is.
            style: of the words, as rich names it.
            facts: for machines.
        """
        if self.form == "text":
            console().print(words, markup=False, style=style or None)
        elif self.form == "json":
            when = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": when, "event": event, **(facts or {"text": words})}
            sys.stderr.write(json.dumps(line) + "\n")
            sys.stderr.flush()

    def step(self, words: str, event: str, **facts: Any) -> None:
        """Write a message on work that went well, unless bars of progress show it.

        Args:
            words: for people.
            event: what kind of message it is.
            facts: for machines.
        """
        if not self.bars_shown:
            self(words, event, **facts)

    @property
    def bars_shown(self) -> bool:
        """Whether bars of progress are shown: people read, at a terminal."""
        return self.form == "text" and console().is_terminal
