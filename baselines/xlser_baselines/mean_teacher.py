"""Mean Teacher: a moving average of the model teaches the model."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss

from xlser.methods import Predictor, Task
from xlser.training import (
    HALF_TARGET,
    GradientMethod,
    MeanTeacher,
    ModelPredictor,
    Step,
    strong_view,
    together,
)


class MeanTeacherMethod(GradientMethod):
    """Consistency between student and averaged teacher (Tarvainen & Valpola 2017, Section 2).

    The loss on U is the mean squared difference between the student's softmax on the strong view
    and the teacher's on the weak one, weight 50, warmed up over the first 40 % of training by
    exp(-5 (1 - t)^2). The teacher predicts. Adapted: student and teacher differ in their view and
    not in dropout, which the teacher has none of.
    """

    name = "mean-teacher"
    family = "consistency"
    target_labels = "few"
    citation = "Tarvainen & Valpola (2017), Mean teachers are better role models, NeurIPS"
    shares = HALF_TARGET
    decay: float = 0.999
    weight: float = 50.0
    warm_up: float = 0.4

    def setup(self, task: Task) -> None:
        """Make the teacher."""
        self._teacher = MeanTeacher(self.model, self.decay)

    def after_step(self) -> None:
        """Let the teacher follow."""
        self._teacher.follow()

    def predictor(self, task: Task) -> Predictor:
        """Return the teacher."""
        return ModelPredictor(self._teacher.network)

    def loss(self, step: Step) -> Tensor:
        """Return the supervised loss plus the weighted difference."""
        weak = step.unlabelled.speech
        labelled, student = together(self.model, step.labelled.speech, strong_view(weak))
        supervised = cross_entropy(labelled, step.labelled.emotion)
        if not len(weak):
            return supervised
        taught = self._teacher(weak).float().softmax(dim=1)
        step.report(taught.argmax(dim=1))
        difference = mse_loss(student.float().softmax(dim=1), taught)
        warmth = torch.tensor(min(step.progress / self.warm_up, 1.0) if self.warm_up else 1.0)
        return supervised + self.weight * torch.exp(-5 * (1 - warmth) ** 2) * difference
