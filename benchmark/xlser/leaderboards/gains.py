"""What one setting gains over another, and one method over all others: means over targets."""

from xlser.errors import RecordError, UnknownNameError
from xlser.leaderboards.cells import SEPARABLE, markdown_table, show_difference
from xlser.results import Estimate, Line, Summary, holm
from xlser.results.summary import difference_of_means

MARKED = f"{SEPARABLE} p ≤ 0.05 after Holm's correction over the column."


def setting_table(summary: Summary, other: Summary) -> str:
    """Return by how much each method's mean over targets is higher under one setting.

    Speakers are paired. The first row is the mean over the methods that have the label budget:
    what the setting itself is worth, as far as these methods tell.

    Args:
        summary: of the setting said to be above.
        other: of the setting it is held against; its methods that `summary` lacks are passed over.

    Raises:
        RecordError: they share no method at any label budget.
    """
    pairs = [(a, b) for a in summary.lines for b in other.lines if a.method == b.method]
    columns = {"method": ["**mean of these**", *(_name(a) for a, _ in pairs)]}
    for labels in summary.budgets:
        both = [(a, b) for a, b in pairs if labels in a.rows and labels in b.rows]
        if not both:
            continue
        overall = difference_of_means([a for a, _ in both], [b for _, b in both], labels)
        of_methods = {a.method: a.minus(b, labels) for a, b in both}
        cells = _differences(of_methods)
        column = [show_difference(overall, overall.p), *(cells.get(a.method, "") for a, _ in pairs)]
        columns[f"{labels} labels"] = column
    if len(columns) == 1:
        raise RecordError(
            f"No method has complete rows under both {summary.condition.slug} and "
            f"{other.condition.slug}.",
            "Run one under both, all seeds and targets.",
        )
    return f"{markdown_table(columns, ['method'])}\n\n{MARKED} The first row is one comparison."


def lead_table(summary: Summary, method: str, others: Summary) -> str:
    """Return by how much one method is above each other one, as means over targets.

    Args:
        summary: of the method's setting.
        method: its name.
        others: of the setting of those it is held against; bounds are left out.

    Raises:
        UnknownNameError: the method has no complete row.
    """
    lines = {line.method: line for line in summary.lines}
    if method not in lines:
        raise UnknownNameError("complete row of", method, lines)
    leader = lines[method]
    rest = [
        b
        for b in others.lines
        if not b.bound and (b.method, others.condition) != (method, summary.condition)
    ]
    columns = {"method": [line.method for line in rest]}
    for labels in leader.rows:
        met = {b.method: leader.minus(b, labels) for b in rest if labels in b.rows}
        cells = _differences(met)
        columns[f"{labels} labels"] = [cells.get(line.method, "") for line in rest]
    return f"{markdown_table(columns, ['method'])}\n\n{MARKED}"


def _name(line: Line) -> str:
    return f"{line.method} †" if line.bound else line.method


def _differences(found: dict[str, Estimate]) -> dict[str, str]:
    """Return differences by method as they stand in a column, marked where they are separable."""
    adjusted = holm([difference.p for difference in found.values()])
    pairs = zip(found.items(), adjusted, strict=True)
    return {method: show_difference(difference, p) for (method, difference), p in pairs}
