"""What the paper adds to pages: its tables and figures, columns beside rows, and blocks."""

from collections.abc import Iterable, Mapping, Sequence

from xlser.corpora import get_corpus
from xlser.leaderboards import PagePlugin
from xlser.leaderboards.formatting import columns, metric_title, show
from xlser.leaderboards.model import (
    Block,
    Code,
    Column,
    Paragraph,
    Picture,
    Section,
    TableModel,
    file_name,
)
from xlser.leaderboards.plugins import MakeBlocks, ResultsOf
from xlser.leaderboards.readme import tables_under
from xlser.protocols import Protocol
from xlser.results import Condition, Results, Row, Table, least_p
from xlser_agarla2022.choices import epochs, voices
from xlser_agarla2022.claim_tables import claim_table, side
from xlser_agarla2022.claims import CLAIMS, ENGLISH, differences
from xlser_agarla2022.printed import (
    FIGURE_2,
    FIGURE_3,
    FIVE_CLASSES,
    FOUR_CLASSES,
    OTHER_VOICE,
    Experiment,
)
from xlser_agarla2022.tables import (
    Ours,
    all_in_print,
    beside_rows,
    count,
    figure_2_numbers,
    ours_by_condition,
    table_3,
    table_4,
    table_5,
    table_6,
)

_EXPERIMENT = """\
The paper fine-tunes the 1024-dimensional backbone on RAVDESS, SAVEE and TESS. Every table here \
shows its scores beside ours; only a table of that condition repeats its experiment."""

_ERRATA = (
    """\
What the paper calls "unweighted accuracy" is plain accuracy: its scores are fractions of the 162, \
71, 140, 361 and 1270 test utterances. They are compared with our accuracy; """,
    Code("UA"),
    """ is the mean of the per-class recalls. Its Tables 3 and 4 report single runs, its Table 5 \
the mean of three. Its Persian scores are of SERAB's ShEMO split, which this protocol repeats: it \
groups by utterance number, not by speaker, so all 52 test speakers also train and fear is never \
tested. Misprints: Table 2 has neutral and sadness swapped for English (616 and 652) and French \
(72 and 144); Table 1 gives CaFE 864 utterances of its 936.""",
)

_ABOUT = """\
Accuracy, percent. Ours is the mean ± standard deviation over seeds, of methods at their default \
hyper-parameters except τ in Table 5, and on the new language [its 95 % interval over speakers]. \
German and Italian are tested on two speakers each, so the interval is very wide; as the paper \
tests the same speakers, the deviation over seeds is the better yardstick. The paper prints no \
numbers for its Figure 2: the marks in ours are its Table 5 at τ = 0.50. Blank cells have no \
records yet."""

_QUOTED = """\
The paper quotes the first four rows, DANN, FLUDA and AL from the FLUDA paper; they were tested on \
all 339 utterances of the four classes, not on these 61. AL above FLUDA contradicts the FLUDA \
paper's own claim."""


class Agarla2022Pages(PagePlugin):
    """The paper beside our results."""

    name = "agarla2022"
    protocols = (FIVE_CLASSES, FOUR_CLASSES, OTHER_VOICE)

    def introduction(self, results: Results) -> Sequence[Block]:
        """Return how the paper's experiment differs from ours, and its errata."""
        return [Paragraph(_EXPERIMENT), Paragraph(_ERRATA)]

    def sections(self, results: Results, results_of: ResultsOf) -> Sequence[Section]:
        """Return the paper's tables and figures, for each condition that has records of some."""
        if results.protocol.name != FIVE_CLASSES:
            return []
        papers, other = [results, results_of(FOUR_CLASSES)], results_of(OTHER_VOICE)
        sections = []
        for condition, ours in ours_by_condition(papers).items():
            parts = _tables_and_figures(results.protocol, condition, ours)
            parts += [*epochs(papers, condition), *voices(results, other, condition)]
            sections.append(Section(condition.title, sections=parts))
        title = "The paper's tables and figures"
        return [Section(title, [Paragraph(_ABOUT)], sections)] if sections else []

    def columns(self, results: Results, table: Table, rows: Sequence[Row]) -> Sequence[Column]:
        """Return the paper's accuracy beside ours, where it prints some."""
        protocol = results.protocol
        return beside_rows(protocol.name, protocol.source_title, table.target, rows)

    def blocks(self) -> Mapping[str, MakeBlocks]:
        """Return the paper's claims, English by corpus, and every score in print."""
        return {
            "differences PROTOCOL CONDITION": _differences,
            "english PROTOCOL CONDITION": _english,
            "corpora PROTOCOL CONDITION TARGET": _corpora,
            "print": _print,
        }


def _tables_and_figures(protocol: Protocol, condition: Condition, ours: Ours) -> list[Section]:
    # Imported where pictures are drawn: matplotlib takes seconds to load.
    from xlser_agarla2022.figures import figure_2, figure_3

    chance = 100 / len(protocol.classes)
    bars: list[Block] = []
    if _any_of(FIGURE_2.values(), ours):
        bars = [
            Picture(
                file_name(f"figure-2-{condition.slug}"),
                "Lines: accuracy over label budgets of hard and soft pseudo-labels, a column a new "
                "language, tested on it and on English, between the bounds; hollow marks: the "
                "paper's; the table has the numbers.",
                figure_2(ours, condition.title, chance),
            ),
            figure_2_numbers(ours),
        ]
    bounds: list[Block] = []
    if _any_of(FIGURE_3.values(), ours):
        bounds = [
            Picture(
                file_name(f"figure-3-{condition.slug}"),
                "Bars: our accuracy on each new language of the lower bound, hard pseudo-labels at "
                "100 labels and the upper bound; marks: the paper's; numbers in Tables 3 to 5.",
                figure_3(ours, condition.title, chance),
            )
        ]
    figures = [
        Section(title, [*blocks, Paragraph(f"{count(ours, experiments)}.")])
        for title, blocks, experiments in (
            ("Figure 2: pseudo-labels by label budget", bars, FIGURE_2.values()),
            (
                "Figure 3: bounds and hard pseudo-labels on the new language",
                bounds,
                FIGURE_3.values(),
            ),
        )
    ]
    last = table_6(ours)
    last = Section(last.title, [*last.blocks, Paragraph(_QUOTED)])
    return [table_3(ours), table_4(ours), figures[0], table_5(ours), figures[1], last]


def _any_of(experiments: Iterable[Experiment], ours: Ours) -> bool:
    return any(experiment in ours for experiment in experiments)


def _differences(results_of: ResultsOf, protocol: str, condition: str) -> list[Block]:
    from xlser_agarla2022.figures import difference_lines

    results = results_of(protocol)
    tables = tables_under(results, condition)
    found = differences(results.protocol, tables, CLAIMS)
    metric = metric_title(results.metrics[results.protocol.headline])
    picture = Picture(
        file_name(f"differences-{protocol}-{condition}"),
        f"One row a claim: the difference between its two rows, {metric}, with the 95 % interval; "
        "the table has the numbers.",
        difference_lines(found, f"{protocol}; {tables[0].condition.title}", metric),
    )
    below: list[Block] = []
    if found and not found[0].decidable:
        speakers = len(found[0].mean.effects) if found[0].mean else 0
        least = f"{least_p(speakers):g}"
        text = f"With {speakers} speakers p cannot be below {least}: none of this is decided."
        below = [Paragraph(text)]
    return [picture, claim_table(found, tables), *below]


def _english(results_of: ResultsOf, protocol: str, condition: str) -> list[Block]:
    results = results_of(protocol)
    tables = tables_under(results, condition)
    return [claim_table(differences(results.protocol, tables, ENGLISH), tables)]


def _corpora(results_of: ResultsOf, protocol: str, condition: str, target: str) -> list[Block]:
    """Return the accuracy on each English corpus, for the rows of the claims on English."""
    found = {
        (row.method, row.labels): row.scores.by_corpus("source", "accuracy")
        for table in tables_under(results_of(protocol), condition)
        if table.target == target
        for row in table.rows
    }
    sides = dict.fromkeys(s for claim in ENGLISH for s in (claim.below, claim.above) if s in found)
    cells: dict[str, Sequence[str]] = {"": [side(s) for s in sides]}
    for corpus in sorted({corpus for s in sides for corpus in found[s]}):
        title = f"{get_corpus(corpus).title}, accuracy %"
        cells[title] = [show(found[s][corpus]) for s in sides]
    cells["seeds"] = [str(len(next(iter(found[s].values())).values)) for s in sides]
    return [TableModel(columns(cells, [""]))]


def _print(results_of: ResultsOf) -> list[Block]:
    return [all_in_print([results_of(FIVE_CLASSES), results_of(FOUR_CLASSES)])]
