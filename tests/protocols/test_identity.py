"""A digest is of what is stated: a field that a later version adds with a default moves none."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import torch
from pydantic import BaseModel, create_model
from tests import trees
from tests.protocols.catalogues import TARGETS, cell
from tests.trees import Tiny

from xlser.audio import FrontEnd, prepare, store_folder
from xlser.corpora import scan
from xlser.protocols import (
    Presentation,
    Protocol,
    Scenario,
    Schedule,
    Split,
    get_protocol,
    protocol_names,
)
from xlser.runs.source_models import source_model_path

SCENARIOS = json.loads(Path(__file__).with_name("scenarios.json").read_text(encoding="utf-8"))
"""Digests of first folds over the published catalogue: "protocol target seed labels" -> digest."""

DEFAULT = "e9f52e887d51efc8c493d69a38bf3e0b784ccab66340e5f39de97688cfaff4c3"
FOLDERS = ["tiny-d037f4dd599fc9eb", "tiny-228e977369a98539"]
"""Of stores with the content "content", by the default front-end and by that of 25 ms."""

AT_25_MS = "ca38963f0188054a51b0f145469221b359cdb678d9bf88543f8d095a2575ba1e"


T = TypeVar("T", bound=BaseModel)


def wider(kind: type[T]) -> type[T]:
    return create_model(f"Wider{kind.__name__}", __base__=kind, added=(str, "by default"))


WiderSplit, WiderSchedule, WiderFrontEnd = wider(Split), wider(Schedule), wider(FrontEnd)
WiderProtocol = create_model(
    "WiderProtocol",
    __base__=Protocol,
    added=(str, "by default"),
    schedule=(WiderSchedule, ...),
    frontend=(WiderFrontEnd, ...),
    splits=(dict[str, tuple[WiderSplit, ...]], ...),
    presentation=(wider(Presentation), wider(Presentation)()),
)


@dataclass(frozen=True)
class WiderScenario(Scenario):
    added: tuple[str, ...] = ()


@pytest.mark.parametrize("name", protocol_names())
def test_no_field_added_later_moves_the_digest_of_a_protocol(name: str) -> None:
    protocol = get_protocol(name)
    read = WiderProtocol.model_validate(protocol.stated())
    assert all(split.added == "by default" for of in read.splits.values() for split in of)
    assert read.schedule.added == read.frontend.added == read.added == "by default"
    assert read.digest == protocol.digest
    assert read.stated() == protocol.stated()


@pytest.mark.parametrize("field", ["added", "schedule", "frontend"])
def test_an_added_field_counts_once_it_is_stated(field: str) -> None:
    stated = get_protocol("demo").stated()
    if field == "added":
        stated["added"] = "by default"
    else:
        stated[field]["added"] = "by default"
    assert WiderProtocol.model_validate(stated).digest != get_protocol("demo").digest


def test_the_digest_of_a_front_end_or_schedule_is_of_its_values() -> None:
    assert FrontEnd().digest() == WiderFrontEnd().digest() == DEFAULT
    assert FrontEnd(window=400).digest() == WiderFrontEnd(window=400).digest() == AT_25_MS
    assert FrontEnd(window=1024, hop=160).digest() == DEFAULT
    assert WiderFrontEnd(added="x").digest() != DEFAULT
    assert WiderSchedule(epochs=20).stated() == Schedule(epochs=20).stated()
    assert Schedule().stated() == Schedule(epochs=100, crop=200).stated()
    assert WiderSchedule(added="x").stated() != Schedule().stated()


@pytest.mark.parametrize("asked", SCENARIOS)
def test_the_digest_of_every_scenario_is_pinned(asked: str) -> None:
    name, target, seed, labels = asked.split()
    scenario = cell(name, target, int(seed), "all" if labels == "all" else int(labels))
    assert scenario.digest == SCENARIOS[asked]
    values = {field.name: getattr(scenario, field.name) for field in fields(scenario)}
    assert WiderScenario(**values).digest == SCENARIOS[asked]
    assert WiderScenario(**values, added=("x",)).digest != SCENARIOS[asked]


def test_every_scenario_of_the_committed_protocols_is_pinned() -> None:
    asked = [
        f"{name} {target} {seed} {labels}"
        for name, target, seed in TARGETS
        for labels in (*get_protocol(name).budgets, "all")
    ]
    assert sorted(asked) == sorted(SCENARIOS)


def test_the_folder_of_a_feature_store_and_what_it_states_do_not_move(tmp_path: Path) -> None:
    inventory = scan(Tiny(), trees.tiny(tmp_path / "tiny"))
    folders = [
        store_folder(inventory, frontend, "content", tmp_path)
        for frontend in (FrontEnd(), WiderFrontEnd(), FrontEnd(window=400))
    ]
    assert folders[0] == folders[1]
    assert [folder.name for folder in folders[1:]] == FOLDERS
    one = prepare(inventory, WiderFrontEnd(), tmp_path / "cache")
    again = prepare(inventory, FrontEnd(), tmp_path / "cache")  # which knows no such field
    assert one.folder == again.folder
    assert again.about.frontend == FrontEnd()


def test_the_place_of_a_source_model_does_not_move(tmp_path: Path) -> None:
    def path(schedule: Schedule) -> Path:
        inputs: Any = SimpleNamespace(
            catalogue=SimpleNamespace(
                content=dict.fromkeys(("ravdess", "savee", "tess"), "content"),
            ),
            input=FrontEnd(),
            schedule=schedule,
            tuning=None,
            backbone=SimpleNamespace(
                kind=SimpleNamespace(name="made-up", recipe=dict), digest="digest"
            ),
            track="frozen",
            cache=tmp_path,
        )
        return source_model_path(
            cell("v1", "german", 0, 0),
            inputs,
            seed=0,
            precision="fp32",
            device=torch.device("cpu"),
            threads=1,
        )

    assert path(Schedule()) == path(WiderSchedule())
    assert path(Schedule()) != path(Schedule(epochs=99))


def test_presentation_is_outside_the_digest() -> None:
    v1 = get_protocol("v1")
    shown = v1.model_copy(update={"presentation": Presentation(backbone="another")})
    assert shown.presentation.backbone == "another"
    assert shown.digest == v1.digest


def test_a_copy_with_other_values_has_a_digest_of_its_own() -> None:
    v1 = get_protocol("v1")
    assert v1.digest
    assert v1.model_copy(update={"budgets": (0, 25)}).digest != v1.digest
    assert v1.model_copy().digest == v1.digest
