"""Tables of a leaderboard for a terminal or a notebook."""

from collections.abc import Collection
from functools import cached_property

import pandas as pd

from xlser.errors import UnknownNameError
from xlser.leaderboards.model import Section, TableModel
from xlser.leaderboards.rendering import as_text, sections_as_html, sections_as_markdown
from xlser.protocols import Labels
from xlser.results import Results
from xlser.site.pages.languages import target_sections


class LeaderboardView:
    """The tables of a leaderboard: Markdown as a string, HTML in a notebook.

    Args:
        results: of a protocol.
        targets: languages to show; all if empty.
        labels: budgets to show; all if empty. Rows that train on all labels stand in each table.
        metrics: names of metrics to show beside UA and accuracy.

    Raises:
        UnknownNameError: no such target, budget or metric.
    """

    def __init__(
        self,
        results: Results,
        *,
        targets: Collection[str] = (),
        labels: Collection[Labels] = (),
        metrics: Collection[str] = (),
    ) -> None:
        protocol = results.protocol
        for target in targets:
            protocol.corpora_of(target)
        for budget in set(labels) - {*protocol.budgets, "all"}:
            known = [*map(str, protocol.budgets), "all"]
            raise UnknownNameError(f"label budget of {protocol.name}", str(budget), known)
        tables = [t for t in results.tables() if not targets or t.target in targets]
        headings = {f"{budget} labels" for budget in labels}
        sections = target_sections(results, tables, metrics)
        self._sections = [_of_budgets(s, headings) for s in sections] if labels else sections
        self._name = protocol.name

    def __str__(self) -> str:
        return sections_as_markdown(self._sections) if self._sections else self._nothing

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return sections_as_html(self._sections) if self._sections else f"<p>{self._nothing}</p>"

    @property
    def _nothing(self) -> str:
        return f"No records of {self._name} yet."

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All tables as one, cells as they are printed; target, condition and labels come first."""
        rows = []
        for target in self._sections:
            for condition in target.sections:
                for budget in condition.sections:
                    labels = as_text(budget.title).removesuffix(" labels")
                    place = {"target": target.title, "condition": condition.title}
                    for table in budget.blocks:
                        if isinstance(table, TableModel):
                            rows += [{**place, "labels": labels, **row} for row in _rows(table)]
        return pd.DataFrame(rows)


def _of_budgets(target: Section, headings: Collection[str]) -> Section:
    """Return a target's section without the tables of other label budgets."""
    conditions = [
        Section(under.title, under.blocks, [s for s in under.sections if s.title in headings])
        for under in target.sections
    ]
    return Section(target.title, target.blocks, [c for c in conditions if c.sections])


def _rows(table: TableModel) -> list[dict[str, str]]:
    titles = [as_text(column.title) for column in table.columns]
    return [dict(zip(titles, map(as_text, row), strict=True)) for row in table.rows]
