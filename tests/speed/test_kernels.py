"""What the suite's own kernels earn against torch's own: `xlser.training.kernels`."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from tests.speed.conftest import Versus
from tests.speed.processes import in_own_process
from tests.tasks import small_task

from xlser.methods import Labelled, Schedule, Speech, get_method
from xlser.training.kernels.switch import SWITCH

STEPS, DIMENSION = 200, 512
START = "import torch; from xlser.training.kernels import new_adam; new_adam([torch.ones(1)], 1e-3)"


def a_fit(method: str, kernels: str) -> Callable[[], object]:
    """Fit a method of the frozen track on one core, both stages."""
    os.environ[SWITCH] = kernels
    torch.set_num_threads(1)
    torch.manual_seed(0)
    task = small_task(
        "frozen",
        source=utterances(500),
        source_validation=utterances(50),
        target_labelled=utterances(100),
        target_unlabelled=utterances(500).speech,
        schedule=Schedule(epochs=10, steps=STEPS),
    )
    return lambda: get_method(method)().fit(task)


def utterances(number: int) -> Labelled:
    speech = Speech(torch.randn(number, DIMENSION), torch.ones(number, dtype=torch.long))
    return Labelled(speech, torch.arange(number) % 5)


@pytest.mark.parametrize("method", ["sft", "gan-adaptation"])
def test_a_fit(versus: Versus, method: str) -> None:
    with (
        in_own_process(a_fit, method, "own") as ours,
        in_own_process(a_fit, method, "torch") as theirs,
    ):
        name = f"{method}, {STEPS} steps frozen, own kernels; otherwise torch's"
        versus(name, "s", 1, ours, theirs, rounds=9)


def test_the_start_of_a_process(versus: Versus) -> None:
    def start(kernels: str) -> Callable[[], object]:
        environment = {**os.environ, SWITCH: kernels}
        return lambda: subprocess.run([sys.executable, "-c", START], check=True, env=environment)

    name = "start of a process and its first optimiser, own Adam; otherwise torch.optim.Adam"
    versus(name, "s", 1, start("own"), start("torch"), rounds=5)
