"""Encoders embed and are fine-tuned where the device is not the CPU (`tests.devices`)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from tests.backbones.encoders.conftest import speech
from tests.backbones.encoders.models import MODELS
from tests.demo import Demo, request
from tests.devices import device

from xlser.backbones import PretrainedBackbone
from xlser.methods import Speech
from xlser.runs.execution import execute_run
from xlser.training import embed

Tiny = Callable[..., PretrainedBackbone]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", MODELS)
def test_it_embeds_as_on_the_cpu(tiny: Tiny, name: str) -> None:
    network = tiny(name).build()
    waveforms, lengths = speech(8_000, 5_000, 300)
    rows = torch.cat([one[:n] for one, n in zip(waveforms, lengths.tolist(), strict=True)])
    spoken = Speech((rows * 2**15).round().to(torch.int16), lengths)
    here = embed(network, spoken)
    with device() as there:
        answer = embed(network.to(there), spoken.to(there)).cpu()
    torch.testing.assert_close(answer, here, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "options"),
    [("whisper", "lora=4"), ("wav2vec2", "layers=all"), ("w2v-bert", "layer=2")],
)
def test_it_is_fine_tuned(
    folders: Callable[[str], Path], name: str, options: str, demo_cache: Path, tmp_path: Path
) -> None:
    demo = Demo(demo_cache)
    pipeline = demo.pipeline(backbone=f"hf:{folders(name)}#steps=2,{options}")
    inputs = pipeline.inputs("finetune").prepared()
    asked = request(["sft"], labels=[20], track="finetune", settings={"keep": "best"})
    (run,) = pipeline.plan(asked, tmp_path, prepare=False).todo
    with device() as there:
        record = execute_run(run, inputs, there)
    assert record.curve is not None
