"""ASED (Amharic): 65 speakers, 5 emotions, 27 sentences."""

from collections.abc import Iterable
from pathlib import PurePath

from xlser.corpora.corpus import Corpus, Gender, Spoken, listed_names, require
from xlser.corpora.remote import github
from xlser_corpora.names import NAMES

_NAMES = NAMES / "ased.txt"
_EMOTIONS = {"n": "neutral", "f": "fear", "h": "happiness", "s": "sadness", "a": "anger"}
_WOMEN = (1, 3, 5, 7, 11, 13, 17, 19, 27, 29, 31, 33, 35, 37, 43, 47, 48, 49, 58, 62)
_BOTH_CODES = (9, 15, 21, 23, 25)
_COMMON = ("06", "07")


def _gender(number: int) -> Gender:
    if number in _BOTH_CODES:
        return "unknown"
    return "female" if number in _WOMEN else "male"


class ASED(Corpus):
    """ASED; names are emotion-sentence-repetition-gender-speaker.

    Five speakers bear both gender codes: their gender is unknown. Sentences 01 to 05 are others
    for each emotion, so their code here begins with the emotion's letter; 06 and 07 are common.
    """

    name = "ased"
    title = "ASED"
    language = "amharic"
    licence = "none stated; research"
    homepage = "https://github.com/wgwangang/ASED_V1"
    citation = "Retta et al. (2023), A New Amharic Speech Emotion Dataset, ACM TALLIP 22(1)"
    tree = "ased/02Fearful/f2-05-01-02-63.wav"
    recordings = "c82dc3be4a5be9423c6839ec207c721cc50e83facfc42f9b11044248de6cae47"
    download = github(
        "wgwangang", "ASED_V1", "3feb6d25ec1a88d770594c88d2c4e6cae5c0d046", "some 240 MB"
    )
    speakers = {f"{n:02}": _gender(n) for n in range(1, 66)}
    caution = (
        "Sentences 01 to 05 of each emotion belong to that emotion alone: a method with target "
        "labels may learn words. The two common sentences, 06 and 07, control for it."
    )

    def names(self) -> Iterable[str]:
        """Return the 2474 names, all in lower case."""
        return listed_names(_NAMES)

    def parse(self, name: str) -> Spoken:
        """Read `f2-05-01-02-63`."""
        require(name in listed_names(_NAMES), self, name)
        emotion, sentence, _, _, speaker = name.split("-")
        code = sentence if sentence in _COMMON else f"{emotion[0]}{sentence}"
        return Spoken(speaker, _EMOTIONS[emotion[0]], code)

    def name_of(self, path: PurePath) -> str:
        """Return the stem in lower case: one official name begins with a capital letter."""
        return path.stem.lower()
