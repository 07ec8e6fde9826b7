"""What a table of means shows in a sentence, and what no table of a protocol can show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isinf

from xlser.leaderboards.sections.standing import NOT_ONE
from xlser.results import LEVEL, Budgets, Difference, Line, Results, Summary, adjusted_ps


@dataclass(frozen=True, eq=False)
class Finding:
    """What the methods of a condition show at the label budgets that come first.

    Attributes:
        labels: label budget, or several.
        first: method with the highest mean there; None where no method has a rank.
        reference: method that others are held against; None where it has no row there.
        differences: from the reference, of every other method that has a rank, best first.
        below: number of methods separably below the first.
        methods: number of methods that have a rank.
    """

    labels: Budgets
    first: Line | None
    reference: Line | None
    differences: Mapping[str, Difference]
    below: int
    methods: int

    @cached_property
    def sentence(self) -> str:
        """The finding in a sentence or two."""
        several = self.labels if isinstance(self.labels, tuple) else (self.labels,)
        where = f"at {', '.join(map(str, several))} labels"
        if self.first is None:
            return f"No method has a rank {where}."
        if not self.differences or self.reference is None:
            below = f"{self.below} of {self.methods - 1} others are separably below it"
            return f"{self.first.method} has the highest mean {where}" + (
                f"; {below}." if self.methods > 1 else "."
            )
        name, count = self.reference.method, len(self.differences)
        signs = self._signs()
        above = [method for method, sign in signs.items() if sign > 0]
        worse = sum(sign < 0 for sign in signs.values())
        tail = f"{worse} {'is' if worse == 1 else 'are'} separably below it"
        if not above:
            return f"None of {count} methods is separably above {name} {where}; {tail}."
        best = above[0]
        lead = self.differences[best].value
        verb = "is" if len(above) == 1 else "are"
        return (
            f"{len(above)} of {count} methods {verb} separably above {name} {where}, {best} by "
            f"most ({lead:.1f} points); {tail}."
        )

    def _signs(self) -> dict[str, int]:
        ps = adjusted_ps([*self.differences.values()])
        return {
            method: (1 if difference.value > 0 else -1) if p <= LEVEL else 0
            for (method, difference), p in zip(self.differences.items(), ps, strict=True)
        }


def found(summary: Summary, reference: str | None) -> Finding:
    """Return what the methods of a condition show where its headline is.

    Args:
        summary: of the condition.
        reference: name of the method that others are held against.
    """
    numbers = [labels for labels in summary.budgets if labels != "all"]
    labels: Budgets = summary.headline or numbers[-1] if numbers else "all"
    ranked = [line for line in summary.lines if line.has(labels) and not line.bound]
    if not ranked and numbers:
        labels = numbers[-1]
        ranked = [line for line in summary.lines if line.has(labels) and not line.bound]
    sign = -1 if summary.lines[0].metric.higher_is_better else 1
    ranked.sort(key=lambda line: sign * line.score(labels).mean)
    base = next((line for line in ranked if line.method == reference), None)
    others = [line for line in ranked if base and line is not base]
    standing = summary.standing(labels, reference)
    return Finding(
        labels,
        first=ranked[0] if ranked else None,
        reference=base,
        differences={line.method: line.minus(base, labels) for line in others if base},
        below=len(standing.separable) if standing else 0,
        methods=len(ranked),
    )


def limits(results: Results, main: Summary | None) -> Iterator[str]:
    """Yield in sentences what the records of a protocol cannot show.

    Args:
        results: of the protocol.
        main: means over targets, of the condition that stands first; None for none.
    """
    reference = results.protocol.presentation.reference
    if main:
        labels = found(main, reference).labels
        standing = main.standing(labels)
        if standing and not standing.separable:
            yield NOT_ONE
        if standing and not isinf(standing.named):
            yield (
                f"Two methods less than {standing.named:.1f} points apart in the mean over "
                f"languages: a difference of that size is found in 80 of 100 experiments, a "
                "smaller one less often."
            )
    standings = [
        standing
        for table in results.tables()
        for labels in dict.fromkeys(row.labels for row in table.rows if row.ranked)
        if (standing := table.standing(labels, reference))
    ]
    silent = sum(not standing.separable for standing in standings)
    if silent:
        yield (
            f"An order within a language, in {silent} of {len(standings)} tables of one language "
            "and label budget: no method there is separably below the first."
        )
    protocol = results.protocol
    there = {table.target for table in results.tables()}
    lacking = [target.capitalize() for target in protocol.targets if target not in there]
    if lacking:
        yield f"Languages of the protocol without records: {', '.join(lacking)}."
    partial = {t.condition.title for t in results.tables() if t.condition.partial}
    if partial:
        yield f"One condition against another with more source speech: {len(partial)} lack some."
