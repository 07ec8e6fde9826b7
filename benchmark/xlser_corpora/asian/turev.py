"""TurEV-DB (Turkish): 6 speakers, 4 emotions (calm, no fear), 83 single words."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, listed_names, require
from xlser.corpora.remote import github
from xlser_corpora.names import NAMES

_NAMES = NAMES / "turev.txt"
_EMOTIONS = {"kz": "anger", "mt": "happiness", "sk": "calm", "hl": "sadness"}


class TurEV(Corpus):
    """TurEV-DB; names are speaker_emotion_word.

    It has calm, not neutral, speech; whether calm stands for neutral is a protocol's choice.
    """

    name = "turev"
    title = "TurEV-DB"
    language = "turkish"
    licence = "CC BY-NC-ND 4.0"
    homepage = "https://github.com/Xeonen/TurEV-DB"
    citation = "Canpolat et al. (2020), Turkish Emotion Voice Database (TurEV-DB), SLTU-CCURL"
    tree = "turev/Sound Source/Angry/1984_kz_demet.wav"
    recordings = "011e9a1320d1f572a674c5cc76e124216065a7164d67f138141ddfc402b29336"
    download = github(
        "Xeonen", "TurEV-DB", "be9873eccbc40538acbeb5e67c718bda96763cf3", "some 150 MB"
    )
    # Three women and three men; the release does not say who.
    speakers = dict.fromkeys(("1157", "1234", "1358", "1984", "6783", "7895"), "unknown")
    caution = "Single words, not sentences; speaker 1157 has neither happiness nor calm."

    def names(self) -> Iterable[str]:
        """Return the 1735 names."""
        return listed_names(_NAMES)

    def parse(self, name: str) -> Spoken:
        """Read `1984_kz_demet`."""
        require(name in listed_names(_NAMES), self, name)
        speaker, emotion, word = name.split("_")
        return Spoken(speaker, _EMOTIONS[emotion], word)
