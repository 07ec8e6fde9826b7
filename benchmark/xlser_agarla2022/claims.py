"""What Agarla et al. (2022) claim, as differences between rows: in print, and ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from xlser.protocols import Labels, Protocol
from xlser.records import Role
from xlser.results import LEVEL, Row, Score, Table, adjusted_ps, least_p
from xlser.results import Difference as Paired
from xlser_agarla2022.printed import FIVE_CLASSES, PRINTED, TAUS

Side = tuple[str, Labels]
"""A method, as the tables name it, at a label budget."""

_LOWER: Side = ("lower-bound", 0)
_UPPER: Side = ("upper-bound", "all")
_HARD, _SOFT, _SFT = "hard-pseudo-labels", "soft-pseudo-labels", "sft"


@dataclass(frozen=True)
class Claim:
    """That one row is above another.

    Attributes:
        text: the claim in a few words.
        above: the row with the higher score.
        below: the row with the lower score.
        role: of the language that both are tested on.
    """

    text: str
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
    """A claim beside our results.

    Attributes:
        claim: what is claimed.
        printed: the paper's difference in accuracy by target, percent, where it prints both.
        seeds: ours by target, of the protocol's headline metric, seed by seed, percent.
        ours: by target, with its standard error; empty for English, whose speakers are not
            resampled.
        mean: over targets; None for English.
        p: of the mean being 0, by exchange of speakers, adjusted for all claims compared.
    """

    claim: Claim
    printed: Mapping[str, float]
    seeds: Mapping[str, Score]
    ours: Mapping[str, Paired]
    mean: Paired | None
    p: float

    @property
    def decidable(self) -> bool:
        """Whether there are speakers enough for any p-value of 5 %: six."""
        return self.mean is not None and least_p(len(self.mean.effects)) <= LEVEL

    @property
    def seeds_mean(self) -> Score:
        """Mean over targets, seed by seed."""
        return Score.average([*self.seeds.values()])


def differences(
    protocol: Protocol, tables: Sequence[Table], claims: Iterable[Claim]
) -> list[Difference]:
    """Compare claims with the rows of one condition.

    A claim is left out unless every table has both its rows, comparable with each other.

    Args:
        protocol: of the tables.
        tables: of one condition, one per target.
        claims: to compare with them.
    """
    found = [
        _difference(protocol, pairs, claim)
        for claim in claims
        if (pairs := _pairs(tables, claim)) is not None
    ]
    tested = [x for x in found if x.mean is not None]
    ps = iter(adjusted_ps([x.mean for x in tested if x.mean is not None]))
    return [x if x.mean is None else replace(x, p=next(ps)) for x in found]


def _pairs(tables: Iterable[Table], claim: Claim) -> dict[str, tuple[Row, Row]] | None:
    pairs = {}
    for table in tables:
        rows = {(row.method, row.labels): row for row in table.rows}
        above, below = rows.get(claim.above), rows.get(claim.below)
        if above is None or below is None or not above.is_comparable(below):
            return None
        pairs[table.target] = (above, below)
    return pairs


def _difference(
    protocol: Protocol, pairs: Mapping[str, tuple[Row, Row]], claim: Claim
) -> Difference:
    scored = (claim.role, protocol.headline)
    ours: dict[str, Paired] = {}
    if claim.role == "target":
        ours = {x: above.resampled.minus(below.resampled) for x, (above, below) in pairs.items()}
    mean = Paired.average([*ours.values()]) if ours else None
    return Difference(
        claim=claim,
        printed={x: d for x in pairs if (d := _printed(claim, x)) is not None},
        seeds={x: a.scores[scored].minus(b.scores[scored]) for x, (a, b) in pairs.items()},
        ours=ours,
        mean=mean,
        p=1.0,
    )


def _printed(claim: Claim, target: str) -> float | None:
    sides = (claim.above, claim.below)
    scores = [((FIVE_CLASSES, m, target, labels), claim.role) for m, labels in sides]
    if any(score not in PRINTED for score in scores):
        return None
    above, below = (PRINTED[score].accuracy for score in scores)
    return above - below
