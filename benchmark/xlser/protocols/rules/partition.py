"""The rule that divides a corpus' speakers into groups balanced in class and gender."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from xlser.protocols.rules.profiles import Profile

Counts = npt.NDArray[np.int64]


def partition(profiles: Mapping[str, Profile], groups: int) -> list[list[str]]:
    """Divide speakers into `groups` of nearly equal size, balanced in every profile entry.

    Speakers are dealt one at a time, the most talkative first, each to the group where the
    imbalance grows least; then pairs of speakers are exchanged for as long as that lessens it.
    All arithmetic is on integers, so the result is the same on every machine.

    Args:
        profiles: speaker -> counts.
        groups: how many; at most the number of speakers.

    Returns:
        The groups, each sorted.
    """
    cost = _Imbalance(profiles, groups)
    order = sorted(profiles, key=lambda speaker: (-sum(profiles[speaker]), speaker))
    largest = -(-len(order) // groups)
    dealt: list[list[str]] = [[] for _ in range(groups)]
    for speaker in order:
        open_groups = [group for group in dealt if len(group) < largest]
        # Empty groups first: every group must test something.
        smallest = min(len(group) for group in open_groups)
        candidates = [group for group in open_groups if len(group) == smallest]
        min(candidates, key=lambda group: cost.rise(group, speaker)).append(speaker)
    *_, last = exchanges(dealt, profiles)
    return [sorted(group) for group in last]


def exchanges(
    groups: Sequence[Sequence[str]], profiles: Mapping[str, Profile]
) -> Iterator[list[list[str]]]:
    """Exchange pairs of speakers for as long as that lessens the imbalance of the groups.

    Args:
        groups: of speakers.
        profiles: speaker -> counts.

    Yields:
        The groups, then what they are after each exchange.
    """
    dealt = [list(group) for group in groups]
    cost = _Imbalance(profiles, len(dealt))
    yield [list(group) for group in dealt]
    while _exchange_best_pair(dealt, cost):
        yield [list(group) for group in dealt]


def imbalance(groups: Sequence[Sequence[str]], profiles: Mapping[str, Profile]) -> int:
    """Return how uneven groups are: 0 where all have equal shares of every profile entry."""
    cost = _Imbalance(profiles, len(groups))
    return int(sum(cost.of(cost.counts(group).sum(axis=0)) for group in groups))


class _Imbalance:
    """Sum over entries of the squared distance from an equal share, scaled by the entry's total."""

    def __init__(self, profiles: Mapping[str, Profile], groups: int) -> None:
        self._profiles = {speaker: np.array(p, np.int64) for speaker, p in profiles.items()}
        self._groups = groups
        self._totals: Counts = np.sum([*self._profiles.values()], axis=0, dtype=np.int64)
        self._weights = np.array([10**9 // int(t) if t else 0 for t in self._totals], np.int64)

    def counts(self, group: Sequence[str]) -> Counts:
        """Return the counts of each speaker of a group, shape (speakers, entries)."""
        none = np.zeros((0, len(self._totals)), np.int64)
        return np.stack([self._profiles[s] for s in group]) if group else none

    def of(self, sums: Counts) -> Counts:
        """Return the imbalance of groups, shape (...), from their counts, shape (..., entries)."""
        far: Counts = (self._weights * (self._groups * sums - self._totals) ** 2).sum(axis=-1)
        return far

    def rise(self, group: Sequence[str], speaker: str) -> int:
        """Return by how much the imbalance grows where a speaker joins a group."""
        before = self.counts(group).sum(axis=0)
        return int(self.of(before + self._profiles[speaker]) - self.of(before))


def _exchange_best_pair(groups: list[list[str]], cost: _Imbalance) -> bool:
    """Exchange the two speakers that lessen the imbalance most; return whether any do."""
    best, exchange = 0, None
    for a, first in enumerate(groups):
        for second in groups[a + 1 :]:
            ones, others = cost.counts(first), cost.counts(second)
            sums = ones.sum(axis=0), others.sum(axis=0)
            moved = others[None] - ones[:, None]  # from the second group to the first
            change = cost.of(sums[0] + moved) + cost.of(sums[1] - moved)
            change -= cost.of(sums[0]) + cost.of(sums[1])
            if change.size and change.min() < best:
                best = int(change.min())
                i, j = divmod(int(change.argmin()), len(second))
                exchange = (first, i, second, j)
    if exchange is None:
        return False
    first, i, second, j = exchange
    first[i], second[j] = second[j], first[i]
    return True
