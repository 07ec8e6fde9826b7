"""CAMEO (Christop and Czajka 2025): thirteen corpora in eight languages, one split each."""

from collections.abc import Mapping

from xlser.corpora.hub.dataset import HubDataset
from xlser.errors import UnknownNameError

CAMEO: Mapping[str, str] = {
    "cafe": "french",
    "crema_d": "english",
    "emns": "english",
    "emozionalmente": "italian",
    "enterface": "english",
    "jl_corpus": "english",
    "mesd": "spanish",
    "nemo": "polish",
    "oreau": "french",
    "pavoque": "german",
    "ravdess": "english",
    "resd": "russian",
    "subesco": "bengali",
}
"""Language of each part, by the name of its split."""


def cameo_part(part: str) -> HubDataset:
    """Return where a part of CAMEO is, pinned by revision.

    Raises:
        UnknownNameError: CAMEO has no such part.
    """
    if part not in CAMEO:
        raise UnknownNameError("part of CAMEO", part, CAMEO)
    return HubDataset(
        repository="amu-cai/CAMEO",
        revision="38e9e968deb4636377e76b28bbb2062f92b898ab",
        split=part,
        columns={"speaker": "speaker_id", "sentence": "transcription"},
        language=CAMEO[part],
        licence="that of the part, as its column `license` states; the collection CC BY-NC-SA 4.0",
        citation="Christop and Czajka (2025), CAMEO: Collection of Multilingual Emotional Speech",
    )
