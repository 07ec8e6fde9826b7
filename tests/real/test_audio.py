"""Original files of the releases: every rate and channel count decodes as it should."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from xlser.audio import SAMPLE_RATE, Extractor, FrontEnd, load
from xlser.corpora import get_corpus, survey
from xlser.system.files import digest_file

NAMES = ("emodb", "emovo", "ravdess", "tess")


def originals_of(name: str, real_data: Path) -> dict[str, Path]:
    """Original files by utterance name; skips the test where there are none."""
    root = real_data.parent / "originals" / name
    if not root.is_dir():
        pytest.skip(f"no originals/{name}/ beside XLSER_DATA")
    return {n: paths[0] for n, paths in survey(get_corpus(name), root).files.items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_original_bears_a_published_name(name: str, real_data: Path) -> None:
    files = [p for p in (real_data.parent / "originals" / name).rglob("*") if p.is_file()]
    assert len(originals_of(name, real_data)) == len(files)


@pytest.mark.parametrize("name", NAMES)
def test_original_decodes_to_16_khz_mono(name: str, real_data: Path) -> None:
    for path in originals_of(name, real_data).values():
        samples, info = load(path), soundfile.info(path)
        assert samples.ndim == 1
        assert abs(len(samples) - info.frames * SAMPLE_RATE / info.samplerate) <= 1, path
        assert Extractor(FrontEnd())(samples).frames.shape == (1 + len(samples) // 160, 64)


@pytest.mark.parametrize("name", NAMES)
def test_original_equals_its_16_khz_copy(name: str, real_data: Path) -> None:
    copies = survey(get_corpus(name), real_data / name).files
    shared = {n: path for n, path in originals_of(name, real_data).items() if n in copies}
    assert shared, "no original has a copy to compare with"
    for utterance, path in shared.items():
        original, copy = load(path), load(copies[utterance][0])
        assert abs(len(original) - len(copy)) <= 2, utterance
        both = min(len(original), len(copy))
        assert np.corrcoef(original[:both], copy[:both])[0, 1] > 0.999, utterance


def test_originals_hold_the_oddities_of_the_releases(real_data: Path) -> None:
    def facts(corpus: str, name: str) -> tuple[int, int]:
        info = soundfile.info(originals_of(corpus, real_data)[name])
        return info.samplerate, info.channels

    assert facts("emovo", "rab-f1-b1")[0] == 48_000
    assert facts("tess", "OAF_food_fear") == (96_000, 1)
    assert facts("tess", "YAF_back_happy") == (24_414, 1)
    assert facts("ravdess", "03-01-03-01-02-01-20")[0] == 48_000


def test_stereo_and_mono_originals_are_both_there(real_data: Path) -> None:
    emovo = originals_of("emovo", real_data).values()
    assert {soundfile.info(path).channels for path in emovo} == {1, 2}


def test_misnamed_original_of_tess_is_found(real_data: Path) -> None:
    assert originals_of("tess", real_data)["OAF_bite_neutral"].stem == "OA_bite_neutral"


def test_identical_originals_of_ravdess_decode_alike(real_data: Path) -> None:
    files = originals_of("ravdess", real_data)
    pair = [files["03-01-03-01-02-01-07"], files["03-01-03-01-02-02-07"]]
    assert len({digest_file(path) for path in pair}) == 1
    assert np.array_equal(*map(load, pair))
