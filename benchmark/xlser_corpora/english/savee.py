"""SAVEE (English): 4 male speakers, 7 emotions, 15 sentences each (30 neutral)."""

from collections.abc import Iterable
from pathlib import PurePath

from xlser.corpora.corpus import Corpus, Spoken, require

_EMOTIONS = {
    "a": "anger",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "d": "disgust",
    "su": "surprise",
}


def _numbers(code: str) -> list[str]:
    return [f"{number:02}" for number in range(1, 31 if code == "n" else 16)]


class SAVEE(Corpus):
    """SAVEE; an utterance is named speaker_emotionNN, as the common flat mirror writes it.

    The official files lack the speaker (`DC/a01.wav`): there, and only there, the folder is read.
    """

    name = "savee"
    title = "SAVEE"
    language = "english"
    licence = "research use, by registration"
    homepage = "http://kahlan.eps.surrey.ac.uk/savee"
    citation = "Haq and Jackson (2010), Multimodal Emotion Recognition, in Machine Audition"
    tree = "savee/AudioData/DC/a01.wav (official) or savee/ALL/DC_a01.wav (mirror)"
    caution = (
        "Of the 15 sentences of each emotion 12 belong to it alone: a method with labels may learn "
        "words."
    )
    recordings = "3dd22c078443bf7bb2dd60ae98fc9459fe9e619ce03262ff343d3fc602b91899"
    speakers = dict.fromkeys(("DC", "JE", "JK", "KL"), "male")

    def names(self) -> Iterable[str]:
        """Return the 480 names."""
        return [
            f"{speaker}_{code}{number}"
            for speaker in self.speakers
            for code in _EMOTIONS
            for number in _numbers(code)
        ]

    def parse(self, name: str) -> Spoken:
        """Read `DC_sa03`."""
        speaker, _, rest = name.partition("_")
        code, number = rest[:-2], rest[-2:]
        require(speaker in self.speakers and code in _EMOTIONS, self, name)
        require(number in _numbers(code), self, name)
        return Spoken(speaker, _EMOTIONS[code], rest)

    def name_of(self, path: PurePath) -> str:
        """Return `DC_a01` for both `.../DC/a01.wav` and `.../DC_a01.wav`."""
        if "_" in path.stem or path.parent.name not in self.speakers:
            return path.stem
        return f"{path.parent.name}_{path.stem}"
