"""`xlser methods`: what can be run."""

import inspect
from typing import Any

import typer
from tabulate import tabulate

from xlser.cli.app import AsJson, console, print_json
from xlser.errors import PluginError


def methods(as_json: AsJson = False) -> None:
    """List the methods: target labels, tracks, settings, citation."""
    from xlser import plugins
    from xlser.methods import get_method, method_names

    rows: list[dict[str, Any]] = []
    for name in method_names():
        try:
            method = get_method(name)
        except PluginError as error:
            console.print(f"{error.problem}\n{error.remedy}", style="red", markup=False)
            continue
        rows.append(
            {
                "method": name,
                "target labels": method.target_labels,
                "tracks": list(method.tracks),
                "settings": {k: repr(v) for k, v in method.default_settings().items()},
                "citation": method.citation,
                "package": plugins.package_of("xlser.methods", name),
                "about": (inspect.getdoc(method) or "").partition("\n")[0],
            }
        )
    if as_json:
        print_json(rows)
        return
    shown = [
        {
            **{key: row[key] for key in ("method", "target labels")},
            "tracks": ", ".join(row["tracks"]),
            "settings": ", ".join(f"{k}={v}" for k, v in row["settings"].items()),
            "citation": row["citation"],
        }
        for row in rows
    ]
    typer.echo(tabulate(shown, headers="keys", tablefmt="github"))
