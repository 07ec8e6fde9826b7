"""CaFE (Canadian French): 12 actors, 7 emotions, 6 sentences, two intensities."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, require
from xlser.corpora.remote import Download, Remote

_EMOTIONS = {
    "C": "anger",
    "P": "fear",
    "J": "happiness",
    "N": "neutral",
    "T": "sadness",
    "D": "disgust",
    "S": "surprise",
}
_SENTENCES = ("1", "2", "3", "4", "5", "6")


def _intensities(emotion: str) -> tuple[str, ...]:
    return ("1",) if emotion == "N" else ("1", "2")


class CaFE(Corpus):
    """CaFE; names are actor-emotion-intensity-sentence, both intensities kept."""

    name = "cafe"
    title = "CaFE"
    language = "french"
    licence = "CC BY-NC-SA 4.0"
    homepage = "https://zenodo.org/records/1478765"
    citation = "Gournay et al. (2018), A Canadian French Emotional Speech Dataset, ACM MMSys"
    tree = "cafe/CaFE_48k/Colère/Faible/01-C-1-1.wav (one edition, 48 or 192 kHz, not both)"
    download = Download(
        (
            Remote(
                ("https://zenodo.org/records/1478765/files/CaFE_48k.zip",),
                "CaFE_48k.zip",
                facts="https://zenodo.org/api/records/1478765",
            ),
        ),
        "the 48 kHz edition; size as Zenodo states it",
    )
    speakers = {f"{n:02}": "male" if n % 2 else "female" for n in range(1, 13)}

    def names(self) -> Iterable[str]:
        """Return the 936 names; neutral speech has one intensity."""
        return [
            f"{actor}-{emotion}-{intensity}-{sentence}"
            for actor in self.speakers
            for emotion in _EMOTIONS
            for intensity in _intensities(emotion)
            for sentence in _SENTENCES
        ]

    def parse(self, name: str) -> Spoken:
        """Read `01-C-1-1`."""
        parts = name.split("-")
        require(len(parts) == 4, self, name)
        actor, emotion, intensity, sentence = parts
        require(actor in self.speakers and emotion in _EMOTIONS, self, name)
        require(intensity in _intensities(emotion), self, name)
        require(sentence in _SENTENCES, self, name)
        return Spoken(actor, _EMOTIONS[emotion], sentence)
