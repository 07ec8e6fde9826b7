"""The demo corpora: five "languages" of synthetic speech, for a first run in minutes.

The speech is synthesised by eSpeak NG (`build.py`) with emotion as prosody alone. It is an
ordinary corpus to the suite, but a result on it shows nothing about speech: it ranks nothing.
"""

from collections.abc import Iterable
from pathlib import Path

from xlser.corpora.corpus import Corpus, Spoken, require
from xlser.corpora.emotions import EMOTIONS

_SENTENCES = ("s1", "s2", "s3")


class _Demo(Corpus):
    """One language of the demo; names are voice-sentence-emotion."""

    licence = "MIT (synthetic speech made by eSpeak NG)"
    homepage = "ships with xlser"
    citation = "synthetic; cite nothing, rank nothing"
    speakers = {
        **dict.fromkeys(("f1", "f2", "f3", "f4"), "female"),
        **dict.fromkeys(("m1", "m2", "m3", "m4"), "male"),
    }

    def names(self) -> Iterable[str]:
        """Return the 120 names."""
        return [f"{v}-{s}-{e}" for v in self.speakers for s in _SENTENCES for e in EMOTIONS]

    def parse(self, name: str) -> Spoken:
        """Read `f1-s2-anger`."""
        parts = name.split("-")
        require(len(parts) == 3, self, name)
        voice, sentence, emotion = parts
        known = voice in self.speakers and sentence in _SENTENCES and emotion in EMOTIONS
        require(known, self, name)
        return Spoken(voice, emotion, sentence)

    def packaged_root(self) -> Path | None:
        """Return the folder of this language within the package."""
        return Path(__file__).parent / "speech" / self.language


class DemoEnglish(_Demo):
    """Synthetic English."""

    name, title, language = "demo-english", "Demo (English)", "english"
    tree = "speech/english/f1-s1-anger.ogg within the package"


class DemoFrench(_Demo):
    """Synthetic French."""

    name, title, language = "demo-french", "Demo (French)", "french"
    tree = "speech/french/f1-s1-anger.ogg within the package"


class DemoGerman(_Demo):
    """Synthetic German."""

    name, title, language = "demo-german", "Demo (German)", "german"
    tree = "speech/german/f1-s1-anger.ogg within the package"


class DemoItalian(_Demo):
    """Synthetic Italian."""

    name, title, language = "demo-italian", "Demo (Italian)", "italian"
    tree = "speech/italian/f1-s1-anger.ogg within the package"


class DemoPersian(_Demo):
    """Synthetic Persian."""

    name, title, language = "demo-persian", "Demo (Persian)", "persian"
    tree = "speech/persian/f1-s1-anger.ogg within the package"
