"""The order in which utterances without known emotion are given to methods."""

import hashlib
from collections.abc import Mapping, Sequence

from xlser.protocols import Scenario


def ordered_by_recording(
    ids: Sequence[str], scenario: Scenario, recordings: Mapping[str, str]
) -> list[str]:
    """Return `ids` in an order that depends on the scenario and the recordings alone.

    The protocol's own order follows from published names, and the emotion of every utterance can
    be derived from it. So unlabelled and test utterances are never handed over in that order.

    Args:
        ids: of utterances.
        scenario: each has an order of its own.
        recordings: SHA-256 of each utterance's file, by id.
    """

    def key(id_: str) -> bytes:
        return hashlib.sha256(f"{scenario.digest}/{recordings[id_]}".encode()).digest()

    return sorted(ids, key=key)
