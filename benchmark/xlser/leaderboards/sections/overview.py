"""Tables over what pages show apart: what protocols can find, and where languages differ."""

from collections.abc import Iterable, Mapping, Sequence

from xlser.leaderboards.formatting import DASH, columns, show
from xlser.leaderboards.model import TableModel
from xlser.leaderboards.sections.standing import standings_table
from xlser.protocols import Labels
from xlser.results import Results, Score, Summary, Table, budgets_in_words


def separation(each: Iterable[tuple[str, Summary]]) -> TableModel:
    """Return what means over targets can find, a row for each label budget.

    Args:
        each: means over targets, with the name of the protocol.
    """
    standings = {
        f"{protocol}, {summary.condition.title}, {title}": standing
        for protocol, summary in each
        for labels, title in summary.titles.items()
        if (standing := summary.standing(labels))
    }
    return standings_table(standings, None)


def languages(results: Results, tables: Sequence[Table]) -> TableModel:
    """Return how hard each target language is and what its labels give, a row each.

    Args:
        results: of the protocol.
        tables: of one condition, one per target.
    """
    protocol = results.protocol
    budgets: tuple[Labels, ...] = protocol.first_budgets or protocol.budgets[-1:] or ("all",)
    where = budgets_in_words(budgets)
    columns_of: dict[str | None, tuple[str, Sequence[Labels]]] = {
        protocol.presentation.bounds.lower: (f"{protocol.presentation.bounds.lower}", (0,)),
        protocol.presentation.reference: (f"{protocol.presentation.reference}, {where}", budgets),
        protocol.presentation.bounds.upper: (f"{protocol.presentation.bounds.upper}", ("all",)),
    }
    cells: dict[str, list[str]] = {"language": [], "test speakers": []}
    for table in tables:
        cells["language"].append(table.target.capitalize())
        cells["test speakers"].append(str(len(table.rows[0].predictions.utterances.speakers)))
        scores = _scores(table)
        for method, (title, of_method) in columns_of.items():
            if method:
                score = _mean(scores.get(method, {}), of_method)
                cells.setdefault(title, []).append(show(score) if score else DASH)
        cells.setdefault(f"highest, {where}", []).append(_highest(table, scores, budgets))
    return TableModel(columns(cells, ["language", f"highest, {where}"]))


def _highest(
    table: Table, scores: Mapping[str, Mapping[Labels, Score]], budgets: Sequence[Labels]
) -> str:
    """Return the method with the best mean over label budgets, and that mean."""
    means = {name: mean for name, of in scores.items() if (mean := _mean(of, budgets))}
    if not means:
        return DASH
    best = max if table.metric.higher_is_better else min
    first = best(means, key=lambda name: means[name].mean)
    return f"{first}, {show(means[first])}"


def _scores(table: Table) -> dict[str, dict[Labels, Score]]:
    """Return the scores of complete rows on the target by method and label budget."""
    found: dict[str, dict[Labels, Score]] = {}
    for row in table.rows:
        if row.complete and not row.marks:
            found.setdefault(row.method, {})[row.labels] = row.scores["target", table.metric.name]
    return found


def _mean(scores: Mapping[Labels, Score], budgets: Sequence[Labels]) -> Score | None:
    """Return the mean over label budgets; None where one is missing."""
    if any(labels not in scores for labels in budgets):
        return None
    return Score.average([scores[labels] for labels in budgets])
