"""Two choices that the paper does not state, both ways: the epoch kept, the voice of TESS."""

from collections.abc import Iterable, Mapping, Sequence

from xlser.leaderboards.formatting import DASH, columns, show, show_difference, signed
from xlser.leaderboards.model import Paragraph, Section, TableModel
from xlser.protocols import Labels
from xlser.results import Condition, Results, Row

_BEST = ("keep",)

_OF_EPOCHS = """\
The paper has validation speech and does not state which epoch it tests. Last: the epoch after \
which training ends. Best: the epoch whose UA on the English validation speech is highest; no \
label of the new language takes part. Accuracy and UA on the new language, percent; the \
difference of accuracies with its 95 % interval over speakers; the epoch is the mean over seeds, \
with the least and the largest."""

_OF_VOICES = """\
TESS is most of English: 1000 of 1270 test utterances are of one of its two voices, and the paper \
does not state which. agarla2022 tests OAF and trains on YAF; agarla2022-yaf is the other way \
round. Accuracy, percent, mean ± standard deviation over seeds."""


def epochs(results: Iterable[Results], condition: Condition) -> list[Section]:
    """Return the last epoch beside the best, where a row was run both ways.

    Args:
        results: of the paper's protocols.
        condition: of the rows.
    """
    pairs = [pair for each in results for pair in _run_both_ways(each, condition)]
    if not pairs:
        return []
    lines = [(where, last, best) for where, last, best, _ in pairs]
    cells: dict[str, Sequence[str]] = {
        "method": [last.method for _, last, _ in lines],
        "labels": [str(last.labels) for _, last, _ in lines],
        "new language": [where for where, _, _ in lines],
        "last": [show(last.scores["target", "accuracy"]) for _, last, _ in lines],
        "best": [show(best.scores["target", "accuracy"]) for _, _, best in lines],
        "best − last": [_difference(last, best) for _, last, best in lines],
        "UA, last": [show(last.scores["target", "ua"]) for _, last, _ in lines],
        "UA, best": [show(best.scores["target", "ua"]) for _, _, best in lines],
        "epoch": [epoch for _, _, _, epoch in pairs],
    }
    left = ["method", "new language"]
    table = TableModel(columns(cells, left))
    return [Section("The last epoch and the best", [Paragraph(_OF_EPOCHS), table])]


def voices(one: Results, other: Results, condition: Condition) -> list[Section]:
    """Return English by the voice of TESS that is tested, for rows run both ways.

    Args:
        one: of the protocol that tests OAF.
        other: of that which tests YAF.
        condition: of the rows.
    """
    of_one, of_other = (_rows(each, condition) for each in (one, other))
    both = [key for key in of_one if key in of_other]
    if not both:
        return []
    cells: dict[str, Sequence[str]] = {
        "method": [method for _, method, _ in both],
        "labels": [str(labels) for _, _, labels in both],
        "new language": [target.capitalize() for target, _, _ in both],
    }
    for voice, rows in (("OAF", of_one), ("YAF", of_other)):
        scores = [rows[key].scores for key in both]
        of_tess = [of.by_corpus("source", "accuracy").get("tess") for of in scores]
        cells |= {
            f"TESS, {voice} tested": [show(each) if each else DASH for each in of_tess],
            f"English, {voice} tested": [show(of["source", "accuracy"]) for of in scores],
            f"the new language, {voice} tested": [show(of["target", "accuracy"]) for of in scores],
        }
    table = TableModel(columns(cells, ["method", "new language"]))
    return [Section("English by the voice of TESS", [Paragraph(_OF_VOICES), table])]


def _rows(results: Results, condition: Condition) -> Mapping[tuple[str, str, Labels], Row]:
    """Return the rows of a condition by target, method as rows name it, and budget."""
    return {
        (table.target, row.method, row.labels): row
        for table in results.tables()
        if table.condition == condition
        for row in table.rows
        if not row.marks
    }


def _run_both_ways(results: Results, condition: Condition) -> Iterable[tuple[str, Row, Row, str]]:
    """Yield the new language, the row of the last epoch, that of the best, and which that was."""
    rows = _rows(results, condition)
    frame = results.frame
    runs = frame[frame["condition"] == condition.slug].drop_duplicates("path")
    kept = dict(list(runs.groupby(["target", "row", "labels"])["best_epoch"]))
    classes = len(results.protocol.classes)
    for (target, _, labels), best in rows.items():
        last = rows.get((target, best.name, labels))
        if best.changed == _BEST and last is not None:
            of_runs = kept[target, best.method, labels]
            epoch = f"{of_runs.mean():.0f} ({of_runs.min():.0f} to {of_runs.max():.0f})"
            yield f"{target.capitalize()}, {classes} classes", last, best, epoch


def _difference(last: Row, best: Row) -> str:
    """Return by how much the best epoch is above the last, with its interval where there is one."""
    if last.is_comparable(best):
        return show_difference(best.resampled.minus(last.resampled))
    scores = [row.scores["target", "accuracy"].mean for row in (last, best)]
    return signed(scores[1] - scores[0])
