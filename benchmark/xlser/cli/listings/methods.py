"""`xlser methods`: which there are, all about one, and whether some keep the contract."""

import json
from inspect import getdoc
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xlser import registry
from xlser.cli.app import AsJson, console, print_json, print_table
from xlser.errors import PluginError

if TYPE_CHECKING:
    from xlser.conformance import Report
    from xlser.methods import Method

app = typer.Typer(
    help="List methods, show one, or hold some against the contract.",
    invoke_without_command=True,
)


@app.callback()
def list_methods(context: typer.Context, as_json: AsJson = False) -> None:
    """List all methods: the target labels and attributes they are handed, tracks, citation.

    Installed methods that cannot be used come last, with what is wrong with them.
    """
    if context.invoked_subcommand:
        return
    from xlser.methods import method_names, outlined_methods

    methods = outlined_methods(method_names())
    rows = [_facts(method) for method in methods.values() if not isinstance(method, PluginError)]
    broken = [(name, error) for name, error in methods.items() if isinstance(error, PluginError)]
    if as_json:
        print_json([*rows, *({"method": name, "fault": str(error)} for name, error in broken)])
        return
    print_table([_in_short(row) for row in rows])
    for _, error in broken:
        console().print(str(error), style="red", markup=False)


@app.command()
def show(name: Annotated[str, typer.Argument(help="A method.")]) -> None:
    """Tell what a method does, what it is handed and how it is set."""
    from xlser.methods import outlined_methods

    method = outlined_methods([name])[name]
    if isinstance(method, PluginError):
        raise method
    facts = _facts(method)
    typer.echo(f"{name} ({facts['package']})\n\n{facts['documentation']}\n")
    typer.echo(f"target labels: {_labels(facts)}")
    typer.echo(f"attributes: {', '.join(facts['attributes']) or 'none'}")
    typer.echo(f"tracks: {', '.join(facts['tracks'])}")
    typer.echo(f"citation: {facts['citation']}")
    typer.echo("settings:" if facts["settings"] else "settings: none")
    for setting, default in facts["settings"].items():
        typer.echo(f"  {setting}={json.dumps(default)}")


@app.command()
def check(
    names: Annotated[list[str], typer.Argument(help="Methods.")], as_json: AsJson = False
) -> None:
    """Hold methods against the contract, on small synthetic tasks.

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
    from xlser.methods import get_method

    try:
        return get_method(name)
    except PluginError as error:
        return error


def _facts(method: "type[Method]") -> dict[str, Any]:

    documentation = getdoc(method) or ""
    return {
        "method": method.name,
        "target labels": method.target_labels,
        "least labels": method.least_labels,
        "attributes": list(method.attributes),
        "tracks": list(method.tracks),
        "settings": method.default_settings(),
        "citation": method.citation,
        "package": registry.package_of("xlser.methods", method.name),
        "about": documentation.partition("\n")[0],
        "documentation": documentation,
    }


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
        "citation": names + bracket,
    }


def _report(name: str, method: "type[Method] | PluginError") -> "tuple[str | None, Report]":
    """Return a method's package and report; one that cannot be loaded fails a single check."""
    from xlser.conformance import Check, Report, check_method

    if isinstance(method, PluginError):  # its problem names the package, or all that claim the name
        fault = f"{method.problem} {method.remedy}"
        return None, Report(name, (Check("can be loaded", None, fault),))
    return registry.package_of("xlser.methods", name), check_method(method)


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
        console().print(f"{title}: {fault}\n", style="red", markup=False)


def _as_json(report: "Report") -> dict[str, Any]:
    return {
        "method": report.method,
        "passed": report.passed,
        "checks": [{"name": c.name, "track": c.track, "fault": c.fault} for c in report.checks],
    }
