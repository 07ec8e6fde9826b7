"""The rule that divides a corpus' speakers into groups balanced in class and gender."""

from collections.abc import Mapping, Sequence

Profile = tuple[int, ...]
"""What is to be balanced: a speaker's utterances per class, then per gender."""


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
    while _exchange_best_pair(dealt, cost):
        pass
    return [sorted(group) for group in dealt]


class _Imbalance:
    """Sum over entries of the squared distance from an equal share, scaled by the entry's total."""

    def __init__(self, profiles: Mapping[str, Profile], groups: int) -> None:
        self._profiles = profiles
        self._groups = groups
        self._totals = [sum(column) for column in zip(*profiles.values(), strict=True)]
        self._weights = [10**9 // total if total else 0 for total in self._totals]

    def of(self, group: Sequence[str]) -> int:
        counts = [sum(self._profiles[s][i] for s in group) for i in range(len(self._totals))]
        return sum(
            weight * (self._groups * count - total) ** 2
            for weight, count, total in zip(self._weights, counts, self._totals, strict=True)
        )

    def rise(self, group: Sequence[str], speaker: str) -> int:
        return self.of([*group, speaker]) - self.of(group)


def _exchange_best_pair(groups: list[list[str]], cost: _Imbalance) -> bool:
    """Exchange the two speakers whose exchange lessens the imbalance most; say whether any did."""
    best, exchange = 0, None
    for a, first in enumerate(groups):
        for second in groups[a + 1 :]:
            before = cost.of(first) + cost.of(second)
            for i, one in enumerate(first):
                for j, other in enumerate(second):
                    after = cost.of([*first[:i], other, *first[i + 1 :]])
                    after += cost.of([*second[:j], one, *second[j + 1 :]])
                    if after - before < best:
                        best, exchange = after - before, (first, i, second, j)
    if exchange is None:
        return False
    first, i, second, j = exchange
    first[i], second[j] = second[j], first[i]
    return True
