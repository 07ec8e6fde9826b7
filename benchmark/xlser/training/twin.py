"""The twin of a method: the same method without its unlabelled speech."""

from dataclasses import replace

import torch

from xlser.methods import Method, Task


class Twinned(Method):
    """A method that uses unlabelled speech and can be run without it, all else being equal.

    What a method gains from unlabelled speech is the difference between it and its twin.

    Attributes:
        twin: whether the method does without unlabelled target speech. Standardisation, and how
            many labelled utterances a batch holds, are those of the method.
    """

    twin: bool = False

    def visible(self, task: Task) -> Task:
        """Return the task as the method sees it: without unlabelled speech for its twin."""
        if not self.twin:
            return task
        nobody = torch.zeros(0, dtype=torch.long, device=task.target_unlabelled.features.device)
        return replace(task, target_unlabelled=task.target_unlabelled[nobody])
