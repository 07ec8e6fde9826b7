"""Tables 3 to 6 of Agarla et al. (2022) and the numbers of its Figure 2: the paper's and ours."""

from collections.abc import Iterable, Mapping, Sequence

from xlser.leaderboards.cells import (
    DASH,
    above_printed,
    inside,
    markdown_table,
    show,
    show_seeds,
    show_with_interval,
)
from xlser.leaderboards.paper import (
    BUDGETS,
    FIGURE_2,
    LANGUAGES,
    PRINTED,
    PSEUDO_LABELS,
    TABLE_3,
    TABLE_4,
    TABLE_5,
    TABLE_6,
    TAUS,
    Cell,
)
from xlser.records import Role
from xlser.results import Condition, Row, Table

Ours = Mapping[Cell, Row]
"""Our rows under one setting, by the paper's experiment."""

_Spot = tuple[Cell, Role]  # an experiment and the role of the language it is tested on
_WORDS = (
    "pseudo-labels",
    "method",
    "in the paper",
    "new language",
    "trained on",
    "tested on",
    "in print",
    "track",
)
_EXPERIMENTS = {*TABLE_3.values(), *TABLE_4.values(), *TABLE_5.values(), *TABLE_6.values()}
_EXPERIMENTS |= set(FIGURE_2.values())


def ours_by_setting(boards: Mapping[str, Iterable[Table]]) -> dict[Condition, Ours]:
    """Pick the rows of the paper's experiments from the boards of its protocols, by setting."""
    ours: dict[Condition, dict[Cell, Row]] = {}
    for protocol, tables in boards.items():
        for table in tables:
            for row in table.rows:
                cell = (protocol, row.method, table.target, row.labels)
                if cell in _EXPERIMENTS:
                    ours.setdefault(table.condition, {})[cell] = row
    return {setting: ours[setting] for setting in sorted(ours)}


def count(ours: Ours, cells: Iterable[Cell]) -> str:
    """Return how many of the paper's experiments we have: "7 of 12 cells have records"."""
    there = [cell in ours for cell in cells]
    return f"{sum(there)} of {len(there)} cells have records"


def table_3(ours: Ours) -> str:
    """Return Table 3: trained on English alone, tested on the new language."""
    columns = {"tested on": [language.capitalize() for language in LANGUAGES]}
    columns |= _compared(ours, [(cell, "target") for cell in TABLE_3.values()])
    return _table("Table 3: trained on English alone", columns, count(ours, TABLE_3.values()))


def table_4(ours: Ours) -> str:
    """Return Table 4: trained on English and every label of the new language.

    Its first row is English alone, tested on English: one model, whatever the new language.
    """
    alone = max(TABLE_3.values(), key=lambda cell: len(ours[cell].seeds) if cell in ours else 0)
    cells = [alone, *TABLE_4.values()]
    new: list[_Spot | None] = [None, *((cell, "target") for cell in TABLE_4.values())]
    columns = {"trained on": ["English", *(f"English & {x.capitalize()}" for x in LANGUAGES)]}
    columns |= _compared(ours, [(cell, "source") for cell in cells], ", on English")
    columns |= _compared(ours, new, ", on the new language")
    return _table("Table 4: trained on all labels of both", columns, count(ours, cells))


def table_5(ours: Ours) -> str:
    """Return Table 5: hard pseudo-labels by threshold, at 100 labels of the new language."""
    columns = _tested_languages(LANGUAGES)
    for tau in TAUS:
        spots = _both_roles(TABLE_5[tau, language] for language in LANGUAGES)
        columns[f"paper, τ = {tau}"] = [PRINTED[spot].text for spot in spots]
        columns[f"ours, τ = {tau}"] = [_ours(ours, spot) for spot in spots]
    title = "Table 5: hard pseudo-labels at 100 labels, by confidence threshold τ"
    return _table(title, columns, count(ours, TABLE_5.values()))


def table_6(ours: Ours) -> str:
    """Return Table 6: EMO-DB, four classes, no labels; its last method on English as well."""
    spots: list[_Spot] = [(cell, "target") for cell in TABLE_6.values()]
    spots.append((TABLE_6["Our"], "source"))
    columns = {
        "in the paper": [*TABLE_6, "Our"],
        "method": [method for (_, method, _, _), _ in spots],
        "tested on": ["German" if role == "target" else "English" for _, role in spots],
    }
    columns |= _compared(ours, spots)
    title = "Table 6: EMO-DB, four classes, no labels"
    return _table(title, columns, count(ours, TABLE_6.values()))


def figure_2_numbers(ours: Ours) -> str:
    """Return our figures behind Figure 2, whose bars the paper prints without numbers."""
    columns = {"pseudo-labels": [m for m in PSEUDO_LABELS for _ in range(2 * len(LANGUAGES))]}
    columns |= _tested_languages(LANGUAGES * len(PSEUDO_LABELS))
    for labels in BUDGETS:
        spots = _both_roles(FIGURE_2[m, x, labels] for m in PSEUDO_LABELS for x in LANGUAGES)
        columns[f"{labels} labels"] = [_ours(ours, spot) for spot in spots]
    return markdown_table(columns, _WORDS)


def all_in_print(boards: Mapping[str, Iterable[Table]]) -> str:
    """Return one table of every figure in print that we have a record of, under each setting.

    Args:
        boards: of the paper's protocols, by name.
    """
    ours = ours_by_setting(boards)
    there = [(spot, s) for spot in PRINTED for s, rows in ours.items() if spot[0] in rows]
    spots = [spot for spot, _ in there]
    cells = [cell for cell, _ in spots]
    columns = {
        "in print": [PRINTED[spot].table for spot in spots],
        "method": [method for _, method, _, _ in cells],
        "labels": [str(labels) for _, _, _, labels in cells],
        "new language": [language.capitalize() for _, _, language, _ in cells],
        "tested on": [
            "English" if role == "source" else language.capitalize()
            for (_, _, language, _), role in spots
        ],
        "track": [f"{setting.track}, {setting.backbone}" for _, setting in there],
        "paper": [PRINTED[spot].text for spot in spots],
        "ours": [_ours(ours[setting], spot) for spot, setting in there],
        "ours − paper": [_difference(ours[setting], spot) for spot, setting in there],
        "paper within interval": [_inside(ours[setting], spot) or DASH for spot, setting in there],
    }
    return markdown_table(columns, _WORDS)


def _tested_languages(languages: Iterable[str]) -> dict[str, list[str]]:
    """Return the first columns of two rows a new language: tested on English and on itself."""
    names = [language.capitalize() for language in languages]
    return {
        "new language": [name for name in names for _ in range(2)],
        "tested on": [tested for name in names for tested in ("English", name)],
    }


def _both_roles(cells: Iterable[Cell]) -> list[_Spot]:
    roles: tuple[Role, Role] = ("source", "target")
    return [(cell, role) for cell in cells for role in roles]


def _compared(ours: Ours, spots: Sequence[_Spot | None], where: str = "") -> dict[str, list[str]]:
    """Return columns of the paper's figures, ours and the differences; None leaves blanks.

    Figures on the new language have an interval, and a column that says whether the paper's is
    within.
    """
    columns = {
        f"paper{where}": [PRINTED[spot].text if spot else "" for spot in spots],
        f"ours{where}": [_ours(ours, spot) if spot else "" for spot in spots],
        f"ours − paper{where}": [_difference(ours, spot) if spot else "" for spot in spots],
    }
    if any(spot[1] == "target" for spot in spots if spot):
        columns[f"paper within interval{where}"] = [_inside(ours, spot) for spot in spots]
    return columns


def _ours(ours: Ours, spot: _Spot) -> str:
    cell, role = spot
    if cell not in ours:
        return ""
    row = ours[cell]
    seeds = "" if row.complete else f" ({show_seeds(row)} seeds)"
    figure = row.scores[role, "accuracy"]
    if role == "source":
        return show(figure) + seeds
    return show_with_interval(figure, row.resampled.estimate) + seeds


def _inside(ours: Ours, spot: _Spot | None) -> str:
    has_interval = spot is not None and spot[0] in ours and spot[1] == "target"
    return inside(ours[spot[0]], PRINTED[spot]) if spot and has_interval else ""


def _difference(ours: Ours, spot: _Spot) -> str:
    cell, role = spot
    return above_printed(ours[cell], role, PRINTED[spot]) if cell in ours else ""


def _table(title: str, columns: Mapping[str, Sequence[str]], records: str) -> str:
    return f"#### {title}\n\n{markdown_table(columns, _WORDS)}\n\n{records}."
