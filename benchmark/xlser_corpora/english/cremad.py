"""CREMA-D (English): 91 actors, 6 emotions, 12 sentences."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, require
from xlser.corpora.remote import Download, Remote

_EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
_SENTENCES = ("DFA", "IEO", "IOM", "ITH", "ITS", "IWL", "IWW", "MTI", "TAI", "TIE", "TSI", "WSI")
_WOMEN = (
    *(1002, 1003, 1004, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1018, 1020, 1021, 1024, 1025),
    *(1028, 1029, 1030, 1037, 1043, 1046, 1047, 1049, 1052, 1053, 1054, 1055, 1056, 1058, 1060),
    *(1061, 1063, 1072, 1073, 1074, 1075, 1076, 1078, 1079, 1082, 1084, 1089, 1091),
)
# Sentences that an actor has no recording of; for 1002 and 1076 the neutral one alone.
_UNRECORDED = {"1008_WSI", "1009_MTI", "1019_ITH"}
_UNRECORDED_NEUTRAL = {"1002_TIE", "1076_ITS"}


def _levels(sentence: str, emotion: str) -> tuple[str, ...]:
    return ("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",)


def _recorded(take: str, emotion: str) -> bool:
    return take not in _UNRECORDED and not (emotion == "NEU" and take in _UNRECORDED_NEUTRAL)


_ADDRESS = (
    "https://{host}.githubusercontent.com/{media}CheyneyComputerScience/CREMA-D/master/{path}"
)


def _names() -> list[str]:
    return [
        f"{actor}_{sentence}_{emotion}_{level}"
        for actor in range(1001, 1092)
        for sentence in _SENTENCES
        for emotion in _EMOTIONS
        if _recorded(f"{actor}_{sentence}", emotion)
        for level in _levels(sentence, emotion)
    ]


def _remote(name: str) -> Remote:
    path = f"AudioWAV/{name}.wav"
    recording = _ADDRESS.format(host="media", media="media/", path=path)
    return Remote((recording,), path, facts=_ADDRESS.format(host="raw", media="", path=path))


class CREMAD(Corpus):
    """CREMA-D; names are actor_sentence_emotion_level. Only the sentence IEO has three levels."""

    name = "cremad"
    title = "CREMA-D"
    language = "english"
    licence = "ODbL 1.0"
    homepage = "https://github.com/CheyneyComputerScience/CREMA-D"
    citation = "Cao et al. (2014), CREMA-D, IEEE Transactions on Affective Computing 5(4)"
    tree = "cremad/AudioWAV/1001_DFA_ANG_XX.wav"
    recordings = "4d7a9768cec2e7630138d807413822efc316d221d9659df4cabfc49080169045"
    download = Download(tuple(map(_remote, _names())), "606 MB in 7442 files, one by one")
    speakers = {str(n): "female" if n in _WOMEN else "male" for n in range(1001, 1092)}
    defects = {
        "1076_MTI_SAD_XX": "silent in the release",
        "1006_TIE_HAP_XX": "the same recording as 1006_TIE_NEU_XX",
        "1006_TIE_NEU_XX": "the same recording as 1006_TIE_HAP_XX",
        "1013_WSI_DIS_XX": "the same recording as 1013_WSI_SAD_XX",
        "1013_WSI_SAD_XX": "the same recording as 1013_WSI_DIS_XX",
        "1017_IWW_ANG_XX": "the same recording as 1017_IWW_FEA_XX",
        "1017_IWW_FEA_XX": "the same recording as 1017_IWW_ANG_XX",
    }

    def names(self) -> Iterable[str]:
        """Return the 7442 names."""
        return _names()

    def parse(self, name: str) -> Spoken:
        """Read `1001_DFA_ANG_XX`."""
        parts = name.split("_")
        require(len(parts) == 4, self, name)
        actor, sentence, emotion, level = parts
        require(actor in self.speakers and emotion in _EMOTIONS, self, name)
        require(sentence in _SENTENCES and level in _levels(sentence, emotion), self, name)
        require(_recorded(f"{actor}_{sentence}", emotion), self, name)
        return Spoken(actor, _EMOTIONS[emotion], sentence)
