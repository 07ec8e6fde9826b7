"""Whether a predictor answers an utterance by that utterance alone, looked at in every run.

The conformance suite asks so of small batches of noise; what adapts to the speech to be recognised
only when there is much of it passes there. So in each run some test utterances are asked alone
before all the others, and some again after them, in another order.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Method, Precision, Speech
from xlser.methods.calls import described

_ALONE = 4  # utterances that are asked one at a time
_AGAIN = 12  # utterances that are asked again together
_CLOSE: dict[Precision, float] = {"fp32": 1e-3, "bf16": 3e-2}
"""Between probabilities from batches of other shapes."""
_SHARE = 0.25  # of a sample that may differ: rounding decides between equally near neighbours


def predict_steadily(
    predict: Callable[[Speech], Tensor], speech: Speech, method: Method, precision: Precision
) -> tuple[Tensor, float]:
    """Return the answer to test speech and the seconds that it took.

    Args:
        predict: of a fitted method.
        speech: of one test corpus.
        method: named in the error.
        precision: of training.

    Raises:
        MethodError: utterances are answered otherwise alone, or in another order.
    """
    few = _spread(len(speech), _ALONE)
    alone = [predict(speech[few[i : i + 1]]) for i in range(len(few))]
    clock = time.perf_counter()
    answer = predict(speech)
    seconds = time.perf_counter() - clock
    several = _spread(len(speech), _AGAIN).flip(0)
    again = predict(speech[several])
    close = _CLOSE[precision]
    _require_same(torch.cat(alone), answer[few], close, method, "asked alone")
    _require_same(again, answer[several], close, method, "asked again in another order")
    return answer, seconds


def _spread(count: int, most: int) -> Tensor:
    """Return up to `most` indices, evenly spread."""
    return torch.linspace(0, count - 1, min(count, most)).round().long()


def _require_same(other: Tensor, answer: Tensor, close: float, method: Method, how: str) -> None:
    apart = (other.cpu() - answer.cpu()).abs().amax(dim=1)
    differ = int((apart > close).sum())
    if differ > _SHARE * len(apart):
        raise MethodError(
            f"{described(method)} answers {differ} of {len(apart)} test utterances otherwise when "
            f"they are {how}: probabilities differ by up to {float(apart.max()):.2g}.",
            "A row may depend on its utterance alone: let predict take nothing from the batch, nor "
            "from earlier calls.",
        )
