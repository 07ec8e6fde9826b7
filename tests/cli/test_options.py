"""Each option is declared once, in `RunOptions`, and commands take it from there."""

from collections.abc import Iterator
from typing import Any

import click
import pytest
import typer

from xlser.api.options import RunOptions
from xlser.cli import app
from xlser.errors import SettingsError

OTHERS = {
    "xlser status": {"protocol"},
    "xlser protocols freeze": {"target", "labels", "seeds", "folds", "backbone"},
    "xlser layers": {"protocol", "backbone"},
    "xlser compare": {"protocol", "target", "labels"},
    "xlser spread": {"protocol"},
    "xlser train": {"target", "labels"},
}
"""Options of other meaning or type: which results are read, what is frozen, one of several."""


def commands(command: Any, name: str = "xlser") -> Iterator[tuple[str, Any]]:
    yield name, command
    for below, of in getattr(command, "commands", {}).items():
        yield from commands(of, f"{name} {below}")


COMMANDS = dict(commands(typer.main.get_command(app)))


def parameters(command: str) -> dict[str, Any]:
    context = click.Context(COMMANDS[command])
    return {of.name: of for of in COMMANDS[command].get_params(context)}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_is_one_of_a_run_is_taken_from_there(command: str) -> None:
    fields, found = RunOptions.model_fields, parameters(command)
    same = found.keys() & fields.keys() - OTHERS.get(command, set())
    assert {name: found[name].help for name in same} == {
        name: fields[name].description for name in same
    }
    assert OTHERS.get(command, set()) <= found.keys()


@pytest.mark.parametrize("command", ["xlser run", "xlser plan"])
def test_a_command_of_runs_takes_them_all(command: str) -> None:
    assert parameters(command).keys() == {*RunOptions.model_fields, "as_json", "help"}


def test_options_with_others_in_their_place_are_checked_as_well() -> None:
    options = RunOptions(device="cpu", labels=20)
    assert options.but(methods="svm", labels=50) == RunOptions(
        device="cpu", methods="svm", labels=50
    )
    with pytest.raises(SettingsError, match="track"):
        options.but(track="other")
