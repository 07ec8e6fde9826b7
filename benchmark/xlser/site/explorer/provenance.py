"""What rows of a page come from: methods with their hyper-parameters, packages, machines, dates."""

import json
from typing import Any

from xlser.errors import PluginError
from xlser.methods import Method, method_names, outlined_methods
from xlser.results import Results, Row, Table

Content = dict[str, Any]

_OTHER = "other"


class Methods:
    """The methods of results, as tables call them, each once."""

    def __init__(self, results: Results) -> None:
        shown = results.arranged[~results.arranged["doubled"]]
        columns = shown[["row", "method", "settings"]].drop_duplicates("row").sort_values("row")
        self._rows = list(columns.itertuples(index=False, name=None))
        self._index = {row: i for i, (row, _, _) in enumerate(self._rows)}

    def index(self, method: str) -> int:
        """Return the position of a method, by what tables call it."""
        return self._index[method]

    def content(self) -> list[Content]:
        """Return name, family, citation and hyper-parameters of each."""
        known = {name for _, name, _ in self._rows} & {*method_names()}
        methods = outlined_methods(known)
        return [
            {
                "title": row,
                "name": name,
                **_facts(methods.get(name)),
                "settings": json.loads(settings),
            }
            for row, name, settings in self._rows
        ]


class Provenance:
    """Where the runs of rows come from; rows of one origin share an entry."""

    def __init__(self, results: Results) -> None:
        shown = results.arranged[~results.arranged["doubled"]]
        keys = ["target", "condition", "row", "labels"]
        self._runs: dict[tuple[Any, ...], list[int]] = {}
        for i, key in enumerate(shown[keys].itertuples(index=False, name=None)):
            self._runs.setdefault(tuple(key), []).append(i)
        columns = shown[["package", "code", "device", "started"]]
        self._origins = list(columns.itertuples(index=False, name=None))
        self._index: dict[tuple[str, ...], int] = {}

    def index(self, table: Table, row: Row) -> int:
        """Return the position of a row's origin."""
        runs = self._runs[table.target, table.condition, row.method, row.labels]
        packages, codes, devices, starts = zip(*(self._origins[i] for i in runs), strict=True)
        first, last = min(starts)[:10], max(starts)[:10]
        origin = (
            ", ".join(sorted(set(packages))),
            ", ".join(sorted({code[:8] for code in codes if code})),
            ", ".join(sorted(set(devices))),
            first if first == last else f"{first} to {last}",
        )
        return self._index.setdefault(origin, len(self._index))

    def content(self) -> list[Content]:
        """Return package, digest of code that no package provides, devices and days."""
        names = ("package", "code", "device", "days")
        return [dict(zip(names, origin, strict=True)) for origin in self._index]


def _facts(method: type[Method] | PluginError | None) -> Content:
    """Return family and citation as the method's class states them, if it can be had here."""
    if method is None or isinstance(method, PluginError):
        return {"family": _OTHER, "citation": ""}
    made = " (reconstructed from its abstract)" if method.reconstructed else ""
    return {"family": method.family or _OTHER, "citation": method.citation + made}
