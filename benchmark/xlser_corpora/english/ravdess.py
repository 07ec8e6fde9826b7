"""RAVDESS (English): 24 actors, 8 emotions, the audio-only speech part."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, require
from xlser.corpora.remote import Download, Remote

_EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happiness",
    "04": "sadness",
    "05": "anger",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
_BOTH = ("01", "02")


def _intensities(emotion: str) -> tuple[str, ...]:
    return ("01",) if emotion == "01" else _BOTH


class RAVDESS(Corpus):
    """RAVDESS; names are modality-channel-emotion-intensity-statement-repetition-actor.

    Modality 03 is audio alone and channel 01 speech; videos and songs are other releases.
    """

    name = "ravdess"
    title = "RAVDESS"
    language = "english"
    licence = "CC BY-NC-SA 4.0"
    homepage = "https://zenodo.org/records/1188976"
    citation = "Livingstone and Russo (2018), The Ryerson Audio-Visual Database, PLoS ONE 13(5)"
    tree = "ravdess/Actor_01/03-01-01-01-01-01-01.wav"
    recordings = "55563672114af581fbd48c4c519fa341745174ac3eea7d38546a7589f53a3b09"
    download = Download(
        (
            Remote(
                ("https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",),
                "Audio_Speech_Actors_01-24.zip",
                size=208_468_073,
                digest="md5:bc696df654c87fed845eb13823edef8a",
            ),
        ),
        "208 MB",
    )
    speakers = {f"{n:02}": "male" if n % 2 else "female" for n in range(1, 25)}

    def names(self) -> Iterable[str]:
        """Return the 1440 names; neutral speech has one intensity."""
        return [
            f"03-01-{emotion}-{intensity}-{statement}-{repetition}-{actor}"
            for actor in self.speakers
            for emotion in _EMOTIONS
            for intensity in _intensities(emotion)
            for statement in _BOTH
            for repetition in _BOTH
        ]

    def parse(self, name: str) -> Spoken:
        """Read `03-01-06-01-02-01-12`."""
        parts = name.split("-")
        require(len(parts) == 7, self, name)
        modality, channel, emotion, intensity, statement, repetition, actor = parts
        known = emotion in _EMOTIONS and actor in self.speakers
        spoken = modality == "03" and channel == "01"
        require(known and spoken and {statement, repetition} <= set(_BOTH), self, name)
        require(intensity in _intensities(emotion), self, name)
        return Spoken(actor, _EMOTIONS[emotion], statement)
