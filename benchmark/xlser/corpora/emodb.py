"""EMO-DB (German): 10 actors, 7 emotions, 10 texts; only what listeners recognised was kept."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, names_file, require

_EMOTIONS = {
    "W": "anger",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
    "L": "boredom",
    "E": "disgust",
}
_TEXTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")


class EmoDB(Corpus):
    """EMO-DB; names are speaker (2), text (3), emotion (1), take."""

    name = "emodb"
    title = "EMO-DB"
    language = "german"
    licence = "CC0-1.0 (as republished by audEERING)"
    homepage = "http://emodb.bilderbar.info"
    citation = "Burkhardt et al. (2005), A Database of German Emotional Speech, Interspeech"
    tree = "emodb/wav/03a01Fa.wav"
    speakers = {
        **dict.fromkeys(("03", "10", "11", "12", "15"), "male"),
        **dict.fromkeys(("08", "09", "13", "14", "16"), "female"),
    }

    def names(self) -> Iterable[str]:
        """Return the 535 names."""
        return names_file(self)

    def parse(self, name: str) -> Spoken:
        """Read `03a01Fa`."""
        speaker, text, emotion, take = name[:2], name[2:5], name[5:6], name[6:]
        known = speaker in self.speakers and text in _TEXTS and emotion in _EMOTIONS
        require(
            known and len(take) <= 1 and take.isascii() and (not take or take.isalpha()), self, name
        )
        return Spoken(speaker, _EMOTIONS[emotion], text)
