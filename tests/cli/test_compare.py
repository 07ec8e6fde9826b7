import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_commands import invoke
from tests.demo import Demo, request
from tests.leaderboards.made import over_seeds, read, write
from tests.packages import Package

from xlser.errors import RecordError, UnknownNameError
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results import load
from xlser.results.inference.ranking import standing

_TWIN = """
    from xlser_baselines.svm import SupportVectorMachine


    class Twin(SupportVectorMachine):
        name = "twin"
"""


@pytest.fixture(scope="module")
def twins(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leaderboards of a method under two names, and of another, through the demo."""
    leaderboards = tmp_path_factory.mktemp("leaderboards")
    site = tmp_path_factory.mktemp("site")
    Package(site).install("twins", _TWIN, twin="Twin")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        asked = request(["svm", "twin"], ["german", "italian"], labels=[0, 20], seeds=(0, 1, 2))
        Demo(demo_cache).run(asked, leaderboards / "demo" / "results")
        alone = request(["lower-bound"], ["german"], seeds=(0, 1, 2))
        Demo(demo_cache).run(alone, leaderboards / "demo" / "results")
    return leaderboards


@pytest.fixture(scope="module")
def template(twins: Path) -> Record:
    return Record.parse(next(iter(sorted(twins.rglob("svm-*.json")))))


def compared(leaderboards: Path, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        invoke("compare", *args, "--leaderboards", str(leaderboards), "--json")
    )
    return found


def test_one_method_under_two_names_is_not_separable(twins: Path) -> None:
    text = invoke("compare", "svm", "twin", "--protocol", "demo", "--leaderboards", str(twins))
    assert text.startswith("svm and twin are not separable in any of ")
    cells, means, _ = read(text)
    assert {row["verdict"] for row in (*cells, *means)} == {"not separable"}


def test_one_method_under_two_names_is_not_below_itself(twins: Path) -> None:
    demo = get_protocol("demo")
    for board in load(demo, twins).tables():
        rows = [row for row in board.rows if row.method != "lower-bound" and row.labels == 20]
        assert {row.method for row in rows} == {"svm", "twin"}
        found = standing({row.method: [row.resampled] for row in rows})
        assert found is not None
        assert found.below == {"svm": 1, "twin": 1}


def test_one_method_under_two_names_differs_by_nothing(twins: Path) -> None:
    found = compared(twins, "svm", "twin", "--protocol", "demo")
    assert {cell["target"] for cell in found["cells"]} == {"german", "italian"}
    for cell in found["cells"]:
        assert cell["difference"]["value"] == 0
        assert cell["difference"]["interval"] == [0, 0]
        assert cell["p"] == 1
        assert (cell["only a right"], cell["only b right"]) == (0, 0)
        assert set(cell["recall differences"]) == {0}
    for mean in found["means"]:
        assert mean["targets"] == ["german", "italian"]
        assert (mean["difference"]["value"], mean["p"]) == (0, 1)


def test_cells_are_those_both_have_and_that_are_asked_for(twins: Path) -> None:
    both = compared(twins, "svm", "lower-bound", "--protocol", "demo")
    assert {cell["labels"] for cell in both["cells"]} == {0}
    several = compared(twins, "svm", "twin", "--protocol", "demo", "--labels", "0", "20")
    assert {cell["labels"] for cell in several["cells"]} == {0, 20}
    one = compared(twins, "svm", "twin", "--protocol", "demo", "--target", "german")
    assert {cell["target"] for cell in one["cells"]} == {"german"}
    assert one["means"] == []


def test_what_is_far_apart_is_said_so_in_both_directions(template: Record, tmp_path: Path) -> None:
    v1 = get_protocol("v1")
    records = []
    for target in ("german", "italian"):
        records += over_seeds(template, v1, 9, target=target)
        records += over_seeds(template, v1, 2, target=target, method={"name": "far"})
    write(records, tmp_path)
    text = invoke("compare", "sft", "far", "--leaderboards", str(tmp_path))
    assert text.startswith("sft is above far in 2 of 2 cells and below in 0; in 0 they are not")
    cells, means, recalls = read(text)
    assert [row["verdict"] for row in cells] == ["sft above far"] * 2
    assert (cells[0]["only sft"], cells[0]["only far"], cells[0]["utterances"]) == ("21", "0", "30")
    assert means[0]["verdict"] == "sft above far"
    assert recalls[0]["anger"] == "+50.0"
    text = invoke("compare", "far", "sft", "--leaderboards", str(tmp_path))
    assert text.startswith("far is above sft in 0 of 2 cells and below in 2")


def test_p_is_adjusted_for_all_cells_shown(template: Record, tmp_path: Path) -> None:
    v1 = get_protocol("v1")
    records = []
    for labels, right in ((25, 4), (50, {0: 8, 1: 5, 2: 6}), (100, {0: 9, 1: 8, 2: 3})):
        records += over_seeds(template, v1, 7, labels=labels)
        records += over_seeds(template, v1, right, labels=labels, method={"name": "other"})
    write(records, tmp_path)
    alone = [
        compared(tmp_path, "sft", "other", "--labels", str(labels))["cells"][0]["p"]
        for labels in (25, 50, 100)
    ]
    together = [cell["p"] for cell in compared(tmp_path, "sft", "other")["cells"]]
    assert all(p >= one for p, one in zip(together, alone, strict=True))
    assert sum(together) > sum(alone)


def test_a_typo_suggests_the_nearest_method(twins: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"demo row of 'swm'.\nDid you mean 'svm'"):
        invoke("compare", "swm", "twin", "--protocol", "demo", "--leaderboards", str(twins))


def test_methods_that_share_no_cell_are_told_what_each_has(
    template: Record, tmp_path: Path
) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 9, labels=25)
    records += over_seeds(template, v1, 9, labels=100, method={"name": "other"})
    write(records, tmp_path)
    with pytest.raises(RecordError) as error:
        invoke("compare", "sft", "other", "--leaderboards", str(tmp_path))
    assert "sft has records of german (25 labels); other of german (100 labels)" in str(error.value)
    assert "run what one of them lacks" in error.value.remedy


def test_a_word_is_no_label_budget(twins: Path) -> None:
    invoke("compare", "svm", "twin", "--labels", "many", code=2)
