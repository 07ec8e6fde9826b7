"""How a method is called: seeded, blamed by name for what it raises, its answers looked at."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from xlser import plugins
from xlser.errors import MethodError
from xlser.methods.method import Method
from xlser.methods.task import Predictor


def seed_everything(seed: int) -> None:
    """Seed what a method may draw from, so that no run depends on the one before it."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def described(method: Method | type[Method]) -> str:
    """Return a method with its package and version, or its module where it is not registered."""
    registered = method.name in plugins.names("xlser.methods")
    package = plugins.package_of("xlser.methods", method.name) if registered else None
    origin = f"package {package}" if package else f"module {method.__module__}"
    return f"The method {method.name!r} of {origin}"


@contextmanager
def blamed(method: Method, doing: str) -> Iterator[None]:
    """Add to whatever the block raises which method raised it, and in `doing` what."""
    try:
        yield
    except (Exception, SystemExit) as error:
        error.add_note(f"{described(method)} raised this in {doing}.")
        raise


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
    """Return what a predictor answered, if it is what the contract says.

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
        "Return softmax(logits, dim=1): a row an utterance, columns in the order of task.classes.",
    )
