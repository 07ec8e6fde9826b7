"""URDU: talk shows on television, 4 emotions (no fear), spontaneous."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, listed_names, require
from xlser.corpora.remote import github
from xlser_corpora.names import NAMES

_NAMES = NAMES / "urdu.txt"
_EMOTIONS = {"A": "anger", "H": "happiness", "N": "neutral", "S": "sadness"}


class URDU(Corpus):
    """URDU; names are S, gender, speaker; file; emotion and running number.

    The release names 29 speakers in its files and 38 in its description.
    """

    name = "urdu"
    title = "URDU"
    language = "urdu"
    licence = "research"
    homepage = "https://github.com/siddiquelatif/URDU-Dataset"
    citation = (
        "Latif et al. (2018), Cross Lingual Speech Emotion Recognition: Urdu vs. Western, FIT"
    )
    tree = "urdu/Angry/SM2_F6_A028.wav"
    recordings = "0432c1376ae35d37229acb374f491317547201b52c4cde1c1e9e0d8f0d10d81c"
    download = github(
        "siddiquelatif", "URDU-Dataset", "4b546d4e0fa36d1c86c53a281631b2ab7ce2fdec", "some 90 MB"
    )
    naturalness = "semi-natural"
    speakers = {
        **{f"SF{n}": "female" for n in range(1, 12)},
        **{f"SM{n}": "male" for n in (*range(1, 8), *range(17, 28))},
    }
    caution = "Five of 29 speakers have 234 of the 400 utterances (SM5 alone 80)."

    def names(self) -> Iterable[str]:
        """Return the 400 names."""
        return listed_names(_NAMES)

    def parse(self, name: str) -> Spoken:
        """Read `SM2_F6_A028`; sentences are not known."""
        require(name in listed_names(_NAMES), self, name)
        speaker, _, code = name.split("_")
        return Spoken(speaker, _EMOTIONS[code[0]])
