"""Each option is declared once, in a model of options, and commands take it from there."""

from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import click
import pytest
import typer

import xlser
from xlser.api.options import Options, PublishOptions, ReadOptions, RunOptions
from xlser.cli import app
from xlser.errors import SettingsError

OTHERS = {
    "xlser status": {"protocol"},
    "xlser protocols freeze": {"target", "labels", "seeds", "folds", "backbone"},
    "xlser layers": {"protocol", "backbone"},
    "xlser compare": {"protocol", "target", "labels"},
    "xlser spread": {"protocol"},
    "xlser train": {"target", "labels"},
    "xlser corpora add": {"licence", "yes"},
}
"""Of other meaning or type: which results are read, what is frozen or added, one of several."""


def commands(command: Any, name: str = "xlser") -> Iterator[tuple[str, Any]]:
    yield name, command
    for below, of in getattr(command, "commands", {}).items():
        yield from commands(of, f"{name} {below}")


COMMANDS = dict(commands(typer.main.get_command(app)))


def parameters(command: str) -> dict[str, Any]:
    context = click.Context(COMMANDS[command])
    return {of.name: of for of in COMMANDS[command].get_params(context)}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_a_model_declares_is_taken_from_there(command: str) -> None:
    models, found = (RunOptions, ReadOptions, PublishOptions), parameters(command)
    for name in found.keys() - OTHERS.get(command, set()):
        declared = [model.model_fields[name] for model in models if name in model.model_fields]
        assert not declared or found[name].help in {of.description for of in declared}
    assert OTHERS.get(command, set()) <= found.keys()


@pytest.mark.parametrize(
    ("command", "function", "model"),
    [
        ("xlser run", xlser.run, RunOptions),
        ("xlser plan", xlser.run, RunOptions),
        ("xlser publish", xlser.publish, PublishOptions),
    ],
)
def test_a_command_and_its_function_take_all_options(
    command: str, function: Callable[..., Any], model: type[Options]
) -> None:
    assert parameters(command).keys() == {*model.model_fields, "as_json", "help"}
    taken = signature(function).parameters
    assert taken.keys() - {"progress"} == {*model.model_fields}
    named = {name for name, of in taken.items() if of.kind is of.KEYWORD_ONLY} - {"progress"}
    assert all(str(model.model_fields[name].description) in function.__doc__ for name in named)


def test_options_with_others_in_their_place_are_checked_as_well() -> None:
    options = RunOptions(device="cpu", labels=20)
    assert options.but(methods="svm", labels=50) == RunOptions(
        device="cpu", methods="svm", labels=50
    )
    with pytest.raises(SettingsError, match="track"):
        options.but(track="other")
