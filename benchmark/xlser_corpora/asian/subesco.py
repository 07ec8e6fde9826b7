"""SUBESCO (Bengali): 20 speakers, 7 emotions, 10 sentences, 5 takes."""

import re

from xlser.corpora.corpus import Corpus, Gender, Spoken, require
from xlser.corpora.remote import Download, Remote

_EMOTIONS = {
    "ANGRY": "anger",
    "DISGUST": "disgust",
    "FEAR": "fear",
    "HAPPY": "happiness",
    "NEUTRAL": "neutral",
    "SAD": "sadness",
    "SURPRISE": "surprise",
}
_NAME = re.compile(r"([MF]_[0-9]{2})_[A-Z]+_S_([0-9]{1,2})_([A-Z]+)_[1-9]")


class SUBESCO(Corpus):
    """SUBESCO; names are gender_number_NAME_S_sentence_EMOTION_take.

    Known by its naming rule and its count alone: the files are taken as they are found.
    """

    name = "subesco"
    title = "SUBESCO"
    language = "bengali"
    licence = "CC BY 4.0"
    homepage = "https://zenodo.org/records/4526477"
    citation = "Sultana et al. (2021), SUST Bangla Emotional Speech Corpus, PLoS ONE 16(4)"
    tree = "subesco/F_01_OISHI_S_1_ANGRY_1.wav"
    download = Download(
        (
            Remote(
                ("https://zenodo.org/records/4526477/files/SUBESCO.zip",),
                "SUBESCO.zip",
                facts="https://zenodo.org/api/records/4526477",
            ),
        ),
        "size as Zenodo states it",
    )
    files = 7000

    def parse(self, name: str) -> Spoken:
        """Read `F_01_OISHI_S_1_ANGRY_1`; the speaker is `F_01`."""
        match = _NAME.fullmatch(name)
        emotion = _EMOTIONS.get(match[3]) if match else None
        require(emotion is not None, self, name)
        assert match is not None
        assert emotion is not None
        return Spoken(match[1], emotion, match[2])

    def gender_of(self, speaker: str) -> Gender:
        """Return the gender that a speaker's code begins with."""
        return "female" if speaker.startswith("F") else "male"
