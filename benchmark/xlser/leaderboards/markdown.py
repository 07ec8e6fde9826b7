"""Leaderboards as Markdown: the same records give the same bytes."""

from collections.abc import Collection, Sequence
from itertools import groupby
from pathlib import Path

from tabulate import tabulate

from xlser.corpora import get_corpus
from xlser.files import write_atomically
from xlser.leaderboards.board import Figure, Row, Setting, Table, read_records, tables
from xlser.leaderboards.paper import ERRATA, PRINTED, SETTING, Printed
from xlser.protocols import Protocol
from xlser.runs import Role

_DASH = "–"
_ROLES: tuple[Role, ...] = ("target", "source")
_FIGURES = {"ua": "UA %", "accuracy": "accuracy %"}


def write_leaderboard(protocol: Protocol, leaderboards: Path) -> Path:
    """Write `<leaderboards>/<protocol>/README.md` from the records beside it; return its path.

    Raises:
        RecordError: a record cannot be read or does not belong there.
    """
    folder = leaderboards / protocol.name
    page = render(protocol, tables(protocol, read_records(folder / "results")))
    path = folder / "README.md"
    write_atomically(path, page.encode())
    return path


def render(
    protocol: Protocol, boards: Sequence[Table], targets: Collection[str] | None = None
) -> str:
    """Return the page of a protocol, for all targets or the given ones."""
    sections = [_introduction(protocol)]
    shown = [board for board in boards if targets is None or board.target in targets]
    for target, group in groupby(shown, key=lambda board: board.target):
        titles = ", ".join(get_corpus(name).title for name in protocol.languages[target])
        sections.append(f"## {target.capitalize()} ({titles})")
        sections += [_table(protocol, board) for board in group]
    if not shown:
        sections.append("No records yet.")
    return "\n\n".join(sections) + "\n"


def _introduction(protocol: Protocol) -> str:
    lines = [
        f"# {protocol.name}",
        protocol.about,
        f"Protocol version {protocol.version}, digest `{protocol.digest[:16]}`; written by "
        f"`xlser leaderboard {protocol.name}` from the records in `results/`. Figures are percent, "
        f"mean ± standard deviation over seeds ({', '.join(map(str, protocol.seeds))}). UA is the "
        "mean of the per-class recalls, accuracy the share of utterances recognised. Chance is "
        f"{100 / len(protocol.classes):.1f} %.",
        _about_ranks(protocol),
    ]
    if protocol.grouped_by:
        lines += [SETTING, ERRATA]
    return "\n\n".join(lines)


def _about_ranks(protocol: Protocol) -> str:
    if not protocol.ranks:
        return "This protocol ranks nothing: rows stand in order, best first within a label budget."
    headline = _FIGURES[protocol.headline].removesuffix(" %")
    return (
        f"Ranks go by {headline} on the target language, within a label budget; equal figures "
        "share a rank. Rows that see all target labels, lack seeds or come from a partial source "
        "have none."
    )


def _table(protocol: Protocol, board: Table) -> str:
    order = sorted(_FIGURES, key=lambda name: name != protocol.headline)
    source = protocol.source.capitalize()
    printed = [_printed(protocol, board, row) for row in board.rows]
    beside_paper = any(any(figures.values()) for figures in printed)
    ranked = protocol.ranks and not board.setting.partial
    header = [*(["rank"] if ranked else []), "method", "labels"]
    header += [_FIGURES[name] for name in order]
    header += [f"{source} {_FIGURES[name]}" for name in order] + ["seeds"]
    if beside_paper:
        header += ["paper", "ours − paper", f"paper, {source}", f"ours − paper, {source}"]
    body = []
    for row, rank, paper in zip(board.rows, _ranks(protocol, board), printed, strict=True):
        method = f"{row.method} †" if row.bound else row.method
        cells = [*([rank] if ranked else []), method, str(row.labels)]
        cells += [_figure(row.figures["target", name]) for name in order]
        cells += [_figure(row.figures["source", name]) for name in order]
        cells.append(_seeds(row, protocol))
        if beside_paper:
            for role in _ROLES:
                cells += _beside(row, role, paper[role])
        body.append(cells)
    align = ["left" if title == "method" else "right" for title in header]
    table = tabulate(body, header, tablefmt="pipe", disable_numparse=True, colalign=align)
    notes = [f"Always answering the most frequent class: {board.majority:.1f} % accuracy."]
    if any(row.bound for row in board.rows):
        notes.append("† sees every target train label.")
    return "\n\n".join([f"### {_heading(board.setting)}", table, " ".join(notes)])


def _heading(setting: Setting) -> str:
    weights = setting.weights if setting.weights in ("random", "none") else setting.weights[:8]
    parts = [f"{setting.track} track", f"{setting.backbone} (weights {weights})", setting.precision]
    if setting.absent:
        parts.append(f"partial source: {', '.join(setting.source)}")
    if setting.excluded:
        parts.append(f"excluded: {', '.join(setting.excluded)}")
    return "; ".join(parts)


def _ranks(protocol: Protocol, board: Table) -> list[str]:
    """Return a rank for each row that may have one; rows come best first within a budget."""
    ranks: list[str] = []
    better: dict[object, list[float]] = {}  # headline figures of a budget, best first
    for row in board.rows:
        if row.bound or row.seeds != protocol.seeds:
            ranks.append(_DASH)
            continue
        figure = row.figures["target", protocol.headline].mean
        figures = better.setdefault(row.labels, [])
        figures.append(figure)
        ranks.append(str(1 + figures.index(figure)))
    return ranks


def _figure(figure: Figure) -> str:
    spread = "" if figure.spread is None else f" ± {figure.spread:.1f}"
    return f"{figure.mean:.1f}{spread}"


def _seeds(row: Row, protocol: Protocol) -> str:
    complete = row.seeds == protocol.seeds
    return str(len(row.seeds)) if complete else f"{len(row.seeds)} of {len(protocol.seeds)}"


def _printed(protocol: Protocol, board: Table, row: Row) -> dict[Role, Printed | None]:
    if protocol.name != "agarla2022":
        return dict.fromkeys(_ROLES)
    return {role: PRINTED.get((row.kind, board.target, row.labels, role)) for role in _ROLES}


def _beside(row: Row, role: Role, printed: Printed | None) -> list[str]:
    if printed is None:
        return [_DASH, _DASH]
    difference = row.figures[role, "accuracy"].mean - printed.accuracy
    return [f"{printed.accuracy:.2f} ({printed.table})", f"{difference:+.1f}".replace("-", "−")]
