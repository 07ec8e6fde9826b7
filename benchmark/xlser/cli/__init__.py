"""The command line: arguments in, calls, printing; no logic of its own.

To list all commands, all of these modules are imported: what takes time to load (torch, pandas, the
rooms that need them, even rich) is imported where a command goes to work.
"""

import errno
import signal
import sys
from typing import Annotated, NoReturn

import typer

from xlser.cli import dev
from xlser.cli.listings import (
    backbones,
    corpora,
    doctor,
    layers,
    methods,
    new_method,
    protocols,
)
from xlser.cli.output import TerminatedError, messages, print_anywhere
from xlser.cli.parameters import Command
from xlser.cli.reading import compare, leaderboard, publish, records, spread, validate
from xlser.cli.running import check, plan, prepare, run, status
from xlser.cli.using import predict, train
from xlser.errors import ResultsError, SettingsError, XlserError
from xlser.system.files import working_folder
from xlser.system.memory import keep_pages

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)
_NO_PLACE = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EIO, errno.ESTALE)

app = typer.Typer(
    name="xlser",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help in plain words: rich would take longer than all the rest
)
app.command("run", cls=Command)(run.run)
app.command("plan", cls=Command)(plan.plan)
app.command("status", cls=Command)(status.status)
app.add_typer(corpora.app, name="corpora")
app.command("prepare", cls=Command)(prepare.prepare)
app.add_typer(methods.app, name="methods")
app.add_typer(protocols.app, name="protocols")
app.command("backbones", cls=Command)(backbones.backbones)
app.command("layers", cls=Command)(layers.layers)
app.command("new-method")(new_method.new_method)
app.command("leaderboard", cls=Command)(leaderboard.leaderboard)
app.command("check", cls=Command)(check.check)
app.command("compare", cls=Command)(compare.compare)
app.command("spread", cls=Command)(spread.spread)
app.command("validate")(validate.validate)
app.add_typer(records.app, name="records")
app.command("publish", cls=Command)(publish.publish)
app.command("train", cls=Command)(train.train)
app.command("predict", cls=Command)(predict.predict)
app.command("doctor", cls=Command)(doctor.doctor)
app.add_typer(dev.app, name="dev")


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"xlser {version('xlser')}")
        raise typer.Exit


@app.callback()
def xlser(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Benchmark of semi-supervised cross-lingual speech emotion recognition."""
    messages.form = "text"  # until a command is asked for JSON
    working_folder()  # without one, libraries fail with errors that do not name it


def _terminate(number: int, frame: object) -> NoReturn:
    raise TerminatedError


def main() -> None:
    """Run the command line; an error of ours is reported in words, without a traceback."""
    keep_pages()
    print_anywhere()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app(prog_name="xlser")
    except XlserError as error:
        _end(error)
    except OSError as error:
        _end(_in_words(error))


def _in_words(error: OSError) -> XlserError:
    """Return what a file system refused; raise what is nobody's but ours."""
    if error.errno in _NO_PLACE:
        return ResultsError(
            f"{_shortened(str(error.filename or 'A file'))} cannot be used ({error.strerror}).",
            "Name another file or folder.",
        )
    if error.errno == errno.ENOENT:
        try:
            working_folder()
        except SettingsError as gone:
            return gone
    if error.errno not in _NO_ROOM:
        raise error
    return ResultsError(
        f"{error.filename or 'A file'} cannot be written ({error.strerror}).",
        "Make room or allow writing, and give the same command again: what is recorded is kept.",
    )


def _shortened(path: str) -> str:
    return path if len(path) <= 300 else f"{path[:150]}[...]{path[-50:]}"


def _end(error: XlserError) -> NoReturn:
    facts = {"problem": error.problem, "remedy": error.remedy}
    messages(f"error: {error.problem}", "error", style="red", **facts)
    if messages.form == "text":
        messages(error.remedy)
    sys.exit(2)


__all__ = ["app", "main"]
