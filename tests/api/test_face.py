"""`import xlser`: what it offers, and that offering it costs nothing."""

import inspect
import json
import subprocess
import sys
from importlib.metadata import version

import pytest
from tests.cli.test_start import HEAVY, LIGHT

import xlser
from xlser.api.options import RunOptions
from xlser.errors import MethodError
from xlser.methods import Method, method_names

FACE = {
    *("run", "load_results", "compare", "check_method", "__version__"),
    *("methods", "corpora", "protocols", "backbones", "metrics"),
}

IMPORT = """
import sys, time
before = time.process_time()
import xlser
seconds = time.process_time() - before
import json
print(json.dumps([seconds, dir(xlser), [name.partition(".")[0] for name in sys.modules]]))
"""


def test_importing_the_suite_imports_nothing_that_takes_time() -> None:
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, check=True)
        taken, names, modules = json.loads(done.stdout)
        seconds.append(taken)
        assert set(names) >= FACE
        assert not (HEAVY | LIGHT) & set(modules)
    assert min(seconds) < 0.05


def test_a_package_of_plugins_lists_them_when_it_is_called() -> None:
    listed = xlser.methods()
    assert list(listed.index) == method_names()
    assert listed.loc["svm", "target labels"] == "few"
    assert "demo" in xlser.protocols().index
    assert "demo-german" in xlser.corpora().index
    assert "ua" in xlser.metrics().index
    assert xlser.backbones().loc["logmel-functionals", "dimension"] == 192
    assert xlser.methods.Method is Method


def test_the_version_is_that_of_the_package() -> None:
    assert xlser.__version__ == version("xlser")


def test_what_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'runs_away'"):
        _ = xlser.runs_away


def test_help_on_run_states_each_option_as_the_command_does() -> None:
    parameters = inspect.signature(xlser.run).parameters
    assert set(parameters) == {*RunOptions.model_fields, "progress"}
    for name, field in RunOptions.model_fields.items():
        assert parameters[name].default == field.default
        if name != "methods":
            assert f"{name}: {field.description}" in (xlser.run.__doc__ or "")


def test_a_method_is_checked_by_name_or_as_a_class() -> None:
    with pytest.raises(MethodError, match="lacks fit"):
        xlser.check_method(type("Unfinished", (Method,), {}))
