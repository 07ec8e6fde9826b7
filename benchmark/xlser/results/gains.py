"""What methods gain from unlabelled speech: each against its twin, on the same speakers."""

from collections.abc import Mapping
from dataclasses import dataclass

from xlser.results.inference.statistics import LEVEL, Difference, adjusted_ps


@dataclass(frozen=True)
class Gain:
    """By how much a method is above its twin, which does without unlabelled speech.

    Attributes:
        difference: paired over speakers, percent.
        p: of its being 0, adjusted for all methods of the column.
    """

    difference: Difference
    p: float

    @property
    def separable(self) -> bool:
        """Whether the method is separably apart from its twin."""
        return self.p <= LEVEL


def gains_of(differences: Mapping[str, Difference]) -> dict[str, Gain]:
    """Return the gains of one column, adjusted for their number.

    Args:
        differences: of methods to their twins, by method.
    """
    ps = adjusted_ps([*differences.values()])
    return {
        method: Gain(difference, p)
        for (method, difference), p in zip(differences.items(), ps, strict=True)
    }
