"""The path from real recordings to a record: EMO-DB, and English from RAVDESS, SAVEE and TESS."""

from pathlib import Path

import pytest
from tests.demo import Demo, lasting, request
from typer.testing import CliRunner

from xlser.cli import app
from xlser.corpora import find_root, get_corpus
from xlser.records import Record
from xlser.runs import execute_run
from xlser.runs.environment import choose_device


@pytest.fixture(scope="module")
def real(real_data: Path, real_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    cache = tmp_path_factory.mktemp("cache")
    return Demo(cache, "agarla2022", data=(real_data,), weights=str(real_weights))


def record(real: Demo, method: str) -> Record:
    (run,) = real.plan(request([method]), real.settings.cache / "none", "audiontt-512").todo
    return execute_run(run, real.inputs("frozen", "audiontt-512"), choose_device("cpu"))


def test_the_paper_tests_on_71_german_and_1270_english_utterances(real: Demo) -> None:
    if not find_root(get_corpus("savee"), real.settings):
        pytest.skip("no savee/ under XLSER_DATA: English is not complete here")
    lower = record(real, "lower-bound")
    sizes = {part.corpus: len(part.truth) for part in lower.predictions}
    assert sizes == {"emodb": 71, "ravdess": 180, "savee": 90, "tess": 1000}
    assert (lower.source_corpora, lower.absent_corpora) == (("ravdess", "savee", "tess"), ())


def test_without_savee_the_english_test_set_is_that_much_smaller_and_the_record_states_it(
    real: Demo, real_data: Path, tmp_path: Path
) -> None:
    for name in ("emodb", "ravdess", "tess"):
        (tmp_path / name).symlink_to(real_data / name)
    partial = Demo(
        real.settings.cache, "agarla2022", data=(tmp_path,), weights=real.settings.weights
    )
    lower = record(partial, "lower-bound")
    sizes = {part.corpus: len(part.truth) for part in lower.predictions}
    assert sizes == {"emodb": 71, "ravdess": 180, "tess": 1000}
    assert (lower.source_corpora, lower.absent_corpora) == (("ravdess", "tess"), ("savee",))


def test_english_speech_teaches_some_german_and_german_speech_more(real: Demo) -> None:
    lower, upper = record(real, "lower-bound"), record(real, "upper-bound")
    majority = 26 / 71
    assert majority + 0.1 < lower.scores["target"].accuracy < upper.scores["target"].accuracy


def test_the_same_seed_gives_the_same_record_on_real_speech(real: Demo, tmp_path: Path) -> None:
    fresh = Demo(tmp_path / "cache", "agarla2022", **_places(real))
    assert lasting(record(real, "upper-bound")) == lasting(record(fresh, "upper-bound"))


def _places(real: Demo) -> dict[str, object]:
    return {"data": real.settings.data, "weights": real.settings.weights}


def test_corpora_check_passes_for_the_real_corpora(real_data: Path) -> None:
    result = CliRunner().invoke(app, ["corpora", "check", "--data", str(real_data)])
    assert result.exit_code == 0, result.output
    assert "fault" not in result.stdout
    assert "EMO-DB" in result.stdout
