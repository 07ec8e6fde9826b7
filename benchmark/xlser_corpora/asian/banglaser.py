"""BanglaSER (Bengali): 34 actors, 5 emotions (no fear), 3 statements."""

from collections.abc import Iterable

from xlser.corpora.corpus import Corpus, Spoken, require
from xlser.corpora.remote import Download, Remote

_EMOTIONS = {
    "01": "happiness",
    "02": "sadness",
    "03": "anger",
    "04": "surprise",
    "05": "neutral",
}
_THREE = ("01", "02", "03")
_WITHOUT_NEUTRAL = ("11", "12", "13", "16", "18", "20", "29")
# Their first field says video with sound, though they are audio like the rest.
_MODE_01 = {f"04-02-03-{repetition}-15" for repetition in _THREE}


def _mode(rest: str) -> str:
    return "01" if rest in _MODE_01 else "03"


def _intensity(emotion: str) -> str:
    return "02" if emotion in ("03", "04") else "01"


class BanglaSER(Corpus):
    """BanglaSER; names are mode-channel-emotion-intensity-statement-repetition-actor."""

    name = "banglaser"
    title = "BanglaSER"
    language = "bengali"
    licence = "CC BY 4.0"
    homepage = "https://data.mendeley.com/datasets/t9h6p943xy/5"
    citation = (
        "Das et al. (2022), BanglaSER: A speech emotion recognition dataset, Data in Brief 42"
    )
    tree = "banglaser/03-01-03-02-02-01-09.wav"
    recordings = "c776a7bcda4220d97e1598085c1f2e5559b2e050480b8e1e166fb22354988dce"
    download = Download(
        (
            Remote(
                ("https://data.mendeley.com/public-api/zip/t9h6p943xy/download/5",),
                "banglaser.zip",
            ),
        ),
        "size as Mendeley Data states it",
    )
    speakers = {f"{n:02}": "male" if n % 2 else "female" for n in range(1, 35)}
    defects = {"03-01-05-01-01-03-19": "in the published count, but not in every copy"}

    def names(self) -> Iterable[str]:
        """Return the 1467 names; seven actors have no neutral speech."""
        takes = [
            f"{emotion}-{_intensity(emotion)}-{statement}-{repetition}-{actor}"
            for actor in self.speakers
            for emotion in _EMOTIONS
            if not (emotion == "05" and actor in _WITHOUT_NEUTRAL)
            for statement in _THREE
            for repetition in _THREE
        ]
        return [f"{_mode(take)}-01-{take}" for take in takes]

    def parse(self, name: str) -> Spoken:
        """Read `03-01-03-02-02-01-09`."""
        parts = name.split("-")
        require(len(parts) == 7, self, name)
        mode, channel, emotion, intensity, statement, repetition, actor = parts
        require(emotion in _EMOTIONS and actor in self.speakers, self, name)
        require({statement, repetition} <= set(_THREE), self, name)
        require(intensity == _intensity(emotion) and channel == "01", self, name)
        require(mode == _mode(name[6:]), self, name)
        require(not (emotion == "05" and actor in _WITHOUT_NEUTRAL), self, name)
        return Spoken(actor, _EMOTIONS[emotion], statement)
