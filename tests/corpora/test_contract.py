"""Corpora whose plugins read names wrongly are named by what is wrong."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.cli.commands import xlser as command

import xlser
from xlser.corpora import Corpus, Spoken, corpus_names, get_corpus, require

_EMOTIONS = ("anger", "fear", "happiness", "neutral", "sadness")


class Sound(Corpus):
    """Names are speaker-sentence-emotion."""

    name, title, language, licence = "sound", "Sound", "english", "none"
    homepage, citation, tree = "none", "nobody (2026)", "sound/a-1-anger.wav"
    speakers = {"a": "female", "b": "male", "c": "female"}

    def names(self) -> Iterable[str]:
        return [f"{who}-{text}-{e}" for who in "abc" for text in "12" for e in _EMOTIONS]

    def parse(self, name: str) -> Spoken:
        parts = name.split("-")
        require(len(parts) == 3, self, name)
        who, text, emotion = parts
        return Spoken(who, emotion, text)


class EmotionForSpeaker(Sound):
    speakers = {}

    def parse(self, name: str) -> Spoken:
        spoken = super().parse(name)
        return Spoken(f"speaker-{spoken.emotion}", spoken.emotion, spoken.sentence)


class EmotionIsSpeaker(Sound):
    speakers = {}

    def parse(self, name: str) -> Spoken:
        spoken = super().parse(name)
        return Spoken(spoken.emotion, spoken.emotion, spoken.sentence)


class SpeakerEach(Sound):
    speakers = {}

    def parse(self, name: str) -> Spoken:
        spoken = super().parse(name)
        return Spoken(name, spoken.emotion, spoken.sentence)


class EmotionForSentence(Sound):
    def parse(self, name: str) -> Spoken:
        spoken = super().parse(name)
        return Spoken(spoken.speaker, spoken.emotion, spoken.emotion[:2])


class BlankNames(Sound):
    def names(self) -> Iterable[str]:
        return [name.replace("-anger", "-an ger") for name in super().names()]


class LineBreaks(Sound):
    def names(self) -> Iterable[str]:
        return [*super().names(), "a-3\n-anger"]


class Doubled(Sound):
    def names(self) -> Iterable[str]:
        return [*super().names(), "a-1-anger"]


class OtherGenders(Sound):
    speakers = {"A": "female", "B": "male", "C": "female"}


class NoGender(Sound):
    speakers = {"a": "woman", "b": "male", "c": "female"}


class OneSpeakerOfFear(Sound):
    def names(self) -> Iterable[str]:
        return [n for n in super().names() if "fear" not in n or n.startswith("a")]


class ReadsAnything(Sound):
    def parse(self, name: str) -> Spoken:
        return super().parse(name) if name.count("-") == 2 else Spoken("a", "anger", "1")


WRONG = {
    EmotionForSpeaker: "speakers have one emotion alone",
    EmotionIsSpeaker: "is a speaker and an emotion",
    SpeakerEach: "a speaker of its own",
    EmotionForSentence: "sentences are spoken in one emotion alone",
    BlankNames: "has a blank",
    LineBreaks: "a line break",
    Doubled: "the name of several utterances",
    OtherGenders: "`speakers` lacks 3",
    NoGender: "is 'woman'",
    OneSpeakerOfFear: "Only one speaker has 'fear': a fold that tests this speaker has no",
    ReadsAnything: "is read as",
}


def test_a_sound_corpus_passes() -> None:
    report = xlser.check_corpus(Sound())
    assert report.passed, str(report)


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_what_is_wrong_is_named(kind: type[Corpus]) -> None:
    report = xlser.check_corpus(kind())
    assert any(WRONG[kind] in str(check.fault) for check in report.faults), str(report)


def test_the_suites_corpora_pass() -> None:
    for name in corpus_names():
        corpus = get_corpus(name)
        if corpus.published():
            assert xlser.check_corpus(corpus).passed, str(xlser.check_corpus(corpus))


def test_the_command_needs_no_recording_of_what_is_published(tmp_path: Path) -> None:
    done = command("corpora", "check", "--contract", "demo-german", "savee", folder=tmp_path)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        ["demo-german: 0 of 8 checks failed", "savee: 0 of 8 checks failed"],
    )
