"""What a record states must agree with itself, and with the method whose name it bears."""

import ast
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.records.committed import PLACE, record

from xlser.methods.provenance.owned import owned
from xlser.methods.provenance.packaged_code import packaged_code, syntax
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.records.soundness.claims import _claim
from xlser.records.soundness.readable import sound_runs
from xlser.records.validate import identity, validate
from xlser.results import load
from xlser.system.files import digest_json

ODD: list[tuple[dict[str, Any], str]] = [
    ({"labels": "all"}, "is handed few of the target's labels, and a label budget of all"),
    ({"method": {"target_labels": "none"}}, "handed none of the target's labels"),
    ({"method": {"target_labels": "all"}, "labels": "all"}, "it is handed few"),
    ({"labels": 0}, "sft needs 1 labels or more, not 0"),
    ({"seconds": {"fit": -1.0, "predict": 1.0}}, "states -1 seconds for fit"),
    ({"seconds": {"fit": float("inf"), "predict": 1.0}}, "inf"),
    ({"peak_memory": {"host": -5}}, "-5 MiB of memory"),
    ({"started": "9999-01-01T00:00:00+00:00"}, "started at 9999"),
    ({"started": "2020-01-01T00:00:00+00:00"}, "started at 2020"),
    ({"scenario": "0" * 64}, "digest of the scenario is none"),
    ({"corpora": {"emodb": "0" * 64}}, "digest of the recordings of emodb is none"),
    ({"sandbox": "namespaces"}, "a sandbox, but not that the method was isolated"),
    ({"method": {"code": "a" * 64}}, "what only other methods have"),
    ({"method": {"settings": {"tau": float("nan")}, "changed": ("tau",)}}, "not finite"),
    ({"repeat": -1}, "the repeat -1"),
]

CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({"settings": {"epochs": 99}}, "epochs is not at the default of sft"),
    ({"packaged_code": "ab" * 32}, "it is of other code abababab"),
    ({"package": "mimic 1.0"}, "it is of mimic 1.0"),
]


@pytest.fixture
def original() -> Record:
    return record("sft-k100-s0-")


@pytest.fixture
def laid_down(tmp_path: Path) -> Callable[..., Path]:
    def lay_down(record: Record, **changes: Any) -> Path:
        """Write an edited record where its key says it belongs."""
        stamp = record.method.model_copy(update=changes.pop("method", {}))
        edited = record.model_copy(update={"method": stamp, **changes})
        edited = edited.model_copy(update={"key": digest_json(identity(edited))})
        draw = f"s{edited.seed}" + (f"-r{edited.repeat}" if edited.repeat else "")
        name = f"{stamp.name}-k{edited.labels}-{draw}-{edited.key[:8]}.json"
        path = tmp_path / PLACE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = json.loads(edited.to_json())  # where it has null for what JSON lacks
        raw["seconds"], raw["method"]["settings"] = {**edited.seconds}, {**stamp.settings}
        path.write_text(json.dumps(raw), encoding="utf-8")
        return path

    return lay_down


@pytest.mark.parametrize(("changes", "expected"), ODD, ids=[what for _, what in ODD])
def test_a_record_that_contradicts_itself_is_rejected_and_left_out(
    changes: dict[str, Any], expected: str, original: Record, laid_down: Callable[..., Path]
) -> None:
    path = laid_down(original, **changes)
    sound = laid_down(record("sft-k100-s1-"))
    assert expected in str([fault.what for fault in validate([path]).faults])
    runs, left_out = sound_runs(sound.parents[2])
    assert runs.frame["seed"].tolist() == [1]
    assert [where for where, _ in left_out] == [path]


@pytest.mark.parametrize(("stamp", "expected"), CLAIMS, ids=[what for _, what in CLAIMS])
def test_a_record_that_bears_an_owned_name_stands_apart_and_is_no_reference(
    stamp: dict[str, Any], expected: str, original: Record, laid_down: Callable[..., Path]
) -> None:
    honest = [record(f"sft-k100-s{seed}-") for seed in (0, 1, 2)]
    for each in honest:
        laid_down(each)
    paths = [laid_down(each, method=stamp, isolated=True) for each in honest]
    assert any(expected in fault.what for fault in validate([paths[0]]).faults)
    folder = paths[0].parents[5]
    (table,) = load(get_protocol("v1"), folder).tables()
    (hijacker,) = [row for row in table.rows if row.name == "sft" and row.method != "sft"]
    assert hijacker.other or hijacker.changed
    others = [row for row in table.rows if row is not hijacker]
    assert table.reference("sft", table.rows) is (others[0] if others else None)


def test_former_defaults_stay_defaults_of_records_without_code(
    laid_down: Callable[..., Path],
) -> None:
    former = record("freematch-k100-s0-")
    assert former.method.settings != owned("freematch").defaults[0]
    assert validate([laid_down(former)]).faults == []
    stated = {"packaged_code": packaged_code("freematch")}
    (fault,) = validate([laid_down(former, method=stated)]).faults
    assert "not at the default of freematch" in fault.what


def test_former_code_with_the_same_results_stays_the_methods(
    laid_down: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = owned("sft")
    assert known is not None
    former, current = "ab" * 32, known.code
    widened = replace(known, former_code=frozenset({former}))
    monkeypatch.setattr("xlser.records.soundness.claims.owned", lambda name: widened)
    monkeypatch.setattr("xlser.methods.provenance.owned.owned", lambda name: widened)
    _claim.cache_clear()
    codes = {0: former, 1: current, 2: former}
    for seed, code in codes.items():
        path = laid_down(record(f"sft-k100-s{seed}-"), method={"packaged_code": code})
        assert validate([path]).faults == []
    (table,) = load(get_protocol("v1"), path.parents[5]).tables()
    (row,) = table.rows
    assert (row.name, row.marks, row.other) == ("sft", (), "")
    _claim.cache_clear()


def test_what_is_submitted_states_its_code(
    original: Record, laid_down: Callable[..., Path]
) -> None:
    path = laid_down(original)
    assert validate([path]).faults == []
    (fault,) = validate([path], submitted=True).faults
    assert "does not state the code of its method" in fault.what
    path = laid_down(original, method={"packaged_code": packaged_code("sft")})
    assert validate([path], submitted=True).faults == []


def test_other_recordings_than_the_release_are_named(
    original: Record, laid_down: Callable[..., Path]
) -> None:
    others = {**original.corpora, "emodb": "ab" * 32}
    (fault,) = validate([laid_down(original, corpora=others)]).faults
    assert fault.what == (
        "Its recordings of emodb (abababab) are not those of the release (9f471277)."
    )


def test_seeds_of_several_commits_make_a_row_that_is_marked(
    original: Record, laid_down: Callable[..., Path]
) -> None:
    for seed in (0, 1, 2):
        one = record(f"sft-k100-s{seed}-")
        git = {"xlser": f"{seed}" * 40}
        path = laid_down(one, environment=one.environment.model_copy(update={"git": git}))
    (table,) = load(get_protocol("v1"), path.parents[5]).tables()
    (row,) = table.rows
    assert row.marks == ("versions: 00000000, 11111111, 22222222",)
    assert not row.ranked


def test_the_digest_of_code_follows_what_runs_and_no_comment() -> None:
    one = ast.parse('def f(x):\n    """Doc."""\n    return x + 1  # more\n')
    same = ast.parse("def f( x ):\n\n    return (x + 1)\n")
    other = ast.parse("def f(x):\n    return x + 2\n")
    assert syntax(one) == syntax(same) != syntax(other)


def test_the_code_of_a_method_covers_the_modules_of_its_package_that_it_imports() -> None:
    assert packaged_code("fixmatch") != packaged_code("sft")
    assert packaged_code("nobody-registers-this") is None
