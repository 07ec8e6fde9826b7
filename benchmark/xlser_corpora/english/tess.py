"""TESS (English): 2 female actors, 7 emotions, 200 words in one carrier phrase."""

from collections.abc import Iterable
from pathlib import PurePath

from xlser.corpora.corpus import Corpus, Spoken, require
from xlser.corpora.remote import Download, Remote

_EMOTIONS = {
    "angry": "anger",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "disgust": "disgust",
    "ps": "surprise",  # "pleasant surprise"
}
_WORDS = frozenset(
    """
    back bar base bath bean beg bite boat bone book bought burn cab calm came cause chain
    chair chalk chat check cheek chief choice cool dab date dead death deep dime dip ditch
    dodge dog doll door fail fall far fat fit five food gap gas gaze germ get gin goal good
    goose gun half hall hash hate have haze hire hit hole home hurl hush jail jar join judge
    jug juice keen keep keg kick kill king kite knock late laud lean learn lease lid life limb
    live loaf long lore lose lot love luck make match merge mess met mill mob mode mood moon
    mop mouse nag name near neat nice note numb pad page pain pass pearl peg perch phone pick
    pike pole pool puff rag raid rain raise rat reach read red ring ripe road room rose rot
    rough rush said sail search seize sell shack shall shawl sheep shirt should shout size
    soap soup sour south sub such sure take talk tape team tell thin third thought thumb time
    tip tire ton tool tough turn vine voice void vote wag walk wash week wheat when which whip
    white wife wire witch yearn yes young youth
    """.split()  # noqa: SIM905
)


class TESS(Corpus):
    """TESS; names are speaker_word_emotion ("Say the word ...").

    The official release names one file of speaker OAF `OA_bite_neutral`.
    """

    name = "tess"
    title = "TESS"
    language = "english"
    licence = "CC BY-NC-ND 4.0"
    homepage = "https://doi.org/10.5683/SP2/E8H2MF"
    citation = "Pichora-Fuller and Dupuis (2020), Toronto emotional speech set, Borealis"
    tree = "tess/OAF_angry/OAF_back_angry.wav (folders may also be absent or nested twice)"
    recordings = "b103e649ac1429e3f95f6110ba8453691f3bdb9e5256695c50a11bbc8bda2b4f"
    download = Download(
        (
            Remote(
                (
                    "https://borealisdata.ca/api/access/dataset/:persistentId/"
                    "?persistentId=doi:10.5683/SP2/E8H2MF",
                ),
                "tess.zip",
            ),
        ),
        "some 270 MB",
    )
    speakers = dict.fromkeys(("OAF", "YAF"), "female")

    def names(self) -> Iterable[str]:
        """Return the 2800 names."""
        words = sorted(_WORDS)
        return [f"{p}_{word}_{e}" for p in self.speakers for e in _EMOTIONS for word in words]

    def parse(self, name: str) -> Spoken:
        """Read `OAF_back_angry`."""
        parts = name.split("_")
        require(len(parts) == 3, self, name)
        speaker, word, emotion = parts
        known = speaker in self.speakers and word in _WORDS and emotion in _EMOTIONS
        require(known, self, name)
        return Spoken(speaker, _EMOTIONS[emotion], word)

    def name_of(self, path: PurePath) -> str:
        """Return the stem, with the one misnamed official file put right."""
        return "OAF_bite_neutral" if path.stem == "OA_bite_neutral" else path.stem
