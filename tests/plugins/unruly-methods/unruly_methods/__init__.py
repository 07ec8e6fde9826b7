"""Methods that do to their process what no method should."""

import os
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xlser.methods import Method, Predictor, Speech, Task
from xlser.training import GradientMethod, Step


class Constant(Method):
    """Answers the same to everything; what others do, they do besides."""

    name = "constant"
    target_labels = "none"
    citation = "nobody (2024)"

    def fit(self, task: Task) -> Predictor:
        return self

    def predict(self, speech: Speech) -> Tensor:
        return torch.tensor([[0.4, 0.3, 0.2, 0.1, 0.0]], dtype=torch.float32).repeat(len(speech), 1)


class DiesOnce(Constant):
    """Is killed, as by a system without memory left, the first time it is called."""

    name = "dies-once"
    marker: str = ""

    def fit(self, task: Task) -> Predictor:
        if not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self


class ExhaustsMemory(Constant):
    """Takes more and more addresses, until there are no more to be had; touches no memory."""

    name = "exhausts-memory"

    def fit(self, task: Task) -> Predictor:
        hoard = []
        while True:
            hoard.append(np.empty(64 << 20, dtype=np.uint8))


class WantsTooMuchMemory(Constant):
    name = "wants-too-much-memory"

    def fit(self, task: Task) -> Predictor:
        self.weights = torch.zeros(1 << 46)
        return self


class Forks(Constant):
    """Leaves a child that comes back from `fit` and from `predict` as its parent does."""

    name = "forks"

    def fit(self, task: Task) -> Predictor:
        os.fork()
        return self

    def predict(self, speech: Speech) -> Tensor:
        os.fork()
        return super().predict(speech)


class Hangs(Constant):
    """Does not end, whatever it is told but by SIGKILL."""

    name = "hangs"

    def fit(self, task: Task) -> Predictor:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True:
            time.sleep(0.1)


class LosesItsLoss(GradientMethod):
    name = "loses-its-loss"
    target_labels = "none"
    citation = "nobody (2024)"

    def loss(self, step: Step) -> Tensor:
        return super().loss(step) * torch.nan


class Meddles(Constant):
    """Leaves its process another than it found it."""

    name = "meddles"

    def fit(self, task: Task) -> Predictor:
        random.seed(7)
        np.random.seed(7)
        torch.manual_seed(7)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_num_threads(2)
        os.chdir("/")
        os.environ["XLSER_CACHE"] = "/nowhere"
        os.environ.pop("PATH", None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stdout = None
        return self


class Prints(Constant):
    """Talks where the suite answers, in Python and past it."""

    name = "prints"

    def fit(self, task: Task) -> Predictor:
        print("a word from fit")
        os.write(1, b"a word from a library\n")
        os.system("echo a word from a child")
        return self

    def predict(self, speech: Speech) -> Tensor:
        print("a word from predict")
        return super().predict(speech)


class SetsTheClockBack(Constant):
    """Lets the wall clock go back by a day, as far as Python asks for it."""

    name = "sets-the-clock-back"

    def fit(self, task: Task) -> Predictor:
        real = time.time
        time.time = lambda: real() - 86_400
        assert datetime.now(UTC).timestamp() - time.time() > 86_000
        time.sleep(0.2)
        return self


class Slow(Constant):
    """Takes a while, so that something can happen meanwhile."""

    name = "slow"
    seconds: float = 1.0

    def fit(self, task: Task) -> Predictor:
        time.sleep(self.seconds)
        return self
