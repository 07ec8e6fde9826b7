"""What stands above the tables of the targets: a summary, or the paper's tables and figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from xlser.leaderboards.cells import FIGURES, SEES_ALL
from xlser.leaderboards.details import details_name, shown_confusions
from xlser.leaderboards.figures import Files, confusions, figure_2, figure_3, summary_dots
from xlser.leaderboards.paper import FIGURE_2, FIGURE_3, QUOTED
from xlser.leaderboards.paper_tables import (
    Ours,
    count,
    figure_2_numbers,
    ours_by_setting,
    table_3,
    table_4,
    table_5,
    table_6,
)
from xlser.leaderboards.summary_table import summary_table
from xlser.protocols import Protocol
from xlser.results import Condition, Results, Summary, Table

_ABOUT = """\
Accuracy, percent; ours is the mean ± standard deviation over seeds, of methods at their default \
settings but for τ in Table 5, and on the new language [its 95 % interval over speakers]. German \
and Italian are tested on two speakers each: such an interval says next to nothing, and the paper, \
tested on the same ones, is rather to be held against the deviation over seeds. The paper prints \
no numbers for its Figure 2: the marks in ours are its Table 5 at τ = 0.50. Blank cells have no \
records yet."""

_DRAWN = 30  # methods in a picture: more cannot be told apart, and take seconds to draw


@dataclass
class Overview:
    """Markdown and the pictures it shows.

    Attributes:
        sections: of Markdown.
        pictures: content of each file, by its name.
    """

    sections: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def add(self, *sections: str) -> None:
        """Add Markdown."""
        self.sections += sections

    def show(self, name: str, files: Files, alternative: str) -> None:
        """Add a picture, with a text for those who do not see it."""
        self.pictures |= {f"{name}.{suffix}": content for suffix, content in files.items()}
        self.sections.append(f"![{alternative}](figures/{name}.svg)")


def mean_over_targets(results: Results) -> Overview:
    """Return the means over targets, for each setting that has several."""
    overview = Overview()
    for summary in results.summaries():
        if not overview.sections:
            overview.add("## Mean over target languages")
        _add_summary(overview, results.protocol, summary)
    return overview


def beside_paper(protocol: Protocol, boards: Mapping[str, Iterable[Table]]) -> Overview:
    """Return the paper's tables and figures, for each setting that has some of their records.

    Args:
        protocol: the paper's.
        boards: by the name of their protocol, the paper's and that of its Table 6.
    """
    overview = Overview()
    for setting, ours in ours_by_setting(boards).items():
        if not overview.sections:
            overview.add("## The paper's tables and figures", _ABOUT)
        overview.add(f"### {setting.title}")
        _add_paper(overview, protocol, setting, ours)
    return overview


def confusion_pictures(protocol: Protocol, boards: Iterable[Table]) -> dict[str, bytes]:
    """Return a picture of confusions for each table that has a complete row, by name of file."""
    pictures: dict[str, bytes] = {}
    for board in boards:
        if panels := shown_confusions(board):
            heading = f"{board.target.capitalize()}: {board.condition.title}"
            files = confusions(panels, protocol.classes, heading)
            name = f"confusions-{details_name(board)}"
            pictures |= {f"{name}.{suffix}": content for suffix, content in files.items()}
    return pictures


def _add_summary(overview: Overview, protocol: Protocol, summary: Summary) -> None:
    figure = FIGURES[protocol.headline]
    drawn = summary.best(_DRAWN)
    overview.add(
        f"### {summary.condition.title}",
        f"Mean {figure} over {summary.languages}, ± standard deviation over seeds of that mean, "
        "[its 95 % interval over speakers], (rank and group within the label budget).",
    )
    overview.show(
        f"summary-{summary.condition.slug}",
        summary_dots(drawn, figure, _chance(protocol)),
        f"A row of dots a method: its mean {figure} at each label budget, a line through "
        "that of the largest, its 95 % interval; numbers in the table.",
    )
    overview.add(summary_table(summary))
    notes = [SEES_ALL] if any(line.bound for line in summary.lines) else []
    if len(drawn.lines) < len(summary.lines):
        notes.append(f"The picture shows {len(drawn.lines)} of {len(summary.lines)} methods.")
    if summary.left_out:
        notes.append(f"Left out, for lack of targets or seeds: {_left_out(summary)}.")
    if notes:
        overview.add(" ".join(notes))


def _left_out(summary: Summary) -> str:
    each = (f"{m} ({', '.join(map(str, ks))} labels)" for m, ks in summary.left_out.items())
    return ", ".join(each)


def _add_paper(overview: Overview, protocol: Protocol, setting: Condition, ours: Ours) -> None:
    overview.add(table_3(ours), table_4(ours))
    overview.add("#### Figure 2: pseudo-labels by label budget")
    if any(cell in ours for cell in FIGURE_2.values()):
        overview.show(
            f"figure-2-{setting.slug}",
            figure_2(ours, setting.title, _chance(protocol)),
            "Bars: accuracy by new language and label budget, for hard and for soft pseudo-labels; "
            "narrow dark bars: accuracy on English; numbers in the table.",
        )
        overview.add(figure_2_numbers(ours))
    overview.add(f"{count(ours, FIGURE_2.values())}.", table_5(ours))
    overview.add("#### Figure 3: bounds and hard pseudo-labels on the new language")
    if any(cell in ours for cell in FIGURE_3.values()):
        overview.show(
            f"figure-3-{setting.slug}",
            figure_3(ours, setting.title, _chance(protocol)),
            "Bars: our accuracy on each new language of the lower bound, hard pseudo-labels at 100 "
            "labels and the upper bound; marks: the paper's; numbers in Tables 3 to 5.",
        )
    overview.add(f"{count(ours, FIGURE_3.values())}.", table_6(ours), QUOTED)


def _chance(protocol: Protocol) -> float:
    return 100 / len(protocol.classes)
