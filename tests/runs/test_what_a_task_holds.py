"""What a method can reach through its task: a walk over every object it leads to.

Followed are attributes, slots, containers, bound methods, closures, defaults and the memory behind
tensors; not followed are classes, modules and a function's globals, which lead to the whole process
(what a method may still do there is a matter of isolation, not of the task).
"""

import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from tests.demo import Demo
from tests.demo import request as asked
from torch import Tensor

from xlser.corpora import Inventory, Utterance
from xlser.executors import execute
from xlser.methods import ATTRIBUTES, Method, Predictor, Speech, Task, Track
from xlser.monitoring.bars import Bars
from xlser.monitoring.console import Messages
from xlser.monitoring.progress import Progress
from xlser.monitoring.report import Report
from xlser.protocols import Scenario
from xlser.records import Record
from xlser.runs import Catalogue, Inputs, JobContext, Plan, Run, make_plan
from xlser.runs.inputs import ordered_by_recording
from xlser.runs.task import make_task

HIDDEN = (Scenario, Catalogue, Inputs, Inventory, Utterance, Record, Plan, Run, Method, Path)


def reachable(root: object) -> Iterator[object]:
    """Yield every object that `root` leads to, once."""
    seen: set[int] = set()
    waiting: list[object] = [root]
    keep = []  # so that no id is used twice
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | types.ModuleType):
            continue
        seen.add(id(thing))
        keep.append(thing)
        yield thing
        waiting += inside(thing)


def inside(thing: Any) -> list[object]:
    """The objects one step away."""
    found: list[object] = list(getattr(thing, "__dict__", {}).values())
    for kind in type(thing).__mro__:
        slots = getattr(kind, "__slots__", ())
        names = [slots] if isinstance(slots, str) else slots
        found += [getattr(thing, name) for name in names if hasattr(thing, name)]
    if isinstance(thing, dict | types.MappingProxyType):
        found += [*thing.keys(), *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        found += list(thing)
    elif isinstance(thing, types.MethodType):
        found += [thing.__self__, thing.__func__]
    elif isinstance(thing, types.FunctionType):
        found += [cell.cell_contents for cell in thing.__closure__ or ()]
        found += [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
    elif isinstance(thing, partial):
        found += [thing.func, thing.args, thing.keywords]
    elif isinstance(thing, Tensor):
        found += [thing._base, thing.grad]
    elif isinstance(thing, np.ndarray):
        found.append(thing.base)
    return found


def memory(thing: object) -> bytes:
    """All bytes behind a tensor or array, those outside of its view too."""
    if isinstance(thing, Tensor):
        storage = thing.untyped_storage()
        return bytes(torch.tensor([], dtype=torch.uint8).set_(storage).numpy())
    return thing.tobytes() if isinstance(thing, np.ndarray) else b""


class Witness(Method):
    """Keeps what it is handed."""

    name = "witness"
    target_labels = "few"
    citation = "none"
    needs_source_model = True
    heard: ClassVar[list[object]] = []

    def fit(self, task: Task) -> Predictor:
        Witness.heard.append(task)
        return self

    def predict(self, speech: Speech) -> Tensor:
        Witness.heard.append(speech)
        return torch.full((len(speech), 5), 0.2)


@dataclass
class Heard:
    """A run, and all that its method was handed."""

    task: Task
    test_speech: list[Speech]
    run: Run
    inputs: Inputs


@pytest.fixture(params=["frozen", "finetune"])
def heard(
    request: pytest.FixtureRequest,
    demo_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Heard:
    track: Track = request.param
    demo = Demo(demo_cache, weights="random")
    inputs = demo.inputs(track, "logmel-functionals" if track == "frozen" else "audiontt-512")
    monkeypatch.setattr(Witness, "heard", [])
    # Fine-tuning a source model takes a while and adds nothing to what can be reached.
    monkeypatch.setattr(Witness, "needs_source_model", track == "frozen")
    request_ = asked([Witness], labels=[20], track=track)
    plan = make_plan(request_, inputs.catalogue, inputs.backbone, tmp_path)
    messages = Messages("none")
    with Bars(messages) as bars:
        shared = JobContext(inputs, tmp_path, torch.device("cpu"))
        outcome = execute(plan, shared, Report(Progress(1), bars, messages).events())
    assert not outcome.failures
    task, *test_speech = Witness.heard
    assert isinstance(task, Task)
    return Heard(task, test_speech, plan.todo[0], inputs)


def features(heard: Heard, ids: Sequence[str]) -> list[bytes]:
    """The bytes of each utterance as a method would see it."""
    speech = heard.inputs.speech(ids)
    ends = speech.lengths.cumsum(0).tolist()
    starts = [0, *ends[:-1]]
    return [speech.features[a:b].numpy().tobytes() for a, b in zip(starts, ends, strict=True)]


def found(things: list[object], needle: bytes) -> bool:
    return any(needle in memory(thing) for thing in things)


def test_no_suite_object_is_within_reach(heard: Heard) -> None:
    for handed in (heard.task, *heard.test_speech):
        strangers = [thing for thing in reachable(handed) if isinstance(thing, HIDDEN)]
        assert not strangers


def test_no_name_of_an_utterance_is_within_reach(heard: Heard) -> None:
    ids = set(heard.run.scenario.emotion)
    known = ids | {id_.partition("/")[2] for id_ in ids}
    for handed in (heard.task, *heard.test_speech):
        texts = {thing for thing in reachable(handed) if isinstance(thing, str)}
        assert texts & set(heard.task.classes) or handed is not heard.task  # strings are seen
        assert not any(name in text for text in texts for name in known)


def test_test_speech_is_not_within_reach_of_the_task(heard: Heard) -> None:
    things = list(reachable(heard.task))
    scenario = heard.run.scenario
    for utterance in features(heard, (*scenario.target_test, *scenario.source_test)):
        assert not found(things, utterance)


def test_the_walk_finds_the_speech_that_is_there(heard: Heard) -> None:
    things = list(reachable(heard.task))
    scenario = heard.run.scenario
    for utterance in features(heard, (*scenario.source_train, *scenario.target_unlabelled)):
        assert found(things, utterance)


def test_labels_of_the_unlabelled_and_of_test_speech_are_not_within_reach(heard: Heard) -> None:
    scenario = heard.run.scenario
    for handed in (heard.task, *heard.test_speech):
        things = list(reachable(handed))
        for ids in (scenario.target_unlabelled, scenario.target_test, scenario.source_test):
            for kind in (torch.int64, torch.int32, torch.int8, torch.float32):
                labels = torch.tensor([scenario.emotion[i] for i in ids], dtype=kind)
                assert not found(things, labels.numpy().tobytes())


def test_the_walk_finds_the_labels_that_are_there(heard: Heard) -> None:
    labels = torch.tensor([heard.run.scenario.emotion[i] for i in heard.run.scenario.source_train])
    assert found(list(reachable(heard.task)), labels.numpy().tobytes())


def test_test_speech_comes_alone(heard: Heard) -> None:
    scenario = heard.run.scenario
    for speech in heard.test_speech:
        assert not speech.attributes
        things = list(reachable(speech))
        for utterance in features(heard, scenario.target_unlabelled):
            assert not found(things, utterance)


def test_attributes_are_handed_to_those_who_declare_them_alone(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, scenario = heard.task, heard.run.scenario
    assert not task.source.speech.attributes
    monkeypatch.setattr(Witness, "attributes", ("gender",))
    told, catalogue = make_task(heard.run, heard.inputs, task.device), heard.inputs.catalogue
    unlabelled = ordered_by_recording(scenario.target_unlabelled, scenario, catalogue.recordings)
    for speech, ids in (
        (told.source.speech, scenario.source_train),
        (told.target_unlabelled, unlabelled),
    ):
        assert set(speech.attributes) == {"gender"}
        utterances = {u.id: u for i in catalogue.inventories.values() for u in i.utterances}
        genders = [ATTRIBUTES["gender"][g] for g in speech.attributes["gender"].tolist()]
        assert genders == [utterances[id_].gender for id_ in ids]


def test_speakers_are_numbers_that_the_parts_of_a_task_share(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Witness, "attributes", ("speaker",))
    told, scenario = make_task(heard.run, heard.inputs, heard.task.device), heard.run.scenario
    catalogue = heard.inputs.catalogue
    unlabelled = ordered_by_recording(scenario.target_unlabelled, scenario, catalogue.recordings)
    utterances = {u.id: u for i in catalogue.inventories.values() for u in i.utterances}
    pairs = set()
    for speech, ids in (
        (told.source.speech, scenario.source_train),
        (told.source_validation.speech, scenario.source_validation),
        (told.target_labelled.speech, scenario.target_labelled),
        (told.target_unlabelled, unlabelled),
    ):
        numbers = speech.attributes["speaker"].tolist()
        names = [(id_.partition("/")[0], utterances[id_].speaker) for id_ in ids]
        pairs |= set(zip(numbers, names, strict=True))
    numbers, names = zip(*sorted(pairs), strict=True)
    assert list(numbers) == list(range(len(pairs)))  # each speaker has one number, and no other
    assert len(set(names)) == len(names)
    assert list(names) != sorted(names)  # the order says nothing


def test_a_method_that_uses_no_target_speech_is_handed_none(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Witness, "uses_target", False)
    told = make_task(heard.run, heard.inputs, heard.task.device)
    assert len(heard.task.target_unlabelled) > 0
    assert len(told.target_unlabelled) == 0
