"""ShEMO (Persian): 87 speakers of radio plays, 6 emotions, semi-natural."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, listed_names, require
from xlser_corpora.names import NAMES

_NAMES = NAMES / "shemo.txt"

_EMOTIONS = {
    "A": "anger",
    "F": "fear",
    "H": "happiness",
    "N": "neutral",
    "S": "sadness",
    "W": "surprise",
}


class ShEMO(Corpus):
    """ShEMO, the original edition of 3000 files (not the later relabelled one).

    Names are gender and speaker (3), emotion (1), number (2): an F is female in the first place
    and fear in the fourth.
    """

    name = "shemo"
    title = "ShEMO"
    language = "persian"
    licence = "academic use, free of charge"
    homepage = "https://github.com/mansourehk/ShEMO"
    citation = "Nezami et al. (2019), ShEMO: a large-scale validated database, LRE 53(1)"
    tree = "shemo/female/F03S02.wav"
    naturalness = "semi-natural"
    speakers = {
        **{f"F{n:02}": "female" for n in range(1, 32)},
        **{f"M{n:02}": "male" for n in range(1, 57)},
    }

    def names(self) -> Iterable[str]:
        """Return the 3000 names.

        The release follows no rule, so they are listed: put together from the public file lists of
        EmoBox and of the relabelled edition, whose keys are the original names. The published class
        counts and those of both of SERAB's splits agree with the list.
        """
        return listed_names(_NAMES)

    def parse(self, name: str) -> Spoken:
        """Read `F03S02`."""
        require(name in listed_names(_NAMES), self, name)
        return Spoken(speaker=name[:3], emotion=_EMOTIONS[name[3]], sentence=name)
