"""How a method is called: seeded, contained, blamed by name, its answers looked at."""

import os
import random
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout

import numpy as np
import torch
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods.method import Method
from xlser.methods.origin import NOT_PACKAGED, package_of
from xlser.methods.task import Predictor

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def seed_everything(seed: int) -> None:
    """Seed what a method may draw from, so that no run depends on the one before it."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def described(method: Method | type[Method]) -> str:
    """Return a method with its package and version, or its module where it is not packaged."""
    package = package_of(method if isinstance(method, type) else type(method))
    origin = f"module {method.__module__}" if package == NOT_PACKAGED else f"package {package}"
    return f"The method {method.name!r} of {origin}"


@contextmanager
def blamed(method: Method, doing: str) -> Iterator[None]:
    """Add to whatever the block raises which method raised it, and in `doing` what."""
    try:
        yield
    except (Exception, SystemExit) as error:
        error.add_note(f"{described(method)} raised this in {doing}.")
        raise


@contextmanager
def contained() -> Iterator[None]:
    """Undo after the block what a method may do to its process, and end the forks it left.

    Kept are working directory, environment, signal handlers, torch's default type and gradient
    mode; what it prints goes to standard error, for standard output is the suite's answer.
    """
    process = os.getpid()
    try:
        with ExitStack() as kept:
            for keep in (_working_directory, _environment, _handlers, _torch_modes, _said_aside):
                kept.enter_context(keep())
            yield
    finally:
        if os.getpid() != process:  # a fork of the method's, on its way to do all this once more
            os._exit(0)


@contextmanager
def _working_directory() -> Iterator[None]:
    here = os.open(".", os.O_RDONLY)
    try:
        yield
    finally:
        os.fchdir(here)
        os.close(here)


@contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        if dict(os.environ) != before:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def _handlers() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _torch_modes() -> Iterator[None]:
    dtype, gradients = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)


@contextmanager
def _said_aside() -> Iterator[None]:
    """Send what is printed to standard error, by libraries in other languages too."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def require_predictor(answer: object, method: Method) -> Predictor:
    """Return what `fit` returned, if it can predict.

    Raises:
        MethodError: it cannot.
    """
    if not callable(getattr(answer, "predict", None)):
        raise MethodError(
            f"{described(method)}: fit returned {type(answer).__name__}, which has no "
            "method predict.",
            "Return an object with predict(speech) -> probabilities.",
        )
    return answer  # type: ignore[return-value]


def check_probabilities(
    answer: object, method: Method | type[Method], utterances: int, classes: Sequence[str]
) -> Tensor:
    """Return the answer of a predictor, if it fulfils the contract.

    Args:
        answer: of `predict`.
        method: for the message.
        utterances: number of rows that are expected.
        classes: of the task: the columns.

    Raises:
        MethodError: not a tensor of shape (utterances, classes) of probabilities.
    """
    shape = (utterances, len(classes))
    if not isinstance(answer, Tensor) or tuple(answer.shape) != shape:
        got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        fault = f"predict returned {got}, not a tensor of shape {shape}"
    elif not torch.isfinite(answer).all():
        fault = "predict returned numbers that are not finite"
    elif (answer < 0).any() or ((answer.float().sum(dim=1) - 1).abs() > 1e-3).any():
        fault = "predict returned rows that are not probabilities (>= 0, summing to 1)"
    else:
        return answer.detach().float()
    raise MethodError(
        f"{described(method)}: {fault}.",
        "Return softmax(logits, dim=1): one row per utterance, columns as in task.classes.",
    )
