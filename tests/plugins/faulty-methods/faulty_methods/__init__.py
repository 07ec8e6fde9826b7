"""Methods that can be imported; all but `Uniform` are faulty."""

import os
import signal
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

from xlser.methods import Method, Predictor, Speech, Task


class Uniform(Method):
    name = "uniform"
    target_labels = "none"
    citation = "nobody (2024)"
    tracks = ("frozen",)

    def fit(self, task: Task) -> Predictor:
        return self

    def predict(self, speech: Speech) -> Tensor:
        return torch.full((len(speech), 5), 0.2)


class ExitsInFit(Uniform):
    name = "exits-in-fit"

    def fit(self, task: Task) -> Predictor:
        sys.exit("out of luck")


class EndsItsProcess(Uniform):
    name = "ends-its-process"

    def fit(self, task: Task) -> Predictor:
        os._exit(7)


class CrashesInFit(Uniform):
    name = "crashes-in-fit"

    def fit(self, task: Task) -> Predictor:
        os.kill(os.getpid(), signal.SIGSEGV)
        return self


class SleepsInFit(Uniform):
    name = "sleeps-in-fit"

    def fit(self, task: Task) -> Predictor:
        print("asleep in", os.getpid(), flush=True)
        time.sleep(600)
        return self


class RaisesInFit(Uniform):
    name = "raises-in-fit"

    def fit(self, task: Task) -> Predictor:
        raise RuntimeError("no luck")


class RaisesInPredict(Uniform):
    name = "raises-in-predict"

    def predict(self, speech: Speech) -> Tensor:
        raise RuntimeError("no luck either")


class WrongShape(Uniform):
    name = "wrong-shape"

    def predict(self, speech: Speech) -> Tensor:
        return torch.full((len(speech), 4), 0.25)


class NotANumber(Uniform):
    name = "not-a-number"

    def predict(self, speech: Speech) -> Tensor:
        return super().predict(speech) * torch.nan


class NoProbabilities(Uniform):
    name = "no-probabilities"

    def predict(self, speech: Speech) -> Tensor:
        return super().predict(speech) * 2


class KeepsAPath(Uniform):
    name = "keeps-a-path"
    folder: Path = Path("models")


class KeepsADtype(Uniform):
    name = "keeps-a-dtype"
    dtype: torch.dtype = torch.float32


class Rival(Uniform):
    """Claims the name of a method of the suite."""

    name = "sft"
