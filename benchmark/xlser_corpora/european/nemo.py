"""nEMO (Polish): 9 actors, 6 emotions, 90 sentences."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, listed_names, require
from xlser.corpora.remote import github
from xlser_corpora.names import NAMES

_NAMES = NAMES / "nemo.txt"
_EMOTIONS = {
    "anger": "anger",
    "fear": "fear",
    "happiness": "happiness",
    "neutral": "neutral",
    "sadness": "sadness",
    "surprised": "surprise",
}


class NEMO(Corpus):
    """nEMO; names are speaker_emotion_sentence. Speaker MP0 has 256 of 540 recordings."""

    name = "nemo"
    title = "nEMO"
    language = "polish"
    licence = "CC BY-NC-SA 4.0"
    homepage = "https://huggingface.co/datasets/amu-cai/nEMO"
    citation = "Christop (2024), nEMO: Dataset of Emotional Speech in Polish, LREC-COLING"
    tree = "nemo/samples/WR0_happiness_26.wav"
    recordings = "26601d9e3d657b0d65d6afb76d1cfa0521b5bbb8b446a96eedabeb8984b38449"
    download = github("amu-cai", "nEMO", "66de9999a8f2f605eb5f64841790aa5cb0877782", "532 MB")
    speakers = {
        **dict.fromkeys(("EB0", "IC0", "KD0", "MK0"), "female"),
        **dict.fromkeys(("KS0", "MP0", "SM0", "TP0", "WR0"), "male"),
    }

    def names(self) -> Iterable[str]:
        """Return the 4481 names."""
        return listed_names(_NAMES)

    def parse(self, name: str) -> Spoken:
        """Read `WR0_happiness_26`."""
        require(name in listed_names(_NAMES), self, name)
        speaker, emotion, sentence = name.split("_")
        return Spoken(speaker, _EMOTIONS[emotion], sentence)
