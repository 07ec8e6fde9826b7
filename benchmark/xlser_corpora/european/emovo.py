"""EMOVO (Italian): 6 actors, 7 emotions, 14 sentences, each once."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, require

_EMOTIONS = {
    "rab": "anger",
    "pau": "fear",
    "gio": "happiness",
    "neu": "neutral",
    "tri": "sadness",
    "dis": "disgust",
    "sor": "surprise",
}
_SENTENCES = ["b1", "b2", "b3", "d1", "d2", "l1", "l2", "l3", "l4", "n1", "n2", "n3", "n4", "n5"]


class EMOVO(Corpus):
    """EMOVO; names are emotion-speaker-sentence."""

    name = "emovo"
    title = "EMOVO"
    language = "italian"
    licence = "non-commercial use, with acknowledgment"
    homepage = "http://voice.fub.it/activities/corpora/emovo"
    citation = "Costantini et al. (2014), EMOVO Corpus: an Italian Emotional Speech Database, LREC"
    tree = "emovo/f1/rab-f1-b1.wav"
    recordings = "f75027939f097b5aaca43b6b0ab671466c711097f06479a27025224e2ae64e83"
    speakers = {
        **dict.fromkeys(("f1", "f2", "f3"), "female"),
        **dict.fromkeys(("m1", "m2", "m3"), "male"),
    }

    def names(self) -> Iterable[str]:
        """Return the 588 names."""
        return [f"{e}-{p}-{s}" for e in _EMOTIONS for p in self.speakers for s in _SENTENCES]

    def parse(self, name: str) -> Spoken:
        """Read `rab-f1-b1`."""
        parts = name.split("-")
        require(len(parts) == 3, self, name)
        emotion, speaker, sentence = parts
        known = emotion in _EMOTIONS and speaker in self.speakers and sentence in _SENTENCES
        require(known, self, name)
        return Spoken(speaker, _EMOTIONS[emotion], sentence)
