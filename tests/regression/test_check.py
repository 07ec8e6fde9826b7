"""`xlser check`: what holds, what does not, and what cannot be compared."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.commands import xlser
from tests.demo import Demo, request
from tests.packages import FAULTY, Package, install

from xlser.errors import RecordError
from xlser.executors import Events
from xlser.records import MethodStamp, Predictions, Record
from xlser.regression.check import Cell, hold, reference_cells, take
from xlser.regression.rerun import rerun
from xlser.settings import Settings
from xlser.system.files import digest_json

NEAREST = """
    import torch
    from xlser.methods import Method

    class Nearest(Method):
        '''The class whose mean over drawn source utterances is nearest.'''

        name = "nearest"
        target_labels = "none"
        citation = "none"
        tracks = ("frozen",)

        def fit(self, task):
            x, y = task.source.speech.features, task.source.emotion
            generator = torch.Generator().manual_seed(task.seed)
            drawn = torch.randint(len(y), (len(y),), generator=generator)
            self.spread = x.std(0) + 1e-3
            self.means = torch.stack(
                [x[drawn][y[drawn] == c].mean(0) for c in range(len(task.classes))]
            )
            return self

        def predict(self, speech):
            away = [((speech.features - m) / self.spread).square().mean(1) for m in self.means]
            return (-torch.stack(away, 1)).softmax(1)
"""
WORSE = NEAREST.replace("(-torch.stack", "(torch.stack")
"""The same with a mistake: the class whose mean is farthest."""


def read(text: str) -> str:
    """A text with its tables' padding taken out."""
    return " ".join(text.split())


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.json")}


def recognised(record: Record, share: float) -> Record:
    """Turn answers to the target so that this share of them is right."""
    part, *others = record.predictions
    truth, matrix = part.truth, part.matrix
    for i, emotion in enumerate(truth):
        matrix[i] = 0.0
        matrix[i, emotion if i < share * len(truth) else (emotion + 1) % 5] = 1.0
    turned = Predictions.of(part.corpus, part.role, part.names, truth.tolist(), matrix)
    changed = record.model_copy(update={"predictions": (turned, *others)})
    return changed.model_copy(update={"scores": changed.rescored()})


def lay_down(record: Record, folder: Path) -> None:
    record.write(folder / "demo" / "results" / f"{record.method.name}-{record.repeat}.json")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Package:
    package = Package(tmp_path_factory.mktemp("site"))
    package.install("nearest", NEAREST, **{"nearest": "Nearest"})
    return package


@pytest.fixture
def code(installed: Package) -> Callable[[str], dict[str, str]]:
    def put(text: str) -> dict[str, str]:
        """Let this be the installed package's code; return where it is."""
        from textwrap import dedent

        (installed.site / "nearest.py").write_text(dedent(text), encoding="utf-8")
        return {"PYTHONPATH": str(installed.site), "PYTHONDONTWRITEBYTECODE": "1"}

    return put


@pytest.fixture(scope="module")
def of_a_package(
    installed: Package, demo_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder whose `reference` a stranger's package made."""
    folder = tmp_path_factory.mktemp("theirs")
    asked = ["run", "nearest", "--target", "german", "--seeds", "0", "--repeats", "10"]
    done = xlser(
        *asked,
        "--leaderboards",
        "reference",
        folder=folder,
        XLSER_CACHE=str(demo_cache),
        PYTHONPATH=str(installed.site),
        PYTHONDONTWRITEBYTECODE="1",
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_an_unchanged_method_passes_and_the_reference_is_left_alone(
    of_a_package: Path, code: Callable[[str], dict[str, str]], demo_cache: Path
) -> None:
    before = files(of_a_package)
    done = xlser("check", folder=of_a_package, XLSER_CACHE=str(demo_cache), **code(NEAREST))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 figures compared: all hold." in done.stdout
    assert "[1/1] german nearest k=0 s=0: ua " in done.stderr
    assert files(of_a_package) == before


def test_a_method_changed_for_the_worse_fails(
    of_a_package: Path, code: Callable[[str], dict[str, str]], demo_cache: Path
) -> None:
    done = xlser("check", folder=of_a_package, XLSER_CACHE=str(demo_cache), **code(WORSE))
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [read(cell) for cell in lines[0].strip("|").split("|")] == [
        "cell",
        "figure",
        "reference",
        "tolerance",
        "now",
        "verdict",
    ]
    (line,) = (line for line in lines if "target ua" in line)
    assert read(line).startswith("| demo german nearest k=0 s=0, frozen logmel-functionals fp32 |")
    assert "(10 runs)" in line
    assert line.strip(" |").endswith("below")
    assert "below, 0 above, 0 cells not compared. If that is meant," in lines[-1]


def test_as_json(reference: Path, tmp_path: Path) -> None:
    done = xlser("check", str(reference), "--take", str(reference), "--json", folder=tmp_path)
    said = json.loads(done.stdout)
    assert (done.returncode, said["passed"], said["not compared"]) == (0, True, [])
    first = said["figures"][0]
    assert first["cell"]["method"] == "sft"
    assert (first["role"], first["figure"], len(first["repeats"])) == ("target", "ua", 5)
    assert first["tolerance"] > first["spread"] > 0


def test_without_a_reference_it_says_what_makes_one(tmp_path: Path) -> None:
    done = xlser("check", folder=tmp_path)
    assert done.returncode == 2
    assert "There are no reference records at reference." in done.stderr
    assert "--repeats 10 --leaderboards reference`" in done.stderr


def test_a_reference_that_was_tampered_with_is_no_reference(
    cells: list[Cell], tmp_path: Path
) -> None:
    right = recognised(cells[0].repeats[0], 1.0)
    lay_down(right.model_copy(update={"scores": cells[0].repeats[0].scores}), tmp_path)
    with pytest.raises(RecordError, match="states figures that its predictions do not give"):
        reference_cells(tmp_path)


def test_any_other_draw_holds(cells: list[Cell], tmp_path: Path) -> None:
    drawn = cells[0].repeats
    for now in drawn:
        others = Cell(tuple(record for record in drawn if record is not now))
        lay_down(now.model_copy(update={"repeat": 0}), tmp_path)
        found = hold([others], take([others], tmp_path))
        assert found.passed, str(found)


def test_better_than_expected_is_a_change_too(cells: list[Cell]) -> None:
    svm = cells[1]
    found = hold([svm], [recognised(svm.repeats[0], 1.0)])
    assert not found.passed
    assert [figure.verdict for figure in found.figures] == ["above", "above", "holds", "holds"]
    assert "4 figures compared: 0 below, 2 above, 0 cells not compared." in str(found)


def test_only_what_is_drawn_shares_the_level(cells: list[Cell]) -> None:
    found = hold(cells, [cell.repeats[0] for cell in cells])
    assert [figure.drawn for figure in found.figures] == [True] * 4 + [False] * 4
    assert {figure.level for figure in found.figures} == {0.01 / 4}


def test_what_is_not_there_to_be_taken(cells: list[Cell], tmp_path: Path) -> None:
    sft, svm = cells
    lay_down(sft.repeats[0], tmp_path)
    lay_down(svm.repeats[1], tmp_path)  # a repeat is not what a leaderboard shows
    found = hold(cells, take(cells, tmp_path))
    assert found.obstacles == [(svm, f"There is no record of it in {tmp_path}.")]
    assert not found.passed


def test_of_several_records_of_a_cell_the_last_is_taken(cells: list[Cell], tmp_path: Path) -> None:
    svm = cells[1]
    later = {"started": "2999-01-01T00:00:00+00:00"}
    lay_down(svm.repeats[0], tmp_path)
    last = recognised(svm.repeats[0], 0.5).model_copy(update=later)
    last.write(tmp_path / "demo" / "results" / "another.json")
    assert take([svm], tmp_path) == [last]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"protocol_digest": "0" * 64}, "The protocol is not of the version"),
        (
            {"corpora": {"demo-german": "1", "demo-english": "2"}},
            "The recordings are others: demo",
        ),
        ({"scenario": "0" * 64}, "Other utterances train, are labelled or are tested."),
    ],
)
def test_records_of_something_else_are_not_compared(
    changes: dict[str, object], why: str, cells: list[Cell]
) -> None:
    svm = cells[1]
    found = hold([svm], [svm.repeats[0].model_copy(update=changes)])
    ((cell, said),) = found.obstacles
    assert cell is svm
    assert said.startswith(why)
    assert not found.figures


def test_other_weights_are_not_compared(cells: list[Cell]) -> None:
    svm = cells[1].repeats[0]
    random = svm.backbone.model_copy(update={"weights": "random"})
    found = hold([cells[1]], [svm.model_copy(update={"backbone": random})])
    assert found.obstacles[0][1] == "The backbone's weights are others (random, not none)."


def test_a_default_that_changed_is_remarked(cells: list[Cell]) -> None:
    svm = cells[1].repeats[0]
    settings = {**svm.method.settings, "inverse_penalties": [7.0], "kernel": "linear"}
    method = MethodStamp(**{**svm.method.model_dump(), "settings": settings})
    found = hold([cells[1]], [svm.model_copy(update={"method": method})])
    assert found.passed
    assert [said.partition(": ")[2] for said in found.remarks] == [
        "the default of inverse_penalties is [7.0], not [0.1, 1.0, 10.0].",
        "has a setting that it had not, kernel=linear.",
    ]


def test_settings_of_the_reference_are_set_again(demo_cache: Path, tmp_path: Path) -> None:
    asked = replace(request(["svm"], labels=[20], settings={"inverse_penalties": [0.5]}), repeats=2)
    Demo(demo_cache).run(asked, tmp_path / "demo" / "results")
    cells = reference_cells(tmp_path)
    assert "svm (inverse_penalties=[0.5]) k=20" in cells[0].title
    now = rerun(cells, Settings(cache=demo_cache), lambda work, done, total: None, Events())
    found = hold(cells, now)
    assert found.passed, str(found)
    assert not found.remarks


def of_method(record: Record, name: str, **changes: object) -> Cell:
    method = record.method.model_copy(update={"name": name, "settings": {}})
    return Cell((record.model_copy(update={"method": method, **changes}),))


def test_what_stands_in_the_way_of_one_cell_leaves_the_others(
    cells: list[Cell], demo_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(install(FAULTY, tmp_path / "site")))
    sft, svm = (cell.repeats[0] for cell in cells)
    corpora = {**svm.corpora, "demo-german": "0" * 64}
    none_labelled = Demo(demo_cache).catalogue().scenario("german", 0, 0).digest
    due = {
        Cell((svm.model_copy(update={"corpora": corpora}),)): "The recordings are others: demo-ger",
        Cell((sft,)): "Several packages register the method 'sft'",
        of_method(svm, "svn"): "There is no method 'svn'. Did you mean 'svm'?",
        of_method(svm, "fails-on-import"): "The method 'fails-on-import' of package",
        of_method(svm, "uniform"): "Other utterances train, are labelled or are tested.",
        of_method(svm, "raises-in-fit", labels=0, scenario=none_labelled): (
            "Its run failed: RuntimeError: no luck."
        ),
        of_method(svm, "svm", track="finetune"): "logmel-functionals has nothing to fine-tune.",
        of_method(
            svm, "svm", protocol="v1"
        ): "4 corpora were not found:\n  RAVDESS (ravdess, english",
    }
    run: list[str] = []
    events = Events(started=lambda run_: run.append(run_.label))
    every = [*due, cells[1]]
    *lacking, last = rerun(every, Settings(cache=demo_cache), lambda work, done, n: None, events)
    for said, begins in zip(lacking, due.values(), strict=True):
        assert str(said).startswith(begins)
    assert isinstance(last, Record)
    assert run == ["german raises-in-fit k=0 s=0", "german svm k=20 s=0"]
    found = hold(every, [*lacking, last])
    assert (
        str(found)
        .splitlines()[-1]
        .startswith("4 figures compared: 0 below, 0 above, 8 cells not compared. If that is meant,")
    )


def test_a_cell_that_its_method_no_longer_runs_at(cells: list[Cell], demo_cache: Path) -> None:
    without_labels = of_method(cells[0].repeats[0], "sft", labels=0)
    settings = Settings(cache=demo_cache)
    (said,) = rerun([without_labels], settings, lambda work, done, total: None, Events())
    assert said == "It is not run any more: sft: needs 1 labels or more, not 0."


def test_the_same_record_twice_is_one_repeat(cells: list[Cell], tmp_path: Path) -> None:
    record = cells[0].repeats[0]
    for folder in ("one", "two"):
        lay_down(record, tmp_path / folder)
    (cell,) = reference_cells(tmp_path)
    assert len(cell.repeats) == 1
    assert digest_json(cell.asked) == digest_json(cells[0].asked)
