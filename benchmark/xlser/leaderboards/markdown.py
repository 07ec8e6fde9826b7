"""Leaderboards as Markdown and pictures: the same records give the same bytes."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from xlser.corpora import get_corpus
from xlser.files import write_atomically
from xlser.leaderboards.cells import (
    DASH,
    FIGURES,
    SEES_ALL,
    SEPARABLE,
    above_printed,
    group_numbers,
    inside,
    markdown_table,
    show,
    show_difference,
    show_interval,
    show_printed,
    show_seeds,
)
from xlser.leaderboards.cost import cost_section
from xlser.leaderboards.details import details_name, details_page
from xlser.leaderboards.paper import ERRATA, FIVE_CLASSES, FOUR_CLASSES, PRINTED, SETTING
from xlser.protocols import Protocol, get_protocol
from xlser.records import Role
from xlser.results import Results, Row, Table, competition_ranks, cost, holm, load

_BASELINE = "sft"


class Written(NamedTuple):
    """A leaderboard as it was written.

    Attributes:
        page: its file.
        results: what it shows.
    """

    page: Path
    results: Results


def write_leaderboard(protocol: Protocol, leaderboards: Path) -> Written:
    """Write `<leaderboards>/<protocol>/README.md` from the records beside it.

    Its figures and a page of details for each table go beside it, too; those that are no longer
    shown are removed.

    Raises:
        RecordError: a record cannot be read or does not belong there.
    """
    folder = leaderboards / protocol.name
    results = load(protocol, leaderboards)
    boards = results.tables()
    above, pictures = _overview(results, leaderboards)
    files = {folder / "figures" / name: content for name, content in pictures.items()}
    for board in boards:
        name = details_name(board)
        page = details_page(protocol, board, picture=f"confusions-{name}.svg" in pictures)
        files[folder / "details" / f"{name}.md"] = page.encode()
    for path, content in files.items():
        write_atomically(path, content)
    path = folder / "README.md"
    write_atomically(path, _page(results, boards, above).encode())
    for kind in ("figures/*.svg", "figures/*.png", "details/*.md"):
        for written in set(folder.glob(kind)) - set(files):
            written.unlink()
    return Written(path, results)


def render(results: Results, targets: Collection[str] | None = None) -> str:
    """Return the tables of all targets or the given ones, as a page without pictures."""
    shown = [board for board in results.tables() if targets is None or board.target in targets]
    return _page(results, shown, [])


def _overview(results: Results, leaderboards: Path) -> tuple[Sequence[str], Mapping[str, bytes]]:
    """Return what stands above the targets: Markdown, and pictures by name of file."""
    protocol, boards = results.protocol, results.tables()
    if protocol.name != FIVE_CLASSES and not protocol.ranks:
        return [], {}
    # Imported where pictures are drawn: matplotlib takes seconds to load, and a run needs none.
    from xlser.leaderboards.overview import beside_paper, confusion_pictures, mean_over_targets

    if protocol.ranks:
        overview = mean_over_targets(results)
    else:
        of_table_6 = load(get_protocol(FOUR_CLASSES), leaderboards).tables()
        overview = beside_paper(protocol, {FIVE_CLASSES: boards, FOUR_CLASSES: of_table_6})
    return overview.sections, overview.pictures | confusion_pictures(protocol, boards)


def _page(results: Results, boards: Sequence[Table], above: Sequence[str]) -> str:
    protocol = results.protocol
    sections = [_introduction(protocol), *above]
    for target, group in groupby(boards, key=lambda board: board.target):
        titles = ", ".join(get_corpus(name).title for name in protocol.languages[target])
        sections.append(f"## {target.capitalize()} ({titles})")
        sections += [_board(protocol, board) for board in group]
    if boards:
        targets = {board.target for board in boards}
        runs = {
            title: frame[frame["target"].isin(targets)]
            for title, frame in results.runs_by_condition.items()
        }
        sections.append(cost_section(cost(runs)))
    else:
        sections.append("No records yet.")
    return "\n\n".join(sections) + "\n"


def _introduction(protocol: Protocol) -> str:
    lines = [
        f"# {protocol.name}",
        protocol.about,
        f"Protocol version {protocol.version}, digest `{protocol.digest[:16]}`; written by "
        f"`xlser leaderboard {protocol.name}` from the records in `results/`. Figures are percent. "
        "UA is the mean of the per-class recalls, accuracy the share of utterances recognised. "
        f"Chance is {100 / len(protocol.classes):.1f} %.",
        _about_uncertainty(protocol),
        _about_ranks(protocol),
    ]
    if protocol.grouped_by:
        lines += [SETTING, ERRATA]
    return "\n\n".join(lines)


def _about_uncertainty(protocol: Protocol) -> str:
    headline = _headline(protocol)
    return (
        f"Behind ± stands the seed spread: the standard deviation over seeds "
        f"({', '.join(map(str, protocol.seeds))}), which train anew and, where the protocol "
        f"rotates them, test other speakers. The 95 % interval of {headline} on the target "
        "language tells how far it may be from that of all speakers of the kind tested: speakers "
        "are resampled, one tested under several seeds as one. vs SFT is by how much "
        f"{headline} is above that of `{_BASELINE}` at the same label budget, the same speakers "
        f"resampled for both, with the interval of that difference; {SEPARABLE} marks what is "
        "separable at 5 % over all differences of the column (Holm). "
        "[How it is computed, and what it cannot say](../../docs/statistics.md)."
    )


def _about_ranks(protocol: Protocol) -> str:
    if not protocol.ranks:
        return "This protocol ranks nothing: rows stand in order, best first within a label budget."
    return (
        f"Ranks go by {_headline(protocol)} on the target language, among the rows of one table; "
        "figures that print the same share a rank (2=). Group 1 is the row ranked first and all "
        "that are not separable from it at 5 % (Holm's correction, over all pairs); group 2 the "
        "same among the rest, and so on: within a group, ranks are no evidence. Rows that see all "
        "target labels or lack seeds have neither rank nor group. Where a heading says partial "
        "source or excluded, ranks hold among rows of that very table only, never against those "
        "of complete ones."
    )


def _headline(protocol: Protocol) -> str:
    return FIGURES[protocol.headline].removesuffix(" %")


def _board(protocol: Protocol, board: Table) -> str:
    """Return a table a label budget; rows that see all labels stand at the foot of each."""
    details = f"[Classes, confusions and calibration](details/{details_name(board)}.md)."
    notes = [f"Always answering the most frequent class: {board.majority:.1f} % accuracy."]
    if any(row.bound for row in board.rows):
        notes.append(SEES_ALL)
    sections = [f"### {board.condition.title}", " ".join([*notes, details])]
    budgets = dict.fromkeys(row.labels for row in board.rows if not row.bound) or ["all"]
    for labels in budgets:
        rows = [row for row in board.rows if row.bound or row.labels == labels]
        sections += [f"#### {labels} labels", _table(protocol, board.target, rows)]
    return "\n\n".join(sections)


def _table(protocol: Protocol, target: str, rows: Sequence[Row]) -> str:
    source = protocol.source.capitalize()
    headline, other = sorted(FIGURES, key=lambda name: name != protocol.headline)
    columns: dict[str, list[str]] = {}
    if protocol.ranks:
        columns["rank"] = _ranks(protocol, rows)
        columns["group"] = _groups(rows)
    columns["method"] = [f"{row.method} †" if row.bound else row.method for row in rows]
    columns[FIGURES[headline]] = [show(row.scores["target", headline]) for row in rows]
    columns["95 % interval"] = [show_interval(row.resampled.estimate) for row in rows]
    columns |= _versus_baseline(rows)
    columns[FIGURES[other]] = [show(row.scores["target", other]) for row in rows]
    for name in (headline, other):
        columns[f"{source} {FIGURES[name]}"] = [show(row.scores["source", name]) for row in rows]
    columns["seeds"] = [show_seeds(row) for row in rows]
    columns |= _beside_paper(protocol, target, rows)
    return markdown_table(columns, ["method"])


def _ranks(protocol: Protocol, rows: Sequence[Row]) -> list[str]:
    """Return a rank for each row that may have one."""
    headlines = [row.scores["target", protocol.headline].mean for row in rows if row.ranked]
    ranks = iter(competition_ranks(headlines))
    return [next(ranks) if row.ranked else DASH for row in rows]


def _groups(rows: Sequence[Row]) -> list[str]:
    """Return the group of each row that has a rank."""
    groups = iter(group_numbers([row for row in rows if row.ranked]))
    return [next(groups) if row.ranked else DASH for row in rows]


def _versus_baseline(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return a column of differences to the baseline, where it has a row, over the same seeds."""
    baseline = next((row for row in rows if row.method == _BASELINE), None)
    if baseline is None:
        return {}
    compared = [row is not baseline and row.is_comparable(baseline) for row in rows]
    differences = [
        row.resampled.minus(baseline.resampled)
        for row, beside in zip(rows, compared, strict=True)
        if beside
    ]
    ps = holm([difference.p for difference in differences])
    cells = map(show_difference, differences, ps)
    return {"vs SFT": [next(cells) if beside else DASH for beside in compared]}


def _beside_paper(protocol: Protocol, target: str, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return columns of the paper's figures and how far ours are above, where it prints some."""
    columns: dict[str, list[str]] = {}
    languages: dict[Role, str] = {"target": "", "source": f", {protocol.source.capitalize()}"}
    for role, where in languages.items():
        cells = [(protocol.name, row.method, target, row.labels) for row in rows]
        printed = [PRINTED.get((cell, role)) for cell in cells]
        if any(printed):
            columns[f"paper{where}"] = [show_printed(p) if p else DASH for p in printed]
            columns[f"ours − paper{where}"] = [
                above_printed(row, role, p) if p else DASH
                for row, p in zip(rows, printed, strict=True)
            ]
            if role == "target":
                columns["paper within interval"] = [
                    inside(row, p) if p else DASH for row, p in zip(rows, printed, strict=True)
                ]
    return columns
