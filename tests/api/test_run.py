"""`xlser.run` with classes that nobody packaged."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest
import torch
from tests.api.unsendable import Unsendable
from torch import Tensor

import xlser
from xlser.api.results import Results
from xlser.errors import MethodError, SettingsError, UnknownNameError
from xlser.methods import Method, Predictor, Speech, Task, get_method
from xlser.records import Record
from xlser.records.validate import validate

FILE = """
    from __future__ import annotations
    from typing import Literal
    import torch
    from xlser.methods import Method

    SHARES = [0.2, 0.2, 0.2, 0.2, 0.2]

    class OfAFile(Method):
        target_labels = "none"
        citation = "nobody"
        kind: Literal["a", "b"] = "a"

        def fit(self, task):
            return self

        def predict(self, speech):
            return torch.tensor(SHARES).expand(len(speech), 5)
"""


class Uniform(Method):
    target_labels = "none"
    citation = "nobody"
    weight: float = 0.5

    def fit(self, task: Task) -> Predictor:
        return self

    def predict(self, speech: Speech) -> Tensor:
        return torch.full((len(speech), 5), 0.2)


class Failing(Uniform):
    def fit(self, task: Task) -> Predictor:
        raise RuntimeError("no luck")


@pytest.fixture
def here(tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    return tmp_path


def records() -> list[Record]:
    return [Record.read(path) for path in sorted(Path("leaderboards").rglob("results/**/*.json"))]


def run(*methods: object, **options: object) -> Results:
    return xlser.run(methods, target="german", seeds=0, labels=20, **options)


def test_a_class_runs_beside_a_registered_method_and_only_results_are_written(here: Path) -> None:
    results = run(Uniform, "svm")
    assert set(results.frame["row"]) == {"Uniform", "svm"}
    assert results.failures == ()
    assert [path.name for path in here.iterdir()] == ["leaderboards"]
    assert {path.name for path in (here / "leaderboards/demo").iterdir()} == {"results", "status"}
    own, packaged = sorted(records(), key=lambda record: record.method.packaged)
    assert (own.method.name, own.method.package) == ("Uniform", "not packaged")
    assert len(own.method.code) == 64
    assert packaged.method.code == ""


def test_results_show_their_leaderboard_as_markdown_and_as_html(here: Path) -> None:
    results = run(Uniform, "svm")
    view = results.leaderboard(targets="german", labels=20, metrics="macro-f1")
    assert "| svm" in str(view)
    assert "macro-F1" in str(view)
    assert "<td" in view._repr_html_()
    with pytest.raises(UnknownNameError, match="klingon"):
        results.leaderboard(targets="klingon")


def test_instances_of_one_class_are_rows_of_their_own(here: Path) -> None:
    results = run(Uniform(weight=0.1), Uniform(weight=0.3), settings={"weight": 0.9})
    assert [record.method.settings for record in records()].count({"weight": 0.1}) == 1
    assert len(set(results.frame["row"])) == 2


def test_a_failed_run_is_in_the_results_with_a_warning(here: Path) -> None:
    with pytest.warns(UserWarning, match=r"1 of 2 runs failed: german Failing .* no luck"):
        results = run(Failing, Uniform)
    (failure,) = results.failures
    assert failure["run"] == "german Failing k=0 s=0"
    assert "no luck" in failure["trace"]
    assert failure["again"].startswith(f"xlser run {__file__}:Failing --protocol demo")
    assert set(results.frame["row"]) == {"Uniform"}


def test_a_failure_in_a_notebook_states_the_call_that_repeats_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Failing, "__module__", "__main__")
    with pytest.warns(UserWarning, match="no luck"):
        (failure,) = run(Failing(weight=0.1)).failures
    assert failure["again"].startswith("xlser.run(Failing, protocol='demo', target='german'")
    assert "settings={'weight': 0.1}" in failure["again"]


def test_changed_code_is_not_taken_for_recorded(here: Path) -> None:
    file = here / "method_of_mine.py"
    file.write_text(dedent(FILE))
    run("method_of_mine.py:OfAFile")
    run("method_of_mine:OfAFile")
    assert len(records()) == 1
    file.write_text(dedent(FILE).replace("0.2, 0.2]", "0.1, 0.3]"))
    run("method_of_mine.py:OfAFile")
    assert len({record.method.code for record in records()}) == 2
    assert not (here / "__pycache__").exists()


def test_a_class_travels_to_workers_and_into_isolation(here: Path) -> None:
    (here / "method_that_travels.py").write_text(dedent(FILE))
    reference = "method_that_travels.py:OfAFile"
    options = {"target": ["german", "italian"], "seeds": 0, "isolate": True, "jobs": 2}
    results = xlser.run([reference, Uniform], **options)
    assert results.failures == ()
    assert {record.method.name for record in records()} == {"OfAFile", "Uniform"}
    assert all(record.isolated for record in records())
    paths = Path("leaderboards").rglob("results/**/*.json")
    assert validate(paths).faults == []  # what they state is what their keys were made of


def test_a_class_that_cannot_be_sent_runs_in_this_process(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xlser.run(Unsendable, target="german", jobs=2, progress=True)
    assert len(records()) == 3
    assert "cannot be sent to another process" in capsys.readouterr().err
    with pytest.raises(MethodError, match="cannot be sent"):
        xlser.run(Unsendable, target="italian", isolate=True)


def test_a_name_that_a_registered_method_has_is_refused_unless_it_is_that_class(here: Path) -> None:
    with pytest.raises(MethodError, match=r"'svm', as a method of package xlser"):
        run(type("Other", (Uniform,), {"name": "svm"}))
    run(get_method("svm"))
    (record,) = records()
    assert record.method.packaged


def test_what_is_no_method_is_refused(here: Path) -> None:
    with pytest.raises(MethodError, match="is not a method"):
        run(dict)


def test_results_are_loaded_by_protocol(here: Path) -> None:
    with pytest.raises(SettingsError, match="no protocol"):
        xlser.load_results()
    run("svm", "sft")
    assert xlser.load_results().protocol.name == "demo"
    found = xlser.compare("svm", "sft", labels=20)
    assert len(found.cells) == 1
    (here / "leaderboards/v1/results").mkdir(parents=True)
    with pytest.raises(SettingsError, match="demo, v1"):
        xlser.load_results()
