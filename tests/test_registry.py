"""The registry: names, registration by hand, references."""

import sys
from pathlib import Path

import pytest

from xlser import registry
from xlser.backbones import Backbone, backbone_names, get_backbone
from xlser.errors import PluginError
from xlser.methods import Method


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_in_process", {})
    monkeypatch.setattr("sys.path", [*sys.path])


def test_a_class_registered_by_hand_is_found_by_name() -> None:
    kind = type("Mine", (Backbone,), {"name": "mine", "weights": None})
    registry.register("xlser.backbones", "mine", kind)
    assert "mine" in backbone_names()
    assert get_backbone("mine") is kind


def test_a_class_registered_by_hand_must_keep_the_contract() -> None:
    registry.register("xlser.backbones", "mine", dict)
    with pytest.raises(PluginError, match="'mine' of this process is not a subclass"):
        get_backbone("mine")
    registry.register("xlser.backbones", "mine", type("Mine", (Backbone,), {"name": "yours"}))
    with pytest.raises(PluginError, match=r"This process registers .* calls itself 'yours'"):
        get_backbone("mine")


def test_the_name_of_an_installed_plugin_is_taken() -> None:
    with pytest.raises(PluginError, match="registers the method 'svm' already"):
        registry.register("xlser.methods", "svm", Method)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("nowhere.py:Mine", "No such file"),
        ("no_such_module:Mine", "No module named 'no_such_module'"),
        ("broken.py:Mine", "SystemExit: no licence"),
        ("empty.py:Mine", "has no attribute 'Mine'"),
        ("json:JSONDecoder", "not a subclass of xlser.methods.method.Method"),
    ],
)
def test_a_reference_that_cannot_be_used_says_why(
    reference: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text("raise SystemExit('no licence')")
    Path("empty.py").touch()
    with pytest.raises(PluginError) as caught:
        registry.load_reference("xlser.methods", reference, Method)
    assert why in caught.value.problem
