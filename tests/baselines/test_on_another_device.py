"""Every method runs where the device is not the CPU, though no GPU is at hand (`tests.devices`)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.demo import Demo, request
from tests.devices import device

from xlser.api.pipeline import Pipeline
from xlser.backbones import PretrainedBackbone, audiontt
from xlser.methods import Method, Predictor, Schedule, Track, get_method, method_names
from xlser.models.state import described, rebuilt
from xlser.runs import Inputs, Request
from xlser.runs.execution import execute_run

SHORT = Schedule(epochs=2, batch=20, crop=16, steps=2)
CASES = [(name, track) for name in method_names() for track in get_method(name).tracks]


@pytest.fixture
def there() -> Iterator[torch.device]:
    with device() as there:
        yield there


@pytest.fixture(scope="module")
def prepared(demo_cache: Path) -> Iterator[Mapping[Track, tuple[Pipeline, Inputs]]]:
    """The demo, trained on two batches a stage, by track; what is fine-tuned is a small network."""

    class Small(audiontt.AudioNTT512):
        name, dimension = "small", 8

    demo = Demo(demo_cache)
    demo.protocol = demo.protocol.model_copy(update={"schedule": SHORT})
    frozen = demo.pipeline()
    tuned = replace(frozen, backbone=PretrainedBackbone(Small, "random", None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audiontt, "_CHANNELS", 2)
        yield {
            "frozen": (frozen, frozen.inputs("frozen").prepared()),
            "finetune": (tuned, tuned.inputs("finetune").prepared()),
        }


def ways_to_run(method: type[Method], track: Track) -> Iterator[Request]:
    """Yield the method by default; and with as many labels as it takes, its best epoch and twin."""
    labels = {
        "none": ([0], [0]),
        "few": ([20 if method.least_labels else 0], [20]),
        "all": ([], []),
    }
    first, most = labels[method.target_labels]
    yield request([method], labels=first, track=track)
    has_epochs = "target" in getattr(method, "stages", ())
    best = request(
        [method], labels=most, track=track, settings={"keep": "best"} if has_epochs else {}
    )
    yield replace(best, twins=True)


@pytest.mark.parametrize(("name", "track"), CASES)
def test_it_runs_there_and_its_model_is_of_use_here(
    name: str,
    track: Track,
    prepared: Mapping[Track, tuple[Pipeline, Inputs]],
    there: torch.device,
    tmp_path: Path,
) -> None:
    pipeline, inputs = prepared[track]
    for asked in ways_to_run(get_method(name), track):
        for run in pipeline.plan(asked, tmp_path, prepare=False).todo:
            fitted: list[Predictor] = []
            record = execute_run(run, inputs, there, keep=fitted.append)
            assert record.rescored() == dict(record.scores)
    node, tensors = described(fitted[0])
    here = {name: tensor.cpu() for name, tensor in tensors.items()}
    speech = inputs.speech(run.scenario.target_test[:5])
    answer = rebuilt(node, here, inputs.backbone.build).predict(speech)
    expected = fitted[0].predict(speech.to(there)).cpu()
    torch.testing.assert_close(answer, expected, atol=1e-4, rtol=1e-3)
