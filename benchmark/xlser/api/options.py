"""Options that functions and commands share, each declared once, as a field of a model.

The description of a field is the help of the command and the text of the function's docstring:
`RunOptions` is behind `xlser run` and `xlser.run`, `PublishOptions` behind `xlser publish` and
`xlser.publish`; `ReadOptions` are those of commands that read results.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from xlser.errors import SettingsError
from xlser.hub.address import local_folder, require_folder
from xlser.registry import Group


@dataclass(frozen=True)
class Spelling:
    """How the command line spells an option, where that is not `--` and the field's name.

    Attributes:
        name: of the option, with its hyphens.
        argument: whether it stands before the options, without a name.
        names: the plugins whose names a shell completes.
    """

    name: str | None = None
    argument: bool = False
    names: Group | None = None


def _several(given: object) -> object:
    """Return one value or many as a tuple without doubles, in the order given."""
    if given is None:
        return ()
    if isinstance(given, str | type) or not isinstance(given, Iterable):
        return (given,)
    kept: list[object] = []
    for value in given:
        if not any(value is other or value == other for other in kept):
            kept.append(value)
    return tuple(kept)


def _assignments(option: str) -> BeforeValidator:
    """Accept a mapping, or texts `name=value`; a value is JSON if it can be, else a word."""

    def parsed(given: object) -> object:
        if given is None or isinstance(given, Mapping):
            return given or {}
        settings: dict[str, object] = {}
        for item in (given,) if isinstance(given, str) else given:  # type: ignore[attr-defined]
            name, equals, value = item.partition("=")
            if not (name and equals):
                raise SettingsError(
                    f"{option} {item!r} sets nothing.", f"Write {option} name=value."
                )
            try:
                settings[name] = json.loads(value)
            except ValueError:
                settings[name] = value
        return settings

    return BeforeValidator(parsed)


Several = BeforeValidator(_several)


class Options(BaseModel):
    """Options of a function and a command.

    Raises:
        SettingsError: an option is unknown or has a value that it cannot have; the message names
            the option and its choices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as cause:
            raise _explained(cause, type(self)) from cause

    def but(self, **given: Any) -> Self:
        """Return these options with others in place of those named.

        Raises:
            SettingsError: an option is unknown or has a value that it cannot have.
        """
        return type(self)(**{name: getattr(self, name) for name in self.model_fields_set} | given)


class RunOptions(Options):
    """Which runs are asked for, and where and how they are computed."""

    methods: Annotated[tuple[Any, ...], Several, Spelling(argument=True, names="xlser.methods")] = (
        Field((), description="Methods: names, or module:Class or file.py:Class; default: all.")
    )
    protocol: Annotated[Any, Spelling(names="xlser.protocols")] = Field(
        "demo",
        description="Protocol that runs follow: a name (`xlser protocols`) or a file of your own.",
    )
    target: Annotated[tuple[str, ...], Several] = Field(
        (), description="Target languages; default: all that are found."
    )
    labels: Annotated[tuple[int, ...], Several] = Field(
        (), description="Label budgets; default: all a method can use."
    )
    seeds: Annotated[tuple[int, ...], Several] = Field(
        (), description="Seeds; default: all of the protocol."
    )
    folds: Annotated[tuple[int, ...], Several] = Field(
        (), description="Folds of each seed; default: all of the protocol."
    )
    track: Literal["finetune", "frozen"] = Field(
        "frozen", description="Train the backbone, or embed once and train on that."
    )
    backbone: Annotated[str | None, Spelling(names="xlser.backbones")] = Field(
        None, description="Speech encoder, see `xlser backbones`; default: the protocol's."
    )
    features: Path | None = Field(
        None,
        description="Parquet table of embeddings (columns id and vector) in place of a backbone; "
        "frozen track.",
    )
    settings: Annotated[Mapping[str, Any], _assignments("--set"), Spelling("--set")] = Field(
        {}, description="A method's hyper-parameter, name=value."
    )
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="auto: bfloat16 where the hardware has it."
    )
    device: str | None = Field(None, description="cpu or cuda; default: a GPU if any.")
    jobs: int | None = Field(
        None,
        ge=1,
        description="Most runs side by side; default: here, one per core on the frozen track on a "
        "CPU, else 1; elsewhere, as many as there is room for.",
    )
    executor: Annotated[str, Spelling(names="xlser.executors")] = Field(
        "local", description="Where runs are computed: local, ray or slurm, see docs/clusters.md."
    )
    executor_options: Annotated[Mapping[str, Any], _assignments("--with"), Spelling("--with")] = (
        Field({}, description="An executor's option, name=value.")
    )
    repeats: int = Field(
        1, ge=1, description="Runs a seed that differ in random draws (`xlser check`)."
    )
    redraw_labels: bool = Field(
        False, description="Repeats also draw other labelled utterances (`xlser spread`)."
    )
    twins: bool = Field(
        False,
        description="Also run each method without its unlabelled speech: what it gains from that.",
    )
    isolate: bool | None = Field(
        None,
        description="Each method in a sealed process that holds its task alone; default: those "
        "that are not of this distribution.",
    )
    timeout: float | None = Field(
        None, ge=1, description="Seconds a run may take; it fails after that."
    )
    data: Path | None = Field(
        None,
        description="Folder, or list of folders, with one folder per corpus (before XLSER_DATA).",
    )
    weights: str | None = Field(
        None, description="File or folder of backbone weights, or 'random' (XLSER_WEIGHTS)."
    )
    exclude: Annotated[tuple[str, ...], Several] = Field(
        (),
        description="Utterances to leave out, <corpus>/<name or pattern>; records state them.",
    )
    leaderboards: Annotated[Path, BeforeValidator(require_folder)] = Field(
        Path("leaderboards"), description="Folder of leaderboards."
    )

    def __init__(self, **given: Any) -> None:  # what types do not state: any value is converted
        super().__init__(**given)


class ReadOptions(Options):
    """Which results are read."""

    leaderboards: Annotated[Path, BeforeValidator(local_folder)] = Field(
        Path("leaderboards"),
        description="Folder of leaderboards, or a dataset of the Hub: hf://datasets/OWNER/NAME, "
        "with @REVISION if need be.",
    )


class PublishOptions(ReadOptions):
    """Which results are sent to the Hugging Face Hub, and where."""

    protocol: Annotated[Any, Spelling(argument=True, names="xlser.protocols")] = Field(
        None, description="Protocol whose results are sent; default: the only one that has any."
    )
    to: str = Field(description="Dataset of the Hub, OWNER/NAME; made if it is not there.")
    space: str | None = Field(
        None, description="Space of the Hub, OWNER/NAME, that shows the page; made as well."
    )
    pull_request: bool = Field(
        False,
        description="Propose the records to the owner of the dataset; those that it has are left "
        "out.",
    )
    private: bool = Field(False, description="What is made is private.")
    licence: str = Field("cc-by-4.0", description="Terms of the records, as the Hub names them.")
    yes: bool = Field(False, description="Send it; default: show what would be sent.")


def _explained(cause: ValidationError, model: type[Options]) -> SettingsError:
    """Return the first fault with the option's name and what it may be."""
    fault = cause.errors()[0]
    name, fields = str(fault["loc"][0]), model.model_fields
    if fault["type"] == "missing":
        return SettingsError(
            f"The option {name} is not given.", f"{name}: {fields[name].description}"
        )
    if name not in fields:
        near = get_close_matches(name, fields, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return SettingsError(
            f"There is no option {name!r}.", f"{hint}Options: {', '.join(fields)}."
        )
    choices = get_args(fields[name].annotation)
    if fault["type"] == "literal_error":
        remedy = f"Choose from {', '.join(map(str, choices))}."
    else:
        remedy = f"{name}: {fields[name].description}"
    return SettingsError(f"The option {name} is {fault['input']!r}: {fault['msg']}.", remedy)
