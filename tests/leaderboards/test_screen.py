"""What a command at a terminal ends in: one screen of 80 columns and 30 lines."""

from pathlib import Path

import pytest
from tests.leaderboards.made import over_seeds, results

from xlser.leaderboards.screen import Screen
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results import Results

V1 = get_protocol("v1")
PAGE = Path("leaderboards/v1/README.md")
TARGETS = ("german", "italian")
FIXED = ("lower-bound", "upper-bound")


def lines(found: Results, height: int = 30, named: tuple[str, ...] = ()) -> list[str]:
    return Screen(found, PAGE, TARGETS, [], named).text(height).splitlines()


def cells(shown: list[str], method: str) -> list[str]:
    (line,) = [line for line in shown if line.split(" ")[0] == method]
    return line.removeprefix(method).split()


@pytest.fixture(scope="module")
def many(template: Record) -> Results:
    """Thirty methods, `m-29` the best, one at two label budgets; the reference; two bounds."""
    made = []
    for target in TARGETS:
        for n in range(30):
            method = {"name": f"m-{n:02}"}
            # Better from one to the next by one seed's utterance.
            rights = {seed: 2 + (n + i) // 10 for i, seed in enumerate(V1.seeds)}
            made += over_seeds(template, V1, rights, target=target, method=method)
        made += over_seeds(template, V1, 3, target=target, labels=0, method={"name": "m-29"})
        made += over_seeds(template, V1, 1, target=target)
        for name, right, labels in zip(FIXED, (2, 9), (0, "all"), strict=True):
            sees = {"name": name, "target_labels": "all" if labels == "all" else "none"}
            made += over_seeds(template, V1, right, target=target, labels=labels, method=sees)
    return results(V1, made)


@pytest.mark.parametrize("height", [18, 23, 30])
def test_thirty_methods_fit_a_screen_and_the_rest_is_counted(many: Results, height: int) -> None:
    shown = lines(many, height)
    assert len(shown) == height
    assert max(map(len, shown)) <= 80
    names = [line.partition(" ")[0] for line in shown]
    methods = [n for n in names if n.startswith("m-") or n in (*FIXED, "sft")]
    assert methods[:2] == ["m-29", "m-28"]
    assert methods[-3:] == ["sft", "upper-bound", "lower-bound"]  # however low they stand
    assert f"and {33 - len(methods)} more: {PAGE}" in shown


def test_a_method_that_the_command_named_is_shown_however_low_it_stands(many: Results) -> None:
    assert not any(line.startswith("m-03 ") for line in lines(many, 20))
    assert any(line.startswith("m-03 ") for line in lines(many, 20, named=("m-03",)))


def test_the_best_of_each_column_is_marked_and_the_bounds_do_not_compete(many: Results) -> None:
    shown = lines(many)
    assert cells(shown, "m-29") == ["30.0*", "46.7*", "–"]
    assert cells(shown, "m-28") == ["–", "43.3", "–"]
    assert cells(shown, "upper-bound") == ["†", "–", "–", "90.0"]
    assert "* best of its column. † trains on all target labels." in shown


def test_a_mean_is_over_all_targets_or_it_is_not_shown(template: Record) -> None:
    made = [r for target in TARGETS for r in over_seeds(template, V1, 7, target=target)]
    made += over_seeds(template, V1, 9, target="german", method={"name": "half"})
    made += [
        r
        for target in TARGETS
        for r in over_seeds(template, V1, {0: 8}, target=target, method={"name": "one-seed"})
    ]
    shown = lines(results(V1, made))
    assert cells(shown, "half") == ["–"]
    assert cells(shown, "one-seed") == ["80.0~"]
    assert cells(shown, "sft") == ["(reference)", "70.0"]
    assert "~ not all seeds." in shown


def test_the_next_step_compares_the_best_method_with_the_reference(many: Results) -> None:
    assert any("xlser compare m-29 sft --protocol v1" in line for line in lines(many))


def test_without_records_the_screen_states_that() -> None:
    assert lines(results(V1, [])) == ["No records of v1 yet."]
