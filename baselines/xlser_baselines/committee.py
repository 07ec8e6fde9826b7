"""Several methods, each by itself, and their mean answer."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from xlser.methods import Method, Predictor, Speech, Task, get_method
from xlser.training import Twinned, derive


class Committee(Twinned):
    """Mean of the probabilities that methods of different kinds return (Hansen & Salamon 1990).

    Members know nothing of each other and have their default settings: a classifier, classifiers
    over aligned embeddings, a network whose embeddings are aligned, and one trained in episodes.
    Each draws by a seed of its own, so that a method named twice is trained twice. Which methods
    are members was chosen on speakers that no seed of `v1` tests (docs/best.md). Its twin is made
    of the members' twins.
    """

    name = "committee"
    family = "ensembles"
    target_labels = "few"
    citation = "Ours, after Hansen & Salamon (1990), Neural network ensembles, IEEE TPAMI"
    tracks = ("frozen",)
    needs_source_model = True
    members: tuple[str, ...] = ("logistic-regression", "aligned-linear", "deep-coral", "fluda")

    def fit(self, task: Task) -> Predictor:
        """Fit every member.

        Raises:
            UnknownNameError: a member is not registered.
            ValueError: there is none, or one needs attributes that this method does not declare.
        """
        if not self.members:
            raise ValueError('A committee needs members: --set members=\'["svm", "fluda"]\'.')
        kinds = [get_method(name) for name in self.members]
        for kind in kinds:
            if carried := kind().carried_attributes():
                raise ValueError(
                    f"{kind.name} cannot be a member of a committee: it needs "
                    f"{' and '.join(carried)}. Name methods that use speech and labels "
                    "alone."
                )
        fitted = []
        for i, kind in enumerate(kinds):

            def progress(done: int, total: int, before: int = i) -> None:
                task.progress(before * total + done, len(kinds) * total)

            own = replace(task, seed=derive(task.seed, f"member {i}") >> 32, progress=progress)
            fitted.append(self._member(kind).fit(own))
        return _Mean(fitted)

    def _member(self, kind: type[Method]) -> Method:
        return kind(twin=True) if self.twin and "twin" in kind.default_settings() else kind()


class _Mean:
    """The mean of what predictors return."""

    def __init__(self, members: Sequence[Predictor]) -> None:
        self._members = members

    def predict(self, speech: Speech) -> Tensor:
        """Return class probabilities, shape (utterances, classes)."""
        device = speech.features.device  # from which members that are no network return
        answers = [member.predict(speech).to(device, torch.float32) for member in self._members]
        return torch.stack(answers).mean(dim=0)
