"""The page that holds the paper's claims against records: prose by hand, figures by records.

Its figures stand between `<!-- WHAT ... -->` and `<!-- end -->`, and are written anew
with the leaderboards. WHAT is one of these; SETTING is the slug of rows, as in the names of the
leaderboards' pictures.

- `best PROTOCOL SETTING`: a picture of the methods ranked first.
- `differences PROTOCOL SETTING`: the paper's claims, a picture and its table.
- `english PROTOCOL SETTING`: what English gains or loses.
- `corpora PROTOCOL SETTING TARGET`: English by corpus.
- `settings PROTOCOL SETTING OTHER`: what SETTING gains over OTHER, method by method; a picture and
  its table.
- `lead PROTOCOL SETTING METHOD OTHER`: what METHOD gains over every method under OTHER.
- `print`: every figure in print beside ours.
- `cost`: what it all took.

matplotlib is imported where pictures are drawn: it takes seconds to load.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xlser.corpora import get_corpus
from xlser.errors import RecordError, UnknownNameError
from xlser.files import write_atomically
from xlser.leaderboards.cells import (
    DASH,
    FIGURES,
    markdown_table,
    show,
    show_interval,
    signed,
)
from xlser.leaderboards.claims import CLAIMS, ENGLISH, Difference, Side, differences
from xlser.leaderboards.cost import cost_section
from xlser.leaderboards.gains import lead_table, setting_table
from xlser.leaderboards.paper import FIVE_CLASSES, FOUR_CLASSES
from xlser.leaderboards.paper_tables import all_in_print
from xlser.protocols import Protocol, get_protocol, protocol_names
from xlser.results import LEVEL, Results, Score, Summary, Table, cost, load

if TYPE_CHECKING:
    from xlser.leaderboards.figures import Files

_BLOCK = re.compile(r"(<!-- (?!end )([^>]+) -->\n)(?:(?!<!-- ).)*(<!-- end -->)", re.DOTALL)
_BEST = 10  # methods in a picture that is to be seen at a glance
_KINDS = (
    "best PROTOCOL SETTING",
    "differences PROTOCOL SETTING",
    "english PROTOCOL SETTING",
    "corpora PROTOCOL SETTING TARGET",
    "settings PROTOCOL SETTING OTHER",
    "lead PROTOCOL SETTING METHOD OTHER",
    "print",
    "cost",
)
_SIDES = [
    *dict.fromkeys(side for claim in ENGLISH for side in (claim.below, claim.above)),
]


@dataclass
class _Page:
    """What a page's figures are made of, and the pictures it shows by the names of their files."""

    leaderboards: Path
    pictures: dict[str, bytes] = field(default_factory=dict)
    read: dict[str, Results] = field(default_factory=dict)

    def block(self, words: Sequence[str]) -> str:
        match words:
            case ["best", protocol, slug]:
                return self._best(get_protocol(protocol), slug)
            case ["differences", protocol, slug]:
                return self._differences(get_protocol(protocol), slug)
            case ["english", protocol, slug]:
                return self._english(get_protocol(protocol), slug)
            case ["corpora", protocol, slug, target]:
                return self._corpora(get_protocol(protocol), slug, target)
            case ["settings", protocol, slug, other]:
                return self._settings(get_protocol(protocol), slug, other)
            case ["lead", protocol, slug, method, other]:
                held = get_protocol(protocol)
                return lead_table(self._summary(held, slug), method, self._summary(held, other))
            case ["print"]:
                return self._print()
            case ["cost"]:
                return self._cost()
        raise UnknownNameError("block of figures", " ".join(words), _KINDS)

    def _best(self, protocol: Protocol, slug: str) -> str:
        from xlser.leaderboards.figures import summary_dots

        best = self._summary(protocol, slug).best(_BEST)
        files = summary_dots(best, FIGURES[protocol.headline], 100 / len(protocol.classes))
        return self._picture(
            f"best-{protocol.name}-{slug}",
            files,
            f"A row of dots a method, the {_BEST} ranked first at most labels and the bounds: mean "
            f"{FIGURES[protocol.headline]} at each label budget; numbers in the leaderboard.",
        )

    def _settings(self, protocol: Protocol, slug: str, other: str) -> str:
        from xlser.leaderboards.figures import setting_moves

        summary, left = self._summary(protocol, slug), self._summary(protocol, other)
        gained = setting_table(summary, left)
        figure = FIGURES[protocol.headline]
        picture = self._picture(
            f"settings-{protocol.name}-{slug}",
            setting_moves(summary, left, figure, 100 / len(protocol.classes)),
            f"A row a method: from a ring, its mean {figure} under one setting, to a dot, that "
            "under the other; differences in the table.",
        )
        return f"{picture}\n\n{gained}"

    def _differences(self, protocol: Protocol, slug: str) -> str:
        from xlser.leaderboards.figures import difference_lines

        boards = self._boards(protocol, slug)
        found = differences(protocol, boards, CLAIMS)
        figure = FIGURES[protocol.headline]
        files = difference_lines(found, f"{protocol.name}; {boards[0].condition.title}", figure)
        picture = self._picture(
            f"differences-{protocol.name}-{slug}",
            files,
            f"A row a claim: how far apart its two rows are, {figure}, with the 95 % interval; "
            "numbers in the table.",
        )
        return f"{picture}\n\n{_table(found, boards)}"

    def _english(self, protocol: Protocol, slug: str) -> str:
        boards = self._boards(protocol, slug)
        return _table(differences(protocol, boards, ENGLISH), boards)

    def _corpora(self, protocol: Protocol, slug: str, target: str) -> str:
        shares: dict[Side, Mapping[str, Score]] = {}
        for board in self._boards(protocol, slug):
            if board.target == target:
                for row in board.rows:
                    if (row.method, row.labels) in _SIDES:
                        of_row = row.scores.by_corpus("source", "accuracy")
                        shares[row.method, row.labels] = of_row
        sides = sorted(shares, key=_SIDES.index)
        columns = {"": [_side(side) for side in sides]}
        for corpus in sorted({corpus for own in shares.values() for corpus in own}):
            columns[f"{get_corpus(corpus).title}, accuracy %"] = [
                show(shares[side][corpus]) for side in sides
            ]
        columns["seeds"] = [str(len(next(iter(shares[side].values())).values)) for side in sides]
        return markdown_table(columns, [""])

    def _print(self) -> str:
        papers = (FIVE_CLASSES, FOUR_CLASSES)
        return all_in_print({name: self._all_boards(get_protocol(name)) for name in papers})

    def _cost(self) -> str:
        runs = {
            f"{name}, {title}": frame
            for name in protocol_names()
            if (results := self._results(get_protocol(name)))
            for title, frame in results.runs_by_condition.items()
        }
        return cost_section(cost(runs))

    def _picture(self, name: str, files: "Files", alternative: str) -> str:
        self.pictures |= {f"{name}.{suffix}": content for suffix, content in files.items()}
        return f"![{alternative}](figures/{name}.svg)"

    def _summary(self, protocol: Protocol, slug: str) -> Summary:
        self._boards(protocol, slug)
        results = self._results(protocol)
        found = [x for x in results.summaries() if x.condition.slug == slug] if results else []
        if not found:
            raise RecordError(
                f"{protocol.name}, {slug}: no method has records of several targets.",
                "Run one on two target languages, all seeds.",
            )
        return found[0]

    def _boards(self, protocol: Protocol, slug: str) -> list[Table]:
        boards = self._all_boards(protocol)
        chosen = [board for board in boards if board.condition.slug == slug]
        if not chosen:
            raise UnknownNameError(
                f"setting of {protocol.name}", slug, {board.condition.slug for board in boards}
            )
        return chosen

    def _all_boards(self, protocol: Protocol) -> Sequence[Table]:
        results = self._results(protocol)
        return results.tables() if results else []

    def _results(self, protocol: Protocol) -> Results | None:
        if not (self.leaderboards / protocol.name / "results").is_dir():
            return None
        if protocol.name not in self.read:
            self.read[protocol.name] = load(protocol, self.leaderboards)
        return self.read[protocol.name]


def refresh_lessons(leaderboards: Path) -> Path | None:
    """Write the figures of `<leaderboards>/README.md` anew; return it, or None if there is none.

    Raises:
        RecordError: a block has no end, or a record cannot be read.
        UnknownNameError: a block asks for what there is not.
    """
    path = leaderboards / "README.md"
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    if text.count("<!-- ") != 2 * len(_BLOCK.findall(text)):
        raise RecordError(
            f"{path} has a block of figures without an end, or an end without a block.",
            "Blocks are `<!-- WHAT PROTOCOL SETTING -->`, a line each, and `<!-- end -->`.",
        )
    page = _Page(leaderboards)

    def filled(block: re.Match[str]) -> str:
        begin, words, end = block.groups()
        return f"{begin}\n{page.block(words.split())}\n\n{end}"

    write_atomically(path, _BLOCK.sub(filled, text).encode())
    for name, content in page.pictures.items():
        write_atomically(leaderboards / "figures" / name, content)
    return path


def _table(found: Sequence[Difference], boards: Sequence[Table]) -> str:
    targets = [board.target for board in boards]
    columns = {
        "": [x.claim.says for x in found],
        "difference": [f"{_side(x.claim.above)} − {_side(x.claim.below)}" for x in found],
    }
    for target in targets:
        name = target.capitalize()
        columns[f"{name}, paper"] = [
            signed(x.printed[target]) if target in x.printed else DASH for x in found
        ]
        columns[f"{name}, ours"] = [_ours(x, target) for x in found]
    if len(targets) > 1:
        columns["mean, ours"] = [_mean(x) for x in found]
    if all(x.mean is not None for x in found):
        columns["p"] = [f"{x.p:.2f}" for x in found]
        columns["on these speakers"] = [_verdict(x) for x in found]
    return markdown_table(columns, ["", "difference", "on these speakers"])


def _side(side: Side) -> str:
    method, labels = side
    return f"{method}, {labels}"


def _ours(difference: Difference, target: str) -> str:
    if target in difference.ours:
        ours = difference.ours[target]
        return f"{signed(ours.value)} {show_interval(ours)}"
    return _over_seeds(difference.seeds[target])


def _mean(difference: Difference) -> str:
    if difference.mean is None:
        return _over_seeds(difference.seeds_mean)
    return f"{signed(difference.mean.value)} {show_interval(difference.mean)}"


def _over_seeds(figure: Score) -> str:
    spread = "" if figure.spread is None else f" ± {figure.spread:.1f}"
    return signed(figure.mean) + spread


def _verdict(difference: Difference) -> str:
    if difference.mean is None or difference.p > LEVEL:
        return "not decided"
    return "holds" if difference.mean.value > 0 else "the opposite holds"
