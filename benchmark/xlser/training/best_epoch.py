"""The epoch that does best on the source's validation speech."""

from collections.abc import Callable
from copy import deepcopy

import torch

from xlser.errors import MethodError
from xlser.methods import EpochScores, Predictor, Task
from xlser.metrics import score


class BestEpoch:
    """Looks at a method after each epoch of a stage and keeps what predicts best.

    No label of the target takes part. Looking draws nothing, so training goes on as it would.

    Args:
        predictor: returns what predicts, as it is now trained.
        task: its `source_validation` is recognised; scores go to its `watch`.

    Attributes:
        predictor: a copy of what predicted best, of the first such epoch; None before any.
    """

    def __init__(self, predictor: Callable[[], Predictor], task: Task) -> None:
        self.predictor: Predictor | None = None
        self._make = predictor
        self._task = task
        self._best = -1.0

    def look(self) -> None:
        """Recognise the validation speech, report the scores, keep what predicts if it is best.

        Raises:
            MethodError: the source has no validation speech.
        """
        known = self._task.source_validation
        if not len(known):
            raise MethodError(
                "keep=best chooses an epoch on the source's validation speech, and there is none.",
                "Use keep=last, or a protocol whose source has validation speakers.",
            )
        device = self._task.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.no_grad():
            predictor = self._make()
            answers = predictor.predict(known.speech).argmax(dim=1)
        found = score(known.emotion.cpu().numpy(), answers.cpu().numpy(), len(self._task.classes))
        self._task.watch(EpochScores(found.ua, found.accuracy))
        if found.ua > self._best:
            self._best = found.ua
            self.predictor = deepcopy(predictor)
