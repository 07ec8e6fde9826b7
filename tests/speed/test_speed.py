"""Where the time goes: preparing, embedding, a training step."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from tests.demo import Demo

from xlser.audio import FrontEnd, prepare
from xlser.methods import Labelled, Speech, Task
from xlser.training import embed, get_backbone, keep_pages, train_source_model


@pytest.fixture(scope="module")
def speech(demo_cache: Path) -> Speech:
    keep_pages()
    data = Demo(demo_cache).data()
    store = prepare(data.inventories["demo-english"], FrontEnd(), demo_cache)
    frames = store.frames(store.ids)
    return Speech(torch.from_numpy(frames.values), torch.from_numpy(frames.lengths))


def test_prepare(benchmark: BenchmarkFixture, demo_cache: Path, tmp_path: Path) -> None:
    inventory = Demo(demo_cache).data().inventories["demo-english"]
    caches = (tmp_path / str(i) for i in range(1000))
    benchmark.pedantic(
        lambda: prepare(inventory, FrontEnd(), next(caches)), rounds=5, warmup_rounds=1
    )


def test_embedding_in_batches(benchmark: BenchmarkFixture, speech: Speech) -> None:
    network = get_backbone("audiontt-512")()
    benchmark.pedantic(lambda: embed(network, speech), rounds=3, warmup_rounds=1)


def test_embedding_one_at_a_time(benchmark: BenchmarkFixture, speech: Speech) -> None:
    network = get_backbone("audiontt-512")().eval()

    def one_at_a_time() -> list[torch.Tensor]:
        with torch.inference_mode():
            every = torch.arange(len(speech))[:, None]
            return [network(speech.whole(index).float()) for index in every]

    benchmark.pedantic(one_at_a_time, rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_epoch_of_fine_tuning(
    benchmark: BenchmarkFixture, demo_cache: Path, speech: Speech, precision: str
) -> None:
    labelled = Labelled(speech, torch.arange(len(speech)) % 5)
    nothing = torch.arange(0)
    none = Labelled(speech[nothing], labelled.emotion[nothing])
    schedule = Demo(demo_cache).protocol.schedule.model_copy(update={"epochs": 1})
    task = Task(
        source=labelled,
        source_validation=none,
        target_labelled=none,
        target_unlabelled=none.speech,
        classes=("a", "b", "c", "d", "e"),
        seed=0,
        device=torch.device("cpu"),
        track="finetune",
        schedule=schedule,
        backbone=get_backbone("audiontt-512"),
    )
    task = replace(task, precision=precision)
    benchmark.pedantic(lambda: train_source_model(task), rounds=3, warmup_rounds=1)
