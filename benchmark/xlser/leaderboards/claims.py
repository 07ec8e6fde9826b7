"""What Agarla et al. (2022) claim, as differences between rows: in print, and ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from xlser.leaderboards.paper import FIVE_CLASSES, PRINTED, TAUS
from xlser.protocols import Labels, Protocol
from xlser.records import Role
from xlser.results import Estimate, Row, Score, Table, holm

Side = tuple[str, Labels]
"""A method, as rows name it, at a label budget."""

_LOWER: Side = ("lower-bound", 0)
_UPPER: Side = ("upper-bound", "all")
_HARD, _SOFT, _SFT = "hard-pseudo-labels", "soft-pseudo-labels", "sft"


@dataclass(frozen=True)
class Claim:
    """That one row is above another.

    Attributes:
        says: in a few words.
        above: the row said to be above.
        below: the other.
        role: of the language both are tested on.
    """

    says: str
    above: Side
    below: Side
    role: Role = "target"


CLAIMS = (
    Claim("labels of the new language help", _UPPER, _LOWER),
    Claim("100 labels and pseudo-labels help", (_HARD, 100), _LOWER),
    Claim("so do 100 labels without", (_SFT, 100), _LOWER),
    Claim("all labels are better than 100", _UPPER, (_HARD, 100)),
    *(Claim("hard above soft", (_HARD, k), (_SOFT, k)) for k in (0, 25, 50, 100)),
    *(Claim("hard above SFT", (_HARD, k), (_SFT, k)) for k in (25, 50, 100)),
    *(Claim("soft above SFT", (_SOFT, k), (_SFT, k)) for k in (25, 50, 100)),
    Claim("more labels, hard", (_HARD, 100), (_HARD, 25)),
    Claim("more labels, soft", (_SOFT, 100), (_SOFT, 25)),
    Claim("τ 0.50 above 0.65", (TAUS["0.50"], 100), (TAUS["0.65"], 100)),
    Claim("τ 0.50 above 0.85", (TAUS["0.50"], 100), (TAUS["0.85"], 100)),
)
"""On the new language: Sections 6.1 to 6.4 of the paper, and SFT, which it lacks."""

ENGLISH = (
    Claim("all labels", _UPPER, _LOWER, "source"),
    *(Claim("hard", (_HARD, k), _LOWER, "source") for k in (0, 25, 50, 100)),
    *(Claim("soft", (_SOFT, k), _LOWER, "source") for k in (0, 25, 50, 100)),
    *(Claim("SFT", (_SFT, k), _LOWER, "source") for k in (25, 50, 100)),
)
"""What English gains or loses by the new language: Sections 6.2 and 6.3 of the paper."""


@dataclass(frozen=True)
class Difference:
    """A claim held against records.

    Attributes:
        claim: what is claimed.
        printed: the paper's difference in accuracy by target, percent, as far as it prints both.
        seeds: ours by target, of the protocol's headline figure, seed by seed, percent.
        ours: by target, with how sure it is; empty for English, whose speakers are not resampled.
        mean: over targets; None for English.
        p: of the mean being nil, adjusted for all differences of the same claim.
    """

    claim: Claim
    printed: Mapping[str, float]
    seeds: Mapping[str, Score]
    ours: Mapping[str, Estimate]
    mean: Estimate | None
    p: float

    @property
    def seeds_mean(self) -> Score:
        """Mean over targets, seed by seed."""
        return Score.average([*self.seeds.values()])


def differences(
    protocol: Protocol, boards: Sequence[Table], claims: Iterable[Claim]
) -> list[Difference]:
    """Hold claims against the rows of one setting.

    A claim is left out unless every board has both its rows, over the same seeds.

    Args:
        protocol: of the boards.
        boards: of one setting, one a target.
        claims: to hold against them.
    """
    found = [
        _difference(protocol, pairs, claim)
        for claim in claims
        if (pairs := _pairs(boards, claim)) is not None
    ]
    return [x for _, same in groupby(found, lambda x: x.claim.says) for x in _adjusted([*same])]


def _adjusted(same_claim: Sequence[Difference]) -> list[Difference]:
    """Adjust p-values over the differences that speak of one claim: each claim is a question."""
    adjusted = holm([difference.p for difference in same_claim])
    return [replace(x, p=p) for x, p in zip(same_claim, adjusted, strict=True)]


def _pairs(boards: Iterable[Table], claim: Claim) -> dict[str, tuple[Row, Row]] | None:
    pairs = {}
    for board in boards:
        rows = {(row.method, row.labels): row for row in board.rows}
        above, below = rows.get(claim.above), rows.get(claim.below)
        if above is None or below is None or above.seeds != below.seeds:
            return None
        pairs[board.target] = (above, below)
    return pairs


def _difference(
    protocol: Protocol, pairs: Mapping[str, tuple[Row, Row]], claim: Claim
) -> Difference:
    figure = (claim.role, protocol.headline)
    ours: dict[str, Estimate] = {}
    if claim.role == "target":
        ours = {x: above.resampled.minus(below.resampled) for x, (above, below) in pairs.items()}
    mean = Estimate.average([*ours.values()]) if ours else None
    return Difference(
        claim=claim,
        printed={x: d for x in pairs if (d := _printed(claim, x)) is not None},
        seeds={x: a.scores[figure].minus(b.scores[figure]) for x, (a, b) in pairs.items()},
        ours=ours,
        mean=mean,
        p=1.0 if mean is None else mean.p,
    )


def _printed(claim: Claim, target: str) -> float | None:
    spots = [((FIVE_CLASSES, m, target, k), claim.role) for m, k in (claim.above, claim.below)]
    if any(spot not in PRINTED for spot in spots):
        return None
    above, below = (PRINTED[spot].accuracy for spot in spots)
    return above - below
