"""What protocols demand of records, over the published corpora."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from xlser.corpora import Utterance
from xlser.protocols import Labels, Scenario, Scenarios, find_protocol
from xlser.protocols.published import utterances_at_hand
from xlser.records.columns import ROLES
from xlser.records.prediction import Role
from xlser.records.runs_table import TestSet
from xlser.settings import Settings

_Where = tuple[str, Path | None, str, tuple[str, ...], str]
"""Protocol, folder of leaderboards, target, source corpora and what is excluded, in JSON."""


@dataclass(frozen=True)
class Due:
    """What the records of a scenario must state.

    Attributes:
        digest: of the scenario.
        absent_corpora: of the source.
        tested: test utterances by role, ordered as they must be.
    """

    digest: str
    absent_corpora: tuple[str, ...]
    tested: Mapping[Role, TestSet]


class Demands:
    """Works out once what many records share, for one validation.

    A protocol of one's own, a table and `xlser.toml` may change from one validation to the next
    within a process, so nothing outlives the object.

    Attributes:
        protocol: returns a protocol by name and folder of leaderboards, as `find_protocol`.
    """

    def __init__(self) -> None:
        self.protocol = lru_cache(maxsize=256)(find_protocol)
        self._dues = lru_cache(maxsize=4096)(self._due)
        self._scenarios = lru_cache(maxsize=32)(self._scenarios_of)
        self._listed = lru_cache(maxsize=256)(_listed_by)

    def due(self, run: Any, leaderboards: Path | None) -> Due:
        """Return what its protocol demands of a record.

        Args:
            run: a row of `Runs`.
            leaderboards: the folder of leaderboards that it lies in, if any.

        Raises:
            XlserError: the protocol or a corpus is not to be had.
        """
        where = run.protocol, leaderboards, run.target, run.source_corpora, run.excluded
        return self._dues(where, (run.target, run.labels, run.seed, run.fold, run.draw))

    def _due(self, where: _Where, cell: tuple[str, Labels, int, int, int]) -> Due:
        scenario = self._scenarios(*where).of(*cell)
        tested = {"target": scenario.target_test, "source": scenario.source_test}
        return Due(
            scenario.digest,
            scenario.absent_corpora,
            {role: _test_set(tested[role], _digits(tested[role], scenario)) for role in ROLES},
        )

    def _scenarios_of(
        self,
        protocol: str,
        folder: Path | None,
        target: str,
        source: tuple[str, ...],
        excluded: str,
    ) -> Scenarios:
        """Return what a protocol makes of the published corpora, for one target."""
        chosen = self.protocol(protocol, folder)
        without = {corpus: tuple(names) for corpus, names in json.loads(excluded).items()}
        catalogue = {
            name: [u for u in listed if u.name not in without.get(name, ())]
            for name in (*source, *chosen.corpora_of(target))
            for listed in [self._listed(name, chosen.read_emotions(name))]
        }
        return Scenarios(chosen, catalogue)


def _digits(ids: Sequence[str], scenario: Scenario) -> str:
    """Return the class index of utterances, one digit each."""
    return "".join([str(scenario.emotion[id_]) for id_ in ids])


@lru_cache(maxsize=1024)
def _test_set(ids: tuple[str, ...], emotion: str) -> TestSet:
    """Return test utterances, corpus by corpus; equal ones become one object."""
    by_corpus: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for id_, digit in zip(ids, emotion, strict=True):
        by_corpus[id_.partition("/")[0]].append((id_, digit))
    ordered = [member for members in by_corpus.values() for member in members]
    return TestSet(" ".join(id_ for id_, _ in ordered), "".join(digit for _, digit in ordered))


def _listed_by(corpus: str, emotions: tuple[str, ...]) -> list[Utterance]:
    """Return what a corpus lists, or without a list what lies in its folder."""
    return utterances_at_hand(corpus, emotions, Settings.gather())
