"""`xlser methods`, beside an installed package of a stranger whose methods are faulty."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.commands import xlser
from tests.packages import FAULTY, install
from typer.testing import CliRunner

from xlser.cli import app
from xlser.errors import PluginError, UnknownNameError
from xlser.methods import get_method

UNUSABLE = {
    "annotated-for-checkers": "name 'Decimal' is not defined",
    "exits-on-import": "SystemExit: no licence key",
    "fails-on-import": "No module named 'a_module_nobody_has'",
    "keeps-a-dtype": "its setting 'dtype'",
    "keeps-a-path": "its setting 'folder'",
}
FAILING = {
    "exits-in-fit": "SystemExit: out of luck",
    "no-probabilities": "not probabilities",
    "not-a-number": "not finite",
    "raises-in-fit": "RuntimeError: no luck",
    "raises-in-predict": "RuntimeError: no luck either",
    "wrong-shape": "(1, 4), not a tensor of shape (1, 5)",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(FAULTY, tmp_path_factory.mktemp("site"))


@pytest.fixture
def strangers(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))


def invoke(*args: str) -> Result:
    return CliRunner().invoke(app, ["methods", *args], catch_exceptions=False)


def listed(result: Result) -> dict[str, str]:
    """Return the text of each row by the name of its method; long cells have several lines."""
    rows: dict[str, str] = {}
    name = ""
    for line in result.stdout.splitlines():
        name = line.split("|")[1].strip() or name
        rows[name] = rows.get(name, "") + line
    return rows


def test_the_list_tells_what_a_method_is_handed_where_it_runs_and_whose_it_is() -> None:
    lines = listed(invoke())
    assert "few (1 or more)" in lines["sft"]
    assert "| frozen" in lines["svm"]
    assert "| none " in lines["lower-bound"]
    assert "| both " in lines["lower-bound"]
    assert "Scheidwasser-Clow et al." in lines["svm"]
    assert max(map(len, invoke().stdout.splitlines())) <= 100


RECONSTRUCTED = {
    "aggregated-multitask",
    "cada",
    "fluda",
    "gan-adaptation",
    "nnpm",
    "triple-attentive-asymmetric",
}


def test_methods_made_from_an_abstract_say_so_wherever_they_are_listed() -> None:
    result = invoke()
    marked = {name for name, line in listed(result).items() if "(reconstructed)" in line}
    assert marked == RECONSTRUCTED
    assert "reconstructed: made from an abstract" in result.stderr
    rows = json.loads(invoke("--json").stdout)
    assert {row["method"] for row in rows if row["reconstructed"]} == RECONSTRUCTED
    for name in RECONSTRUCTED:
        shown = invoke("show", name).stdout
        assert "Reconstructed from its abstract" in shown
        assert "reconstructed: made from an abstract" in shown
    assert "reconstructed" not in invoke("show", "svm").stdout


def test_json_holds_everything_about_every_method() -> None:
    rows = {row["method"]: row for row in json.loads(invoke("--json").stdout)}
    assert rows["sft"]["least labels"] == 1
    assert rows["sft"]["attributes"] == []
    assert rows["svm"]["settings"] == {
        "standardisation": "labelled",
        "inverse_penalties": [0.1, 1.0, 10.0],
    }
    assert rows["fixmatch"]["settings"]["twin"] is False
    assert rows["svm"]["citation"] == "Scheidwasser-Clow et al. (2022), SERAB, ICASSP"
    assert rows["svm"]["package"].startswith("xlser ")
    assert rows["svm"]["documentation"].startswith(rows["svm"]["about"])
    assert "\n" in rows["svm"]["documentation"]


def test_show_tells_all_about_one_method() -> None:
    shown = invoke("show", "svm").stdout
    assert shown.startswith("svm (xlser ")
    assert "against-rest decision values" in shown
    assert "citation: Scheidwasser-Clow et al. (2022), SERAB, ICASSP" in shown
    assert "inverse_penalties=[0.1, 1.0, 10.0]" in shown
    bound = invoke("show", "lower-bound").stdout
    assert bound.endswith('settings:\n  standardisation="source"\n  keep="last"\n')  # no twin


def test_help_names_what_can_be_done() -> None:
    shown = invoke("--help").stdout
    assert all(command in shown for command in ("List", "show", "check", "--json"))


def test_check_prints_every_check_of_every_method() -> None:
    result = invoke("check", "lower-bound", "sft")
    assert result.exit_code == 0
    assert result.stdout.count("answers the same for the same seed") == 4
    assert "FAILED" not in result.stdout
    assert "## sft (xlser " in result.stdout


def test_check_ends_in_exit_code_one_with_the_faults_and_the_package(strangers: None) -> None:
    result = invoke("check", "uniform", "not-a-number", "keeps-a-path")
    assert result.exit_code == 1
    assert result.stdout.count("FAILED") == 2
    assert "not-a-number (faulty-methods 0.3.0): answers every utterance" in result.stderr
    assert "not finite" in result.stderr
    assert "can be loaded: The method 'keeps-a-path' of package faulty-methods" in result.stderr
    result = invoke("check", "uniform", "not-a-number", "--json")
    assert result.exit_code == 1
    sound, faulty = json.loads(result.stdout)
    assert (sound["method"], sound["package"]) == ("uniform", "faulty-methods 0.3.0")
    assert sound["passed"]
    assert not faulty["passed"]
    assert "not finite" in faulty["checks"][-1]["fault"]


def test_a_typo_among_the_methods_to_check_checks_none() -> None:
    with pytest.raises(UnknownNameError, match="lower-bound"):
        invoke("check", "sft", "lowerbound")


def test_what_cannot_be_used_is_listed_last_with_package_and_fault(strangers: None) -> None:
    result = invoke()
    assert result.exit_code == 0
    assert {"uniform", "svm", *FAILING} <= {
        line.split("|")[1].strip() for line in result.stdout.splitlines()
    }
    faults = result.stderr
    for name, fault in UNUSABLE.items():
        assert f"The method {name!r} of package faulty-methods 0.3.0" in faults
        assert fault in faults
        assert f"| {name} " not in result.stdout
    assert "Several packages register the method 'sft': " in faults
    assert "faulty-methods (faulty_methods:Rival)" in faults
    assert "xlser (xlser_baselines.sft:SupervisedFineTuning)" in faults
    rows = {row["method"]: row for row in json.loads(invoke("--json").stdout)}
    assert {name for name, row in rows.items() if "fault" in row} == {"sft", *UNUSABLE}


@pytest.mark.parametrize("name", ["sft", *UNUSABLE])
def test_an_unusable_method_is_refused_by_name_and_package(name: str, strangers: None) -> None:
    with pytest.raises(PluginError, match="faulty-methods") as caught:
        get_method(name)
    assert UNUSABLE.get(name, "Several packages") in caught.value.problem
    assert caught.value.remedy


def test_runs_of_faulty_methods_fail_by_name_and_package_and_the_others_go_on(
    site: Path, tmp_path: Path, demo_cache: Path
) -> None:
    asked = ["run", *FAILING, "uniform", "--target", "german", "--seeds", "0"]
    done = xlser(*asked, folder=tmp_path, PYTHONPATH=str(site), XLSER_CACHE=str(demo_cache))
    assert done.returncode == 1
    assert f"{len(FAILING)} of {len(FAILING) + 1} runs failed" in done.stderr
    assert "| uniform " in done.stdout
    for name, fault in FAILING.items():
        (line,) = [x for x in done.stderr.splitlines() if f" {name} k=" in x and "FAILED" in x]
        assert f"The method {name!r} of package faulty-methods 0.3.0" in line
        assert fault in done.stderr
    (record,) = (tmp_path / "leaderboards/demo/results").rglob("*.json")
    assert record.name.startswith("uniform-")
    assert json.loads(record.read_text())["method"]["package"] == "faulty-methods 0.3.0"


def test_an_unusable_method_starts_no_run(site: Path, tmp_path: Path, demo_cache: Path) -> None:
    asked = ["run", "fails-on-import", "uniform", "--target", "german"]
    done = xlser(*asked, folder=tmp_path, PYTHONPATH=str(site), XLSER_CACHE=str(demo_cache))
    assert done.returncode == 2
    assert "package faulty-methods 0.3.0 fails to import" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.json"))
