"""What FixMatch and its descendants share: a weak view teaches a strong one."""

from abc import abstractmethod

from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.training import HALF_TARGET, GradientMethod, Step, strong_view, together
from xlser.training import pseudo_label_loss as teach


class WeakTeachesStrong(GradientMethod):
    """Cross-entropy on labelled speech, and on strong views towards the answers to weak ones.

    The weak view is the random crop (on the frozen track the embedding itself), the strong one is
    `xlser.training.strong_view`. Half of each batch is target speech.
    """

    target_labels = "few"
    shares = HALF_TARGET

    @abstractmethod
    def weigh(self, p: Tensor, step: Step) -> Tensor:
        """Return how much each answer counts, shape (unlabelled,).

        Args:
            p: class probabilities of the weak views, shape (unlabelled, classes), no gradient.
            step: what they were drawn with.
        """

    def loss(self, step: Step) -> Tensor:
        """Return the supervised loss plus that of the strong views."""
        weak = step.unlabelled.speech
        views = (step.labelled.speech, weak, strong_view(weak))
        labelled, weak_logits, strong_logits = together(self.model, *views)
        p = weak_logits.detach().float().softmax(dim=1)
        supervised = cross_entropy(labelled, step.labelled.emotion)
        weight = self.weigh(p, step)
        step.report(p.argmax(dim=1), weight)
        return supervised + teach(strong_logits, p, weight)
