"""`xlser methods`: lists methods, shows one, and checks some against the contract."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser.cli.output import messages, print_json, print_table
from xlser.cli.parameters import AsJson, completing
from xlser.errors import PluginError

if TYPE_CHECKING:
    from xlser.conformance import Report
    from xlser.methods import Method

_RECONSTRUCTED = (
    "made from an abstract and others' accounts; the text and the code were not at hand"
)

app = typer.Typer(
    help="List methods, show one, or check some against the contract.",
    invoke_without_command=True,
)


@app.callback()
def list_methods(context: typer.Context, as_json: AsJson = False) -> None:
    """List all methods: the target labels and attributes they are handed, tracks, citation.

    Installed methods that cannot be used come last, with what is wrong with them.
    """
    if context.invoked_subcommand:
        return
    from xlser.api.listings import method_rows

    rows = list(method_rows())
    if as_json:
        print_json(sorted(rows, key=lambda row: "fault" in row))
        return
    print_table([_in_short(row) for row in rows if "fault" not in row])
    if any(row.get("reconstructed") for row in rows):
        messages(f"reconstructed: {_RECONSTRUCTED}")
    for row in rows:
        if "fault" in row:
            messages(row["fault"], style="red")


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="A method.", autocompletion=completing("xlser.methods"))
    ],
) -> None:
    """Show what a method does, what it is handed and how it is set."""
    from xlser.api.listings import facts_of
    from xlser.methods import outlined_methods

    method = outlined_methods([name])[name]
    if isinstance(method, PluginError):
        raise method
    facts = facts_of(method)
    typer.echo(f"{name} ({facts['package']})\n\n{facts['documentation']}\n")
    typer.echo(f"target labels: {_labels(facts)}")
    typer.echo(f"attributes: {', '.join(facts['attributes']) or 'none'}")
    typer.echo(f"tracks: {', '.join(facts['tracks'])}")
    typer.echo(f"citation: {facts['citation']}")
    if facts["reconstructed"]:
        typer.echo(f"reconstructed: {_RECONSTRUCTED}")
    typer.echo("settings:" if facts["settings"] else "settings: none")
    for setting, default in facts["settings"].items():
        typer.echo(f"  {setting}={json.dumps(default)}")


@app.command()
def check(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Methods: names, or module:Class or file.py:Class.",
            autocompletion=completing("xlser.methods"),
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Check methods against the contract, on small synthetic tasks.

    Some seconds each. Exit code 1 if a check fails.
    """
    loaded = [(name, _load(name)) for name in names]  # a typo in any of them starts nothing
    reports = []
    for name, method in loaded:
        package, report = _report(name, method)
        reports.append((package, report))
        if not as_json:
            _print_report(package, report)
    if as_json:
        print_json([{"package": package, **_as_json(report)} for package, report in reports])
    if not all(report.passed for _, report in reports):
        raise typer.Exit(1)


def _load(name: str) -> "type[Method] | PluginError":
    from xlser.methods import resolve_method

    try:
        return resolve_method(name)[0]
    except PluginError as error:
        return error


def _labels(facts: dict[str, Any]) -> str:
    least = f" ({facts['least labels']} or more)" if facts["least labels"] else ""
    return f"{facts['target labels']}{least}"


def _in_short(facts: dict[str, Any]) -> dict[str, str]:
    """Return what fits a line of a terminal; of the citation, what comes up to the year."""
    names, bracket, _ = facts["citation"].partition(")")
    tracks = facts["tracks"]
    return {
        "method": facts["method"],
        "target labels, attributes": ", ".join([_labels(facts), *facts["attributes"]]),
        "tracks": tracks[0] if len(tracks) == 1 else "both",
        "citation": names + bracket + (" (reconstructed)" if facts["reconstructed"] else ""),
    }


def _report(name: str, method: "type[Method] | PluginError") -> "tuple[str | None, Report]":
    """Return a method's package and report; one that cannot be loaded fails a single check."""
    from xlser.conformance import Check, Report, check_method
    from xlser.methods.origin import package_of

    if isinstance(method, PluginError):  # its problem names the package, or all that claim the name
        fault = f"{method.problem} {method.remedy}"
        return None, Report(name, (Check("can be loaded", None, fault),))
    return package_of(method), check_method(method)


def _print_report(package: str | None, report: "Report") -> None:
    title = f"{report.method} ({package})" if package else report.method
    rows = [
        {"check": c.name, "track": c.track, "result": "FAILED" if c.fault else "passed"}
        for c in report.checks
    ]
    typer.echo(f"## {title}\n")
    print_table(rows)
    typer.echo()
    for fault in report.faults:
        messages(f"{title}: {fault}\n", style="red")


def _as_json(report: "Report") -> dict[str, Any]:
    return {
        "method": report.method,
        "passed": report.passed,
        "checks": [{"name": c.name, "track": c.track, "fault": c.fault} for c in report.checks],
    }
