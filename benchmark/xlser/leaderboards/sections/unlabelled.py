"""What became of unlabelled speech: pseudo-labels of methods, calibration of source models."""

from collections.abc import Mapping, Sequence

from xlser.leaderboards.formatting import DASH, columns, method_column
from xlser.leaderboards.model import Block, Paragraph, TableModel
from xlser.results import Row

_SHOWN = {
    "kept at first": "kept_at_first",
    "kept": "kept",
    "right at first": "kept_right_at_first",
    "right": "kept_right",
    "right of all": "answers_right",
    "largest class": "largest_class",
}


def unlabelled_blocks(rows: Sequence[Row]) -> list[Block]:
    """Return a table of pseudo-labels and a sentence on source models; nothing if none is stated.

    Args:
        rows: of one label budget.
    """
    reporting = [row for row in rows if "kept" in row.unlabelled]
    blocks: list[Block] = []
    if reporting:
        cells = {title: [_cell(row, name) for row in reporting] for title, name in _SHOWN.items()}
        blocks += [
            Paragraph(
                "Pseudo-labels, percent: how much of the unlabelled speech drawn was kept (mean "
                "weight) and how much of that was right, in the first quarter of training and in "
                "the last; how many of all answers were right, and the share of the largest class "
                "among what was kept, in the last. Methods do not see the true classes."
            ),
            TableModel([method_column(reporting), *columns(cells)]),
        ]
    starting = [row.unlabelled for row in rows if "source_model_ece" in row.unlabelled]
    if starting:
        blocks.append(_of_source_model(starting))
    return blocks


def _cell(row: Row, name: str) -> str:
    return f"{row.unlabelled[name]:.1f}" if name in row.unlabelled else DASH


def _of_source_model(stated: Sequence[Mapping[str, float]]) -> Paragraph:
    """Return how right and how sure the source models are, the mean over rows that share them."""
    parts = [
        ("the unlabelled speech", "source_model"),
        ("validation speech of the source", "validation"),
    ]
    shares = [
        f"on {where} {_mean(stated, f'{of}_accuracy'):.1f} % accurate with a mean confidence of "
        f"{_mean(stated, f'{of}_confidence'):.1f} % (ECE {_mean(stated, f'{of}_ece'):.1f})"
        for where, of in parts
        if all(f"{of}_ece" in of_row for of_row in stated)
    ]
    return Paragraph(f"The source models that methods start from are {', '.join(shares)}.")


def _mean(stated: Sequence[Mapping[str, float]], name: str) -> float:
    return sum(of_row[name] for of_row in stated) / len(stated)
