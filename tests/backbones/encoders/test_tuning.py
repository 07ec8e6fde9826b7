"""Fine-tuning of encoders: rates, frozen parts, low rank, batches in parts, and the record."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.backbones.encoders.conftest import speech
from tests.backbones.encoders.models import MODELS
from tests.demo import Demo, request
from torch import Tensor, nn

from xlser.backbones import PretrainedBackbone, Tuning
from xlser.methods import Labelled, Schedule, Speech, Task
from xlser.records import Record
from xlser.records.columns import to_table
from xlser.records.packing import pack
from xlser.records.runs_table import Block, Runs
from xlser.records.store import read_runs
from xlser.records.validate import identity
from xlser.results.rows import arrange
from xlser.runs import JobContext
from xlser.runs.jobs import do, jobs_of
from xlser.training import GradientMethod, new_model

Tiny = Callable[..., PretrainedBackbone]


def without_dropout(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for attribute in ("dropout", "activation_dropout", "attention_dropout"):
            if isinstance(getattr(module, attribute, None), float):
                setattr(module, attribute, 0.0)
    return network


def gradients(network: nn.Module, waveforms: Tensor) -> dict[str, Tensor]:
    network.zero_grad()
    embedding = network(waveforms)
    (embedding * torch.linspace(-1, 1, embedding.numel()).view_as(embedding)).sum().backward()
    return {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_in_parts_has_the_gradient_of_the_whole(tiny: Tiny, name: str) -> None:
    network: Any = without_dropout(tiny(name, "layer=2").build().train())
    waveforms, _ = speech(*[4_000] * 6)
    whole = gradients(network, waveforms)
    network.tuning = replace(network.tuning, seconds=0.5)  # two crops at once
    parts = gradients(network, waveforms)
    assert len(list(network._at_once(list(waveforms[..., 0]), True))) == 3
    assert whole.keys() == parts.keys()
    for key, gradient in whole.items():
        torch.testing.assert_close(parts[key], gradient, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_frozen_parts_have_no_gradient_and_lower_layers_lower_rates(tiny: Tiny, name: str) -> None:
    network: Any = tiny(name, "layer=3").build().train()
    found = gradients(network, speech(4_000, 4_000)[0])
    assert found
    frozen = tuple(f"network.{part}" for part in network.tuning.frozen)
    assert not [key for key in found if key.startswith(frozen)]
    rates = [rate for _, rate in network.rates()]
    decay = network.tuning.layer_decay
    expected = [network.tuning.learning_rate * decay**below for below in range(len(rates))]
    assert rates == pytest.approx(expected)
    held = {id(p) for group, _ in network.rates() for p in group}
    assert held == {id(p) for p in network.parameters() if p.requires_grad}
    last = {id(p) for p in network._layers_of()[-1].parameters()}
    assert {id(p) for p in next(iter(network.rates()))[0]} == last


@pytest.mark.parametrize("name", MODELS)
def test_low_rank_matrices_begin_as_nothing_and_are_trained_alone(tiny: Tiny, name: str) -> None:
    waveforms, lengths = speech(4_000, 3_000)
    plain, low = tiny(name).build().eval(), tiny(name, "lora=4").build().eval()
    torch.testing.assert_close(low(waveforms, lengths), plain(waveforms, lengths))
    found = gradients(low.train(), waveforms)
    assert found
    assert all("lora_" in key for key in found)
    trained = sum(p.numel() for p in low.parameters() if p.requires_grad)
    assert trained < 0.3 * sum(p.numel() for p in low.parameters())


class Plain(GradientMethod):
    """Cross-entropy on the source."""

    name, target_labels, citation = "plain", "none", "none"
    stages = ("source",)


def tones(count: int, seed: int) -> Labelled:
    """Return utterances of half a second: high and low tones, with noise."""
    generator = torch.Generator().manual_seed(seed)
    emotion = torch.arange(count) % 2
    pitch = 300 + 900 * emotion + 100 * torch.rand(count, generator=generator)
    time = torch.arange(8_000) / 16_000
    samples = 0.3 * (2 * torch.pi * pitch[:, None] * time).sin()
    samples += 0.05 * torch.randn(samples.shape, generator=generator)
    rows = (samples * 2**15).round().to(torch.int16).reshape(-1, 1)
    return Labelled(Speech(rows, torch.full((count,), 8_000)), emotion)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_it_learns(tiny: Tiny, precision: Any) -> None:
    backbone = tiny("whisper", "steps=100")
    tuning = backbone.kind.tuning
    assert tuning is not None
    protocol = Schedule(crop=40, batch=16, learning_rate=1e-2)
    task = Task(
        source=tones(32, seed=1),
        source_validation=tones(0, seed=2),
        target_labelled=tones(0, seed=3),
        target_unlabelled=tones(0, seed=4).speech,
        classes=("low", "high"),
        seed=0,
        device=torch.device("cpu"),
        track="finetune",
        schedule=Schedule(**{**protocol.stated(), **(tuning.schedule or {})}),
        backbone=backbone.build,
        precision=precision,
    )
    assert task.schedule.steps == 100
    method = Plain()
    before = {k: v.clone() for k, v in new_model(task).state_dict().items()}
    probabilities = method.fit(task).predict(tones(20, seed=5).speech)
    assert (probabilities.argmax(dim=1) == tones(20, seed=5).emotion).float().mean() >= 0.9
    after = method.model.state_dict()
    assert torch.equal(
        before["encoder.network.conv1.weight"], after["encoder.network.conv1.weight"]
    )
    moved = "encoder.network.layers.0.fc1.weight"
    assert not torch.equal(before[moved], after[moved])


def test_the_rate_rises_and_falls() -> None:
    tuning = Tuning(1e-4, warmup=0.2)
    rates = [tuning.rate(i / 100) for i in range(100)]
    assert rates[0] > 0
    assert max(rates) == rates[20] == 1
    assert rates[99] < 0.02
    assert Tuning(1e-4, warmup=0.0).rate(0.7) == 1


@pytest.fixture(scope="module")
def recorded(folders: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a fine-tuned run of two batches a stage over the demo."""
    place = tmp_path_factory.mktemp("tuned")
    demo = Demo(place / "cache")
    name = f"hf:{folders('whisper')}#steps=2"
    results = place / "leaderboards" / "demo" / "results"
    asked = request(["sft"], labels=[20], track="finetune")
    (run,) = demo.plan(asked, results, name).todo
    context = JobContext(demo.inputs("finetune", name), results, torch.device("cpu"))
    *_, job = jobs_of([run], context)
    record = do(job, context, lambda done, total: None)
    assert isinstance(record, Record), record
    record.write(run.path(results))
    return results


def test_a_record_states_how_the_encoder_was_tuned(recorded: Path) -> None:
    (path,) = recorded.rglob("sft-*.json")
    record = Record.read(path)
    assert record.backbone.name == "hf:whisper#steps=2"
    assert record.backbone.tuning is not None
    assert record.backbone.tuning["schedule"] == {"epochs": 2, "steps": 2}
    assert record.environment.packages["transformers"] != "absent"
    assert identity(record)["tuning"] == record.backbone.tuning


def test_records_of_another_layer_are_another_row(recorded: Path) -> None:
    (path,) = recorded.rglob("sft-*.json")
    record = Record.read(path)
    recipe = record.backbone.recipe
    assert recipe is not None
    changed = {"recipe": {**recipe, "layer": recipe["layer"] - 1}}
    other = record.model_copy(update={"backbone": record.backbone.model_copy(update=changed)})
    assert identity(other) != identity(record)
    block = Block(to_table([record, other]), {})
    first, second = arrange(Runs([(block, [path] * 2, [path] * 2)]).frame).condition
    assert first != second
    assert f"layer {recipe['layer']}" in first.title
    assert first.slug != second.slug


def test_a_packed_record_keeps_it(recorded: Path) -> None:
    (path,) = recorded.rglob("sft-*.json")
    before = path.read_bytes()
    pack(recorded)
    assert not path.exists()
    runs = read_runs(recorded)
    (row,) = runs.rows()
    assert row.tuning == Record.of_json(before).backbone.tuning
    assert json.loads(row.recipe) == Record.of_json(before).backbone.recipe
    assert row.path == path
