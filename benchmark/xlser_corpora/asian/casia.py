"""CASIA (Mandarin): the public set of 4 speakers, 6 emotions, 50 sentences."""

from collections.abc import Iterable
from pathlib import PurePath

from xlser.corpora.corpus import Corpus, Spoken, require

_EMOTIONS = {
    "angry": "anger",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
}
_SENTENCES = tuple(str(number) for number in range(201, 251))


class CASIA(Corpus):
    """CASIA; an utterance is named sentence-emotion-speaker, as the common flat copy writes it.

    The official files lack emotion and speaker (`wangzhe/angry/201.wav`): there, and only there,
    the folders are read.
    """

    name = "casia"
    title = "CASIA"
    language = "mandarin"
    licence = "research"
    homepage = "http://www.chineseldc.org/resource_info.php?rid=76"
    citation = "Institute of Automation, Chinese Academy of Sciences (2005), CASIA Mandarin corpus"
    tree = "casia/wangzhe/angry/201.wav (official) or casia/201-angry-wangzhe.wav (flat copy)"
    recordings = "2b17e991258d77ad627183baff48e043f5dd191d7584ec8a80bc9a81ae218620"
    speakers = {
        **dict.fromkeys(("liuchanhg", "zhaoquanyin"), "female"),
        **dict.fromkeys(("ZhaoZuoxiang", "wangzhe"), "male"),
    }

    def names(self) -> Iterable[str]:
        """Return the 1200 names of the public set."""
        return [f"{s}-{e}-{p}" for p in self.speakers for e in _EMOTIONS for s in _SENTENCES]

    def parse(self, name: str) -> Spoken:
        """Read `201-angry-wangzhe`."""
        parts = name.split("-")
        require(len(parts) == 3, self, name)
        sentence, emotion, speaker = parts
        known = sentence in _SENTENCES and emotion in _EMOTIONS and speaker in self.speakers
        require(known, self, name)
        return Spoken(speaker, _EMOTIONS[emotion], sentence)

    def name_of(self, path: PurePath) -> str:
        """Return `201-angry-wangzhe` for both `wangzhe/angry/201.wav` and the flat copy's name."""
        if "-" in path.stem:
            return path.stem
        return f"{path.stem}-{path.parent.name}-{path.parent.parent.name}"
