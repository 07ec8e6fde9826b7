"""Tables 3 to 6 of Agarla et al. (2022) and the numbers of its Figure 2: the paper's and ours."""

from collections.abc import Iterable, Mapping, Sequence

from xlser.leaderboards.formatting import (
    DASH,
    columns,
    show,
    show_seeds,
    show_with_interval,
    signed,
)
from xlser.leaderboards.model import Column, Paragraph, Section, TableModel
from xlser.records import Role
from xlser.results import Condition, Results, Row
from xlser_agarla2022.printed import (
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
    Experiment,
    Printed,
)

Ours = Mapping[Experiment, Row]
"""Our rows under one condition, by the paper's experiment."""

_Score = tuple[Experiment, Role]  # an experiment and the role of the language it is tested on
_Cells = dict[str, Sequence[str]]
_LEFT = (
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


def ours_by_condition(results: Iterable[Results]) -> dict[Condition, Ours]:
    """Return our rows of the paper's experiments, by condition.

    Args:
        results: of the paper's protocols.
    """
    ours: dict[Condition, dict[Experiment, Row]] = {}
    for of_protocol in results:
        for table in of_protocol.tables():
            for row in table.rows:
                experiment = (of_protocol.protocol.name, row.method, table.target, row.labels)
                if experiment in _EXPERIMENTS and not row.marks:
                    ours.setdefault(table.condition, {})[experiment] = row
    return {condition: ours[condition] for condition in sorted(ours)}


def count(ours: Ours, experiments: Iterable[Experiment]) -> str:
    """Return how many experiments we have records of: "7 of 12 cells have records"."""
    there = [experiment in ours for experiment in experiments]
    return f"{sum(there)} of {len(there)} cells have records"


def beside_rows(protocol: str, source: str, target: str, rows: Sequence[Row]) -> list[Column]:
    """Return columns to stand beside rows: what the paper prints, and how far ours is above.

    Args:
        protocol: name.
        source: language, as titles have it.
        target: language.
        rows: ours.
    """
    cells: _Cells = {}
    places: dict[Role, str] = {"target": "", "source": f", {source}"}
    for role, where in places.items():
        printed = [PRINTED.get(((protocol, r.method, target, r.labels), role)) for r in rows]
        if not any(printed):
            continue
        pairs = list(zip(rows, printed, strict=True))
        cells[f"paper{where}"] = [f"{p.text} ({p.table})" if p else DASH for p in printed]
        cells[f"ours − paper{where}"] = [_above(row, role, p) if p else DASH for row, p in pairs]
        if role == "target":
            cells["paper within interval"] = [_within(row, p) if p else DASH for row, p in pairs]
    return columns(cells)


def table_3(ours: Ours) -> Section:
    """Return Table 3: trained on English alone, tested on the new language."""
    cells: _Cells = {"tested on": [language.capitalize() for language in LANGUAGES]}
    cells |= _compared(ours, [(experiment, "target") for experiment in TABLE_3.values()])
    return _section("Table 3: trained on English alone", cells, ours, TABLE_3.values())


def table_4(ours: Ours) -> Section:
    """Return Table 4: trained on English and every label of the new language.

    Its first row is English alone, tested on English: one model, whatever the new language.
    """
    alone = max(TABLE_3.values(), key=lambda x: len(ours[x].seeds) if x in ours else 0)
    experiments = [alone, *TABLE_4.values()]
    new: list[_Score | None] = [None, *((x, "target") for x in TABLE_4.values())]
    cells: _Cells = {"trained on": ["English", *(f"English & {x.capitalize()}" for x in LANGUAGES)]}
    cells |= _compared(ours, [(x, "source") for x in experiments], ", on English")
    cells |= _compared(ours, new, ", on the new language")
    return _section("Table 4: trained on all labels of both", cells, ours, experiments)


def table_5(ours: Ours) -> Section:
    """Return Table 5: hard pseudo-labels by threshold, at 100 labels of the new language."""
    cells = _tested_languages(LANGUAGES)
    for tau in TAUS:
        scores = _both_roles(TABLE_5[tau, language] for language in LANGUAGES)
        cells[f"paper, τ = {tau}"] = [PRINTED[score].text for score in scores]
        cells[f"ours, τ = {tau}"] = [_ours(ours, score) for score in scores]
    title = "Table 5: hard pseudo-labels at 100 labels, by confidence threshold τ"
    return _section(title, cells, ours, TABLE_5.values())


def table_6(ours: Ours) -> Section:
    """Return Table 6: EMO-DB, four classes, no labels; its last method on English as well."""
    scores: list[_Score] = [(experiment, "target") for experiment in TABLE_6.values()]
    scores.append((TABLE_6["Our"], "source"))
    cells: _Cells = {
        "in the paper": [*TABLE_6, "Our"],
        "method": [method for (_, method, _, _), _ in scores],
        "tested on": ["German" if role == "target" else "English" for _, role in scores],
    }
    cells |= _compared(ours, scores)
    return _section("Table 6: EMO-DB, four classes, no labels", cells, ours, TABLE_6.values())


def figure_2_numbers(ours: Ours) -> TableModel:
    """Return our scores behind Figure 2, whose bars the paper prints without numbers."""
    cells: _Cells = {"pseudo-labels": [m for m in PSEUDO_LABELS for _ in range(2 * len(LANGUAGES))]}
    cells |= _tested_languages(LANGUAGES * len(PSEUDO_LABELS))
    for labels in BUDGETS:
        scores = _both_roles(FIGURE_2[m, x, labels] for m in PSEUDO_LABELS for x in LANGUAGES)
        cells[f"{labels} labels"] = [_ours(ours, score) for score in scores]
    return TableModel(columns(cells, _LEFT))


def all_in_print(results: Iterable[Results]) -> TableModel:
    """Return one table of every score in print of which we have a record, under each condition.

    Args:
        results: of the paper's protocols.
    """
    by_condition = ours_by_condition(results)
    there = [(x, c) for x in PRINTED for c, rows in by_condition.items() if x[0] in rows]
    scores = [score for score, _ in there]
    experiments = [experiment for experiment, _ in scores]
    ours = [(by_condition[condition], score) for score, condition in there]
    cells: _Cells = {
        "in print": [PRINTED[score].table for score in scores],
        "method": [method for _, method, _, _ in experiments],
        "labels": [str(labels) for _, _, _, labels in experiments],
        "new language": [language.capitalize() for _, _, language, _ in experiments],
        "tested on": [
            "English" if role == "source" else language.capitalize()
            for (_, _, language, _), role in scores
        ],
        "track": [f"{condition.track}, {condition.backbone}" for _, condition in there],
        "paper": [PRINTED[score].text for score in scores],
        "ours": [_ours(*each) for each in ours],
        "ours − paper": [_difference(*each) for each in ours],
        "paper within interval": [_within_ours(*each) or DASH for each in ours],
    }
    return TableModel(columns(cells, _LEFT))


def _above(row: Row, role: Role, printed: Printed) -> str:
    """Return by how much our accuracy is above the one in print."""
    return signed(row.scores[role, "accuracy"].mean - printed.accuracy)


def _within(row: Row, printed: Printed) -> str:
    """Return whether the score in print lies within our interval, where there is one."""
    interval = row.resampled.estimate.interval
    if interval is None:
        return DASH
    low, high = interval
    return "yes" if low <= printed.accuracy <= high else "no"


def _tested_languages(languages: Iterable[str]) -> _Cells:
    """Return the first columns of two rows a new language: tested on English and on itself."""
    names = [language.capitalize() for language in languages]
    return {
        "new language": [name for name in names for _ in range(2)],
        "tested on": [tested for name in names for tested in ("English", name)],
    }


def _both_roles(experiments: Iterable[Experiment]) -> list[_Score]:
    roles: tuple[Role, Role] = ("source", "target")
    return [(experiment, role) for experiment in experiments for role in roles]


def _compared(ours: Ours, scores: Sequence[_Score | None], where: str = "") -> _Cells:
    """Return columns of the paper's scores, ours and the differences; None leaves blanks.

    Scores on the new language have an interval, and a column states whether the paper's lies
    within.
    """
    cells: _Cells = {
        f"paper{where}": [PRINTED[score].text if score else "" for score in scores],
        f"ours{where}": [_ours(ours, score) if score else "" for score in scores],
        f"ours − paper{where}": [_difference(ours, score) if score else "" for score in scores],
    }
    if any(score[1] == "target" for score in scores if score):
        within = [_within_ours(ours, score) if score else "" for score in scores]
        cells[f"paper within interval{where}"] = within
    return cells


def _ours(ours: Ours, score: _Score) -> str:
    experiment, role = score
    if experiment not in ours:
        return ""
    row = ours[experiment]
    seeds = "" if row.complete else f" ({show_seeds(row)} seeds)"
    accuracy = row.scores[role, "accuracy"]
    if role == "source":
        return show(accuracy) + seeds
    return show_with_interval(accuracy, row.resampled.estimate) + seeds


def _within_ours(ours: Ours, score: _Score) -> str:
    experiment, role = score
    has_interval = experiment in ours and role == "target"
    return _within(ours[experiment], PRINTED[score]) if has_interval else ""


def _difference(ours: Ours, score: _Score) -> str:
    experiment, role = score
    return _above(ours[experiment], role, PRINTED[score]) if experiment in ours else ""


def _section(title: str, cells: _Cells, ours: Ours, experiments: Iterable[Experiment]) -> Section:
    records = Paragraph(f"{count(ours, experiments)}.")
    return Section(title, [TableModel(columns(cells, _LEFT)), records])
