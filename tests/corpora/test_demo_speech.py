"""The demo corpora: speech that ships with the package."""

import sys
from pathlib import Path

import pytest
import soundfile
from tests.tools import demo_speech

from xlser.audio import check_corpus, load
from xlser.corpora import EMOTIONS, get_corpus, locate, scan
from xlser.settings import Settings

LANGUAGES = ("english", "french", "german", "italian", "persian")


@pytest.fixture(params=LANGUAGES, scope="module")
def language(request: pytest.FixtureRequest) -> str:
    return request.param


def test_speech_ships_with_the_package_and_needs_no_settings(language: str) -> None:
    corpus = get_corpus(f"demo-{language}")
    root = locate(corpus, Settings.gather())
    utterances = scan(corpus, root).utterances
    assert len(utterances) == 120
    assert {u.emotion for u in utterances} == set(EMOTIONS)
    assert len({u.speaker for u in utterances}) == 8


def test_speech_decodes_without_a_finding(language: str) -> None:
    corpus = get_corpus(f"demo-{language}")
    report = check_corpus(corpus, corpus.packaged_root())
    assert (report.faults, report.remarks) == ((), ())


def test_speech_is_mono_at_16_khz_of_one_to_two_and_a_half_seconds(language: str) -> None:
    for file in get_corpus(f"demo-{language}").packaged_root().iterdir():
        info = soundfile.info(file)
        assert (info.samplerate, info.channels) == (16_000, 1)
        assert 1.0 <= info.duration <= 2.5, file.name


def test_recordings_differ_from_one_another(language: str) -> None:
    files = sorted(get_corpus(f"demo-{language}").packaged_root().glob("*-neutral.ogg"))
    assert len({load(file).tobytes() for file in files}) == len(files) == 24


def test_one_can_bring_demo_speech_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "demo-german").mkdir()
    corpus = get_corpus("demo-german")
    assert locate(corpus, Settings.gather(data=tmp_path)) == tmp_path / "demo-german"


def test_all_speech_together_is_small() -> None:
    root = get_corpus("demo-english").packaged_root().parent
    assert sum(file.stat().st_size for file in root.rglob("*.ogg")) <= 4 * 2**20


def test_build_without_espeak_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(SystemExit, match=r"pip install 'xlser\[demo-speech\]'"):
        demo_speech.build(tmp_path / "out")
    assert not (tmp_path / "out").exists()
