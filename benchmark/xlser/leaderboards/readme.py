"""The blocks of `leaderboards/README.md`: prose by hand, numbers and pictures from records.

A block stands between `<!-- NAME ARGUMENT ... -->` and `<!-- end -->` and is written anew with the
leaderboard of its PROTOCOL, or with each where it has none. Blocks of the suite are listed below,
others come from plugins; CONDITION is the slug of a condition, as in the names of the leaderboards'
pictures.

- `best PROTOCOL CONDITION`: a picture of the methods ranked first.
- `conditions PROTOCOL CONDITION OTHER`: the difference between two conditions, method by method,
  as a picture and a table.
- `lead PROTOCOL CONDITION METHOD OTHER`: the difference of METHOD to every method of OTHER.
- `gains PROTOCOL CONDITION`: what each method gains from unlabelled speech, as a picture and a
  table.
- `languages PROTOCOL CONDITION`: the bounds, the reference and the best method of each language.
- `separation PROTOCOL CONDITION ...`: what the means over languages can find under several.
- `cost`: the cost of all records.

matplotlib is imported where pictures are drawn: it takes seconds to load.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import cycle
from pathlib import Path

from xlser.errors import RecordError, UnknownNameError
from xlser.leaderboards.cost import cost_blocks
from xlser.leaderboards.formatting import SIGNIFICANT, metric_title, named, show_differences
from xlser.leaderboards.model import (
    Block,
    Column,
    Paragraph,
    Picture,
    Strong,
    TableModel,
    file_name,
    pictures_of,
)
from xlser.leaderboards.plugins import MakeBlocks, ResultsOf, all_blocks
from xlser.leaderboards.rendering import blocks_as_markdown
from xlser.leaderboards.sections.gains import gains_of_summary
from xlser.leaderboards.sections.overview import languages, separation
from xlser.protocols import find_protocol, protocol_names
from xlser.results import Difference, Results, Summary, Table
from xlser.results.summary import difference_of_means

_BLOCK = re.compile(r"(<!-- (?!end )([^>]+) -->\n)(?:(?!<!-- ).)*(<!-- end -->)", re.DOTALL)
_MARKED = f"{SIGNIFICANT} p ≤ 0.05 by exchange of speakers, adjusted over the column."
_BEST = 10  # methods in a picture that is to be read at a glance


def filled(
    path: Path, results_of: ResultsOf, protocols: Collection[str]
) -> tuple[str, list[Picture]]:
    """Return the text of a page with blocks written anew, and the pictures that these show.

    Args:
        path: of the page.
        results_of: gives the results of a protocol.
        protocols: blocks of others stay as they are.

    Raises:
        RecordError: a block has no end, or a record cannot be read.
        UnknownNameError: a block asks for what does not exist.
    """
    text = path.read_text(encoding="utf-8")
    if text.count("<!-- ") != 2 * len(_BLOCK.findall(text)):
        raise RecordError(
            f"{path} has a block without an end, or an end without a block.",
            "Blocks are `<!-- NAME ARGUMENT ... -->`, a line each, and `<!-- end -->`.",
        )
    known = all_blocks(_BLOCKS)
    pictures: list[Picture] = []

    def written(match: re.Match[str]) -> str:
        begin, words, end = match.groups()
        form, (_, *given) = _form(words.split(), known), words.split()
        named = _protocols(given, form)
        if named and named.isdisjoint(protocols):
            for protocol in named:
                find_protocol(protocol, path.parent)
            return match[0]
        blocks = known[form](results_of, *given)
        pictures.extend(pictures_of(blocks))
        return f"{begin}\n{blocks_as_markdown(blocks)}\n\n{end}"

    return _BLOCK.sub(written, text), pictures


def tables_under(results: Results, condition: str) -> list[Table]:
    """Return the tables of a condition, one per target.

    Args:
        results: of a protocol.
        condition: its slug.

    Raises:
        UnknownNameError: no record was made under such a condition.
    """
    chosen = [table for table in results.tables() if table.condition.slug == condition]
    if not chosen:
        known = {table.condition.slug for table in results.tables()}
        raise UnknownNameError(f"condition of {results.protocol.name}", condition, known)
    return chosen


def _form(words: Sequence[str], known: Collection[str]) -> str:
    for form in known:
        name, *arguments = form.split()
        if words[0] == name and _fit(words[1:], arguments):
            return form
    raise UnknownNameError("block", " ".join(words), known)


def _fit(given: Sequence[str], form: Sequence[str]) -> bool:
    """Return whether words are as many as a form asks for; "..." stands for more of the same."""
    if "..." in form:
        return bool(given) and len(given) % (len(form) - 1) == 0
    return len(given) == len(form)


def _protocols(given: Sequence[str], form: str) -> set[str]:
    """Return the words that name protocols."""
    arguments = [word for word in form.split()[1:] if word != "..."]
    return {word for word, name in zip(given, cycle(arguments), strict=False) if name == "PROTOCOL"}


def _best(results_of: ResultsOf, protocol: str, condition: str) -> list[Block]:
    from xlser.leaderboards.figures.summary import summary_dots

    summary = _summary(results_of(protocol), condition)
    metric = _metric(results_of(protocol))
    return [
        Picture(
            file_name(f"best-{protocol}-{condition}"),
            f"One row a method, for the {_BEST} ranked first at the largest budget and the bounds: "
            f"mean {metric} at each label budget; the leaderboard has the numbers.",
            summary_dots(summary.best(_BEST), metric, _chance(results_of(protocol))),
        )
    ]


def _conditions(results_of: ResultsOf, protocol: str, condition: str, other: str) -> list[Block]:
    from xlser.leaderboards.figures.summary import condition_moves

    results = results_of(protocol)
    to, from_ = _summary(results, condition), _summary(results, other)
    table = _condition_table(to, from_)
    metric = _metric(results)
    picture = Picture(
        file_name(f"conditions-{protocol}-{condition}"),
        f"One row a method: its mean {metric} under one condition as a ring and under the other "
        "as a dot; the table has the differences.",
        condition_moves(to, from_, metric, _chance(results)),
    )
    return [picture, *table]


def _lead(
    results_of: ResultsOf, protocol: str, condition: str, method: str, other: str
) -> list[Block]:
    results = results_of(protocol)
    return _lead_table(_summary(results, condition), method, _summary(results, other))


def _gains(results_of: ResultsOf, protocol: str, condition: str) -> list[Block]:
    results = results_of(protocol)
    summary = _summary(results, condition)
    metric = results.metrics[results.protocol.headline]
    return gains_of_summary(summary, summary.titles, metric, f"gains-{protocol}-{condition}")


def _languages(results_of: ResultsOf, protocol: str, condition: str) -> list[Block]:
    results = results_of(protocol)
    return [languages(results, tables_under(results, condition))]


def _separation(results_of: ResultsOf, *pairs: str) -> list[Block]:
    each = zip(pairs[::2], pairs[1::2], strict=True)
    return [separation([(name, _summary(results_of(name), slug)) for name, slug in each])]


def _cost(results_of: ResultsOf) -> list[Block]:
    runs = {
        f"{name}, {title}": frame
        for name in protocol_names()
        for title, frame in results_of(name).runs_by_condition.items()
    }
    return cost_blocks(runs)


def _summary(results: Results, condition: str) -> Summary:
    tables_under(results, condition)
    found = [summary for summary in results.summaries() if summary.condition.slug == condition]
    if not found:
        raise RecordError(
            f"{results.protocol.name}, {condition}: no method has records of several targets.",
            "Run one on two target languages, all seeds.",
        )
    return found[0]


def _metric(results: Results) -> str:
    return metric_title(results.metrics[results.protocol.headline])


def _chance(results: Results) -> float:
    return 100 / len(results.protocol.classes)


def _condition_table(summary: Summary, other: Summary) -> list[Block]:
    """Return how much higher each method's mean over targets is under one condition.

    Speakers are paired. The first row is the mean over the methods that have the label budget.

    Args:
        summary: of the condition.
        other: of the condition subtracted; its methods that `summary` lacks are left out.

    Raises:
        RecordError: they share no method at any label budget.
    """
    pairs = [(a, b) for a in summary.lines for b in other.lines if a.method == b.method]
    methods = [named(a) for a, _ in pairs]
    columns = [Column("method", [Strong("mean of these"), *methods], "left")]
    for labels in summary.budgets:
        both = [(a, b) for a, b in pairs if labels in a.rows and labels in b.rows]
        if not both:
            continue
        overall = difference_of_means([a for a, _ in both], [b for _, b in both], labels)
        cells = _differences({a.method: a.minus(b, labels) for a, b in both})
        column = [*show_differences([overall]), *(cells.get(a.method, "") for a, _ in pairs)]
        columns.append(Column(f"{labels} labels", column))
    if len(columns) == 1:
        raise RecordError(
            f"No method has complete rows under both {summary.condition.slug} and "
            f"{other.condition.slug}.",
            "Run one under both, all seeds and targets.",
        )
    return [TableModel(columns), Paragraph(f"{_MARKED} The first row is one comparison.")]


def _lead_table(summary: Summary, method: str, others: Summary) -> list[Block]:
    """Return how much higher one method's mean over targets is than that of each other method.

    Args:
        summary: of the method's condition.
        method: its name.
        others: of the condition of the other methods; bounds are left out.

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
    columns = [Column("method", [line.method for line in rest], "left")]
    for labels in leader.rows:
        cells = _differences({b.method: leader.minus(b, labels) for b in rest if labels in b.rows})
        columns.append(Column(f"{labels} labels", [cells.get(line.method, "") for line in rest]))
    return [TableModel(columns), Paragraph(_MARKED)]


def _differences(differences: Mapping[str, Difference]) -> dict[str, str]:
    """Return the differences of a column by method."""
    return dict(zip(differences, show_differences([*differences.values()]), strict=True))


_BLOCKS: dict[str, MakeBlocks] = {
    "best PROTOCOL CONDITION": _best,
    "conditions PROTOCOL CONDITION OTHER": _conditions,
    "lead PROTOCOL CONDITION METHOD OTHER": _lead,
    "gains PROTOCOL CONDITION": _gains,
    "languages PROTOCOL CONDITION": _languages,
    "separation PROTOCOL CONDITION ...": _separation,
    "cost": _cost,
}
