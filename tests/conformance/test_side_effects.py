"""What a method changes in the process is reported and undone."""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.conformance.nearest_mean import NearestMean
from torch import Tensor

from xlser.conformance import check_method
from xlser.methods import Speech, Task


def test_what_a_method_changes_in_the_process_is_told_and_changed_back(tmp_path: Path) -> None:
    class Tidy(NearestMean):
        def learn(self, task: Task) -> None:
            with torch.no_grad():
                self.means = self.means.clone()

    class Meddling(NearestMean):
        def learn(self, task: Task) -> None:
            torch.set_default_dtype(torch.float64)
            torch.set_default_device("meta")
            torch.set_grad_enabled(False)
            torch.set_num_threads(1)
            torch.use_deterministic_algorithms(True)

        def predict(self, speech: Speech) -> Tensor:
            os.chdir(tmp_path)
            return super().predict(speech)

    assert check_method(Tidy).passed
    before = process()
    (check,) = check_method(Meddling).faults
    assert process() == before
    assert check.name == "leaves the process as it was"
    for what in ("dtype", "device", "gradient mode", "threads", "deterministic", "folder"):
        assert what in str(check.fault)


def process() -> list[Any]:
    return [
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        Path.cwd(),
        random.getstate(),
        np.random.get_state()[1].tolist(),
        torch.get_rng_state().tolist(),
    ]


def test_a_check_leaves_the_generators_and_the_process_as_they_were() -> None:
    before = process()
    assert check_method(NearestMean).passed
    assert process() == before
