"""Parameters that commands share, and those made from the models of `xlser.api.options`."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from xlser import registry
from xlser.errors import SettingsError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Metric = Annotated[
    str | None, typer.Option(help="A metric, such as macro-f1; default: the headline.")
]


def completing(group: registry.Group) -> Callable[[str], list[str]]:
    """Return a callback that completes names of plugins, from entry points alone."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in registry.names(group) if name.startswith(incomplete)]

    return complete


class SeveralValues(TyperCommand):
    """A command whose repeatable options also take several values: `--target german italian`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each further value, then parse as usual.

        Raises:
            SettingsError: an option took the name of a method.
        """
        repeatable = {
            name
            for option in self.get_params(ctx)
            if getattr(option, "multiple", False)
            for name in option.opts
        }
        given = spread(args, repeatable)
        if not ctx.resilient_parsing:  # a shell completes
            _require_methods_first(ctx, given, repeatable)
        return super().parse_args(ctx, given)


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


def _require_methods_first(ctx: Any, args: Sequence[str], repeatable: set[str]) -> None:
    """Refuse names of methods behind a repeatable option, which takes all words that follow.

    Raises:
        SettingsError: there is one; the remedy is the command that was meant.
    """
    known = registry.names("xlser.methods")
    taken = [
        place
        for place in range(1, len(args))
        if args[place - 1] in repeatable and (args[place] in known or _is_class(args[place]))
    ]
    if not taken:
        return
    option, name = args[taken[0] - 1], args[taken[0]]
    methods = [args[place] for place in taken]
    dropped = {*taken, *(place - 1 for place in taken)}
    others = [arg for place, arg in enumerate(args) if place not in dropped]
    first = next((place for place, arg in enumerate(others) if arg.startswith("-")), len(others))
    meant = [ctx.command_path, *others[:first], *methods, *others[first:]]
    raise SettingsError(
        f"{option} takes all words that follow it, {name!r} too, which is a method.",
        f"Methods stand before the options: {' '.join(meant)}",
    )


def _is_class(arg: str) -> bool:
    return registry.is_reference(arg) and bool(re.fullmatch(r"[\w./\\-]+:[A-Za-z_]\w*", arg))


class _WithOptions:
    """A command or group, some of whose parameters are fields of a model (`with_options`).

    They are made when they are asked for: the list of commands needs no pydantic.
    """

    _made = False
    params: list[Any]
    callback: Any

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters."""
        if not self._made:
            made = typer.Typer(add_completion=False, rich_markup_mode=None)
            made.command()(self.callback.made())
            command = typer.main.get_command(made)
            self.params, self.callback = command.params, command.callback
            self._made = True
        return super().get_params(ctx)  # type: ignore[misc]


class Command(_WithOptions, SeveralValues):
    """A command with fields of a model of options."""


class Group(_WithOptions, TyperGroup):
    """A group of commands whose own callback has fields of a model of options."""


def with_options(*names: str) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make the callback of a command from a function with an argument `options`.

    The annotation of `options` is the name of a model of `xlser.api.options`. The command has the
    function's other parameters, which are keyword-only, and in the place of `options` those fields
    of the model that are named. It is registered with `cls=Command`, that of a group with
    `cls=Group`.

    Args:
        names: of fields; none for all.
    """

    def decorate(command: Callable[..., None]) -> Callable[[], None]:
        def placeholder() -> None:
            """Take the command's place until its parameters are built."""

        placeholder.__name__, placeholder.__doc__ = command.__name__, command.__doc__
        placeholder.made = partial(_with_fields, command, names)  # type: ignore[attr-defined]
        return placeholder

    return decorate


def _with_fields(command: Callable[..., None], names: Sequence[str]) -> Callable[..., None]:
    """Return a command as a function of single parameters, as typer takes it."""
    from xlser.api import options

    model = getattr(options, signature(command).parameters["options"].annotation)
    fields = model.model_fields
    of_options = [_parameter(name, fields[name]) for name in names or fields]
    taken = {parameter.name for parameter in of_options}
    parameters: list[Parameter] = []
    for parameter in signature(command).parameters.values():
        parameters += of_options if parameter.name == "options" else [parameter]

    def call(**given: Any) -> None:
        own = {name: value for name, value in given.items() if name not in taken}
        stated = {name: given[name] for name in taken if given[name] is not None}
        command(options=model(**stated), **own)

    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    call.__doc__ = command.__doc__
    return call


def _parameter(name: str, field: "FieldInfo") -> Parameter:
    """Return a field of a model of options as a parameter with typer's annotations."""
    from annotated_types import Ge

    from xlser.api.options import Spelling

    about = field.metadata
    spelling = next((each for each in about if isinstance(each, Spelling)), Spelling())
    least = next((each.ge for each in about if isinstance(each, Ge)), None)
    how: dict[str, Any] = {"help": field.description}
    if spelling.names:
        how["autocompletion"] = completing(spelling.names)
    if least is not None:
        how["min"] = least
    is_flag = field.annotation is bool  # of two states; with None, typer adds --no-...
    name_given = spelling.name or ("--" + name.replace("_", "-") if is_flag else "")
    names = [name_given] if name_given else []
    info = typer.Argument(**how) if spelling.argument else typer.Option(*names, **how)
    kind, several = _as_typer_takes_it(field.annotation)
    return Parameter(
        name,
        Parameter.KEYWORD_ONLY,
        default=Parameter.empty if field.is_required() else None if several else field.default,
        annotation=Annotated[kind, info],
    )


def _as_typer_takes_it(annotation: Any) -> tuple[Any, bool]:
    """Return the type of a parameter, and whether it takes several values."""
    origin = get_origin(annotation)
    if origin is tuple:
        item = get_args(annotation)[0]
        return list[str if item is Any else item] | None, True  # type: ignore[misc]
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return list[str] | None, True
    return (str if annotation is Any else annotation), False
