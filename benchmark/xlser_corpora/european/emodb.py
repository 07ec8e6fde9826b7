"""EMO-DB (German): 10 actors, 7 emotions, 10 texts; only what listeners recognised was kept."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, listed_names, require
from xlser.corpora.remote import Download, Remote
from xlser_corpora.names import NAMES

_NAMES = NAMES / "emodb.txt"

_EMOTIONS = {
    "W": "anger",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
    "L": "boredom",
    "E": "disgust",
}


class EmoDB(Corpus):
    """EMO-DB; names are speaker (2), text (3), emotion (1), take."""

    name = "emodb"
    title = "EMO-DB"
    language = "german"
    licence = "CC0-1.0 (as republished by audEERING)"
    homepage = "http://emodb.bilderbar.info"
    citation = "Burkhardt et al. (2005), A Database of German Emotional Speech, Interspeech"
    tree = "emodb/wav/03a01Fa.wav"
    recordings = "9f4712772a3a076a5762f6ba190e2b8230ed1e155ceaf8a55cca9d5c089907f4"
    download = Download(
        (Remote(("http://emodb.bilderbar.info/download/download.zip",), "download.zip"),),
        "40.5 MB",
    )
    speakers = {
        **dict.fromkeys(("03", "10", "11", "12", "15"), "male"),
        **dict.fromkeys(("08", "09", "13", "14", "16"), "female"),
    }

    def names(self) -> Iterable[str]:
        """Return the 535 names."""
        return listed_names(_NAMES)

    def parse(self, name: str) -> Spoken:
        """Read `03a01Fa`."""
        require(name in listed_names(_NAMES), self, name)
        return Spoken(speaker=name[:2], emotion=_EMOTIONS[name[5]], sentence=name[2:5])
