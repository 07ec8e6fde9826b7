"""The results of this repository are those of its own reference."""

from collections.abc import Callable
from pathlib import Path

import pytest

from xlser.corpora import find_root, get_corpus
from xlser.regression.check import reference_cells
from xlser.settings import Settings

REFERENCE = Path(__file__).parents[2] / "reference"
Check = Callable[..., None]


def test_results_on_the_demo_hold(xlser_check: Check) -> None:
    xlser_check(REFERENCE / "demo")


def test_results_on_real_speech_hold(
    xlser_check: Check, real_data: Path, real_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLSER_DATA", str(real_data))
    monkeypatch.setenv("XLSER_WEIGHTS", str(real_weights))
    if not find_root(get_corpus("savee"), Settings.gather()):
        pytest.skip("no savee/ under XLSER_DATA: the reference was made with all of English")
    xlser_check(REFERENCE / "v1")


def test_the_reference_has_methods_that_draw_and_methods_that_do_not() -> None:
    repeats = {
        (cell.repeats[0].protocol, cell.repeats[0].method.name): len(cell.repeats)
        for cell in reference_cells(REFERENCE)
    }
    assert repeats == {
        ("demo", "logistic-regression"): 5,
        ("demo", "sft"): 20,
        ("demo", "svm"): 5,
        ("v1", "logistic-regression"): 2,
        ("v1", "lower-bound"): 10,
        ("v1", "sft"): 10,
        ("v1", "svm"): 2,
    }
