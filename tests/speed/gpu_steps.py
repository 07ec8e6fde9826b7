"""Steps a second that processes side by side make on one GPU, on noise.

`python -m tests.speed.gpu_steps 1 6` prints a line for one process and one for six.
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch

from xlser.backbones import pretrained
from xlser.methods import Labelled, Schedule, Speech, Task, get_method
from xlser.settings import Settings
from xlser.training import new_model


def main() -> None:
    """Print the steps a second for each number of processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tune", action="store_true", help="cudnn.benchmark")
    given = parser.parse_args()
    torch.set_num_threads(1)
    fork = multiprocessing.get_context("fork")
    for count in given.counts:
        together, rates = fork.Barrier(count), fork.SimpleQueue()
        how = given.device, given.tune, given.seconds, together.wait, rates.put
        crew = [fork.Process(target=_probe, args=(i, *how), daemon=True) for i in range(count)]
        for process in crew:
            process.start()
        rate = sum(rates.get() for _ in crew)
        for process in crew:
            process.join()
        print(f"{count} processes, tuned {given.tune}: {rate:.0f} steps a second", flush=True)


class _OverError(Exception):
    """The time is over."""


def _probe(
    seed: int,
    device: str,
    tune: bool,
    seconds: float,
    begin: Callable[[], object],
    report: Callable[[float], object],
) -> None:
    """Train for so many seconds after the first epoch, and report the steps a second."""
    torch.backends.cudnn.benchmark = tune
    there = torch.device(device)
    generator = torch.Generator().manual_seed(seed)

    def speech(count: int) -> Speech:
        features = torch.randn(count * 270, 64, generator=generator).half().to(there)
        return Speech(features, torch.full((count,), 270, device=there))

    def labelled(count: int) -> Labelled:
        return Labelled(speech(count), torch.arange(count, device=there) % 5)

    clock = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal clock
        if done == 1:
            begin()
            clock = time.monotonic()
        elif (took := time.monotonic() - clock) > seconds:
            report((done - 1) * 19 / took)
            raise _OverError

    task = Task(
        source=labelled(1684),
        source_validation=labelled(1),
        target_labelled=labelled(0),
        target_unlabelled=speech(255),
        classes=tuple("abcde"),
        seed=seed,
        device=there,
        track="finetune",
        schedule=Schedule(epochs=10_000),
        backbone=pretrained(
            "audiontt-512", Settings(cache=Path("nowhere"), weights="random")
        ).build,
        precision="bf16",
        progress=progress,
    )
    task = replace(task, source_model=new_model(task).state_dict())
    with suppress(_OverError):
        get_method("hard-pseudo-labels")().fit(task)


if __name__ == "__main__":
    main()
