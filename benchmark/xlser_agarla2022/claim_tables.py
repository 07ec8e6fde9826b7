"""The paper's claims as a table."""

from collections.abc import Sequence

from xlser.leaderboards.formatting import DASH, columns, show_difference, signed
from xlser.leaderboards.model import TableModel
from xlser.results import LEVEL, Score, Table
from xlser_agarla2022.claims import Difference, Side


def claim_table(found: Sequence[Difference], tables: Sequence[Table]) -> TableModel:
    """Return a row a difference, the paper's beside ours.

    Of fewer than six speakers no p-value can be 5 %: there is then no column of verdicts.

    Args:
        found: the differences.
        tables: of the targets, in the order of the columns.
    """
    targets = [table.target for table in tables]
    cells: dict[str, Sequence[str]] = {
        "": [x.claim.text for x in found],
        "difference": [f"{side(x.claim.above)} − {side(x.claim.below)}" for x in found],
    }
    for target in targets:
        name = target.capitalize()
        cells[f"{name}, paper"] = [
            signed(x.printed[target]) if target in x.printed else DASH for x in found
        ]
        cells[f"{name}, ours"] = [_ours(x, target) for x in found]
    if len(targets) > 1:
        cells["mean, ours"] = [_mean(x) for x in found]
    if all(x.decidable for x in found):
        cells["p"] = [f"{x.p:.2f}" for x in found]
        cells["on these speakers"] = [_verdict(x) for x in found]
    return TableModel(columns(cells, ["", "difference", "on these speakers"]))


def side(of_claim: Side) -> str:
    """Return a method and its label budget: "sft, 100"."""
    method, labels = of_claim
    return f"{method}, {labels}"


def _ours(difference: Difference, target: str) -> str:
    if target in difference.ours:
        return show_difference(difference.ours[target])
    return _over_seeds(difference.seeds[target])


def _mean(difference: Difference) -> str:
    if difference.mean is None:
        return _over_seeds(difference.seeds_mean)
    return show_difference(difference.mean)


def _over_seeds(score: Score) -> str:
    spread = "" if score.spread is None else f" ± {score.spread:.1f}"
    return signed(score.mean) + spread


def _verdict(difference: Difference) -> str:
    if difference.mean is None or difference.p > LEVEL:
        return "not decided"
    return "holds" if difference.mean.value > 0 else "the opposite holds"
