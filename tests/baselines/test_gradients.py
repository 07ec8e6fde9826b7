"""Every loss's gradient against its slope, so that no term is dead or points the wrong way."""

import pytest
import torch
from tests.baselines.steps import (
    BATCH_OF_40,
    NEVER,
    embedded,
    emotion_loss,
    gradients,
    gradients_of,
    loss_of,
    parameters,
    passed,
    ready,
    slope,
    step_of,
)
from tests.training.numerics import slopes
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from xlser.methods import Track
from xlser.training import GradientMethod, Step, adaptation_rate
from xlser_baselines.adamatch import AdaMatch
from xlser_baselines.aggregated_multitask import AggregatedMultitask
from xlser_baselines.cada import CADA
from xlser_baselines.cdan import CDAN
from xlser_baselines.dan import DAN, discrepancy
from xlser_baselines.dann import DANN
from xlser_baselines.deep_coral import DeepCORAL
from xlser_baselines.ent import EntropyMinimisation
from xlser_baselines.fixmatch import FixMatch
from xlser_baselines.flexmatch import FlexMatch
from xlser_baselines.fluda import FLUDA
from xlser_baselines.freematch import FreeMatch
from xlser_baselines.gan_adaptation import GANAdaptation
from xlser_baselines.hard_pseudo_labels import HardPseudoLabels
from xlser_baselines.language_dann import LanguageDANN
from xlser_baselines.mcc import MCC, class_confusion
from xlser_baselines.mean_teacher import MeanTeacherMethod
from xlser_baselines.mixmatch import MixMatch
from xlser_baselines.nnpm import NNPM
from xlser_baselines.sft import SupervisedFineTuning
from xlser_baselines.shot import SHOT
from xlser_baselines.soft_pseudo_labels import SoftPseudoLabels
from xlser_baselines.softmatch import SoftMatch
from xlser_baselines.triple_attentive_asymmetric import TripleAttentiveAsymmetric
from xlser_baselines.upper_bound import UpperBound

TRACKS: tuple[Track, ...] = ("finetune", "frozen")
both_tracks = pytest.mark.parametrize("track", TRACKS)

# Settings under which what is held back from the gradient (averages, critics, memories) stands
# still, so that the slope of the loss is the gradient meant.
SMOOTH = [
    (SupervisedFineTuning, {}),
    (UpperBound, {}),
    (HardPseudoLabels, {"tau": 0.25}),
    (SoftPseudoLabels, {"prior": "uniform"}),
    (SoftPseudoLabels, {"prior": "source"}),
    (SoftPseudoLabels, {"prior": "labelled"}),
    (FixMatch, {"tau": 0.25}),
    (FlexMatch, {}),
    (FreeMatch, {"half_life": NEVER, "fairness": 1.0}),
    (SoftMatch, {"half_life": NEVER}),
    (AdaMatch, {"tau": 0.5}),
    (MeanTeacherMethod, {}),
    (MixMatch, {"temperature": 1e6}),
    (DeepCORAL, {"weight": 100.0}),
    (EntropyMinimisation, {"weight": 1.0}),
    (SHOT, {}),
    (AggregatedMultitask, {}),
    (NNPM, {"momentum": 1.0}),
    (GANAdaptation, {"critic_steps": 0}),
    (CADA, {"tau": 0.2}),
    (FLUDA, {}),
    (TripleAttentiveAsymmetric, {"centre": 0.1, "difference": 0.1}),
]


def case_name(value: object) -> str | None:
    if isinstance(value, type):
        return value.name
    return "-".join(map(str, value.values())) if isinstance(value, dict) else None


def normalised(x: Tensor) -> Tensor:
    return x / x.norm().clamp(min=1e-12)


def along_every_parameter(
    method: GradientMethod, step: Step, ours: dict[str, Tensor]
) -> dict[str, tuple[float, Tensor]]:
    """Return the slope of the loss along a direction of each parameter, and that direction.

    It is half way from the gradient to a random one.
    """
    generator = torch.Generator().manual_seed(1)
    found = {}
    for name, p in parameters(method).items():
        random = torch.randn(p.shape, generator=generator)
        direction = normalised(random) + normalised(ours[name])
        direction = normalised(direction)
        found[name] = slope(method, step, name, direction, by=1e-3), direction
    return found


@both_tracks
@pytest.mark.parametrize(("method", "settings"), SMOOTH, ids=case_name)
def test_the_gradient_is_the_slope_of_the_loss(
    method: type[GradientMethod], settings: dict[str, object], track: Track
) -> None:
    fitted = method(**settings)
    # A critic that does not learn stands still.
    still = BATCH_OF_40.model_copy(update={"learning_rate": 0.0})
    task = ready(fitted, track, schedule=still if method is CADA else BATCH_OF_40)
    step = step_of(fitted, task)
    ours = gradients(fitted, step)
    rounding = 5e-4 * max(1.0, loss_of(fitted, step).item())
    for name, (measured, direction) in along_every_parameter(fitted, step, ours).items():
        expected = (ours[name] * direction).sum().item()
        assert measured == pytest.approx(expected, rel=0.03, abs=rounding), name
        if method is not FLUDA or name.startswith(("model.encoder", "metric")):
            assert ours[name].abs().max() > 0, name


def of_target(step: Step) -> Tensor:
    unlabelled = torch.ones(len(step.unlabelled.speech), dtype=torch.bool)
    return torch.cat([step.labelled.target, unlabelled])


def emotion_loss_together(method: GradientMethod, step: Step) -> Tensor:
    return emotion_loss(method, step, step.unlabelled.speech)


def emotion_loss_per_domain(method: GradientMethod, step: Step) -> Tensor:
    """Source and target passed one after the other."""
    source, target = step.by_domain(step.labelled.speech, step.unlabelled.speech)
    logits = torch.cat([method.model(source), method.model(target)])
    return cross_entropy(logits[: len(step.labelled.emotion)], step.labelled.emotion)


ADVERSARIES = [
    (DANN(), "domain", emotion_loss_together),
    (CDAN(), "domain", emotion_loss_together),
    (LanguageDANN(batch_norm="joint"), "language", emotion_loss_together),
    (LanguageDANN(batch_norm="per-domain"), "language", emotion_loss_per_domain),
]


def domain_loss(method: GradientMethod, head: str, step: Step, per_domain: bool) -> Tensor:
    """Plain cross-entropy of a method's domain head, without reversal."""
    model, domain = method.model, getattr(method, head)
    speech = step.by_domain(step.labelled.speech, step.unlabelled.speech)
    z = torch.cat(
        [model.embed(s) for s in speech] if per_domain else [model.embed(torch.cat(speech))]
    )
    target, weight = of_target(step).float(), None
    if isinstance(method, CDAN):
        p = model.head(z).softmax(dim=1).detach()
        certainty = 1 + torch.exp((p * p.log()).sum(dim=1))
        mean = torch.where(target > 0, certainty[target > 0].mean(), certainty[target == 0].mean())
        weight = certainty / mean
        z = torch.einsum("bd,bc->bdc", z, p).flatten(1)
    return binary_cross_entropy_with_logits(domain(z), target, weight)


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5])
@pytest.mark.parametrize(
    ("method", "head", "emotion"),
    ADVERSARIES,
    ids=["dann", "cdan", "language-dann-joint", "language-dann-per-domain"],
)
def test_the_encoder_learns_emotion_and_unlearns_the_domain_at_the_rate(
    method: GradientMethod, head: str, emotion: object, progress: float
) -> None:
    step = step_of(method, ready(method), progress)
    per_domain = emotion is emotion_loss_per_domain
    ours = gradients(method, step)
    emotional = gradients_of(method, lambda m: emotion(m, step))
    domestic = gradients_of(method, lambda m: domain_loss(m, head, step, per_domain))
    assert sum(g.abs().max() > 1e-4 for g in domestic.values()) >= 6
    for name, gradient in ours.items():
        sign = -adaptation_rate(progress) if name.startswith("model.encoder") else 1
        expected = emotional[name] + sign * domestic[name]
        torch.testing.assert_close(gradient, expected, atol=2e-6, rtol=1e-3, msg=name)


def second_episode() -> tuple[FLUDA, Step, Step]:
    """FLUDA after one episode, with pseudo-labelled queries; the next step, early and later."""
    method = FLUDA()
    task = ready(method)
    method.loss(step_of(method, task))
    early, later = (step_of(method, task, progress, seed=1) for progress in (0.0, 0.3))
    return method, early, later


def test_fluda_unlearns_what_tells_real_from_pseudo_labelled_queries() -> None:
    method, early, later = second_episode()
    without, with_ = gradients(method, early), gradients(method, later)
    unlearnt = 0.0
    for name, (measured, direction) in along_every_parameter(method, later, with_).items():
        error, ours = ((g[name] * direction).sum().item() for g in (without, with_))
        if name.startswith("model.encoder"):  # the slope is that of error and domain loss together
            expected = error - adaptation_rate(0.3) * (measured - error)
            unlearnt = max(unlearnt, abs(measured - error))
        else:
            expected = measured
        assert ours == pytest.approx(expected, rel=0.03, abs=2e-3), name
    assert unlearnt > 5e-3


def chained(method: GradientMethod, step: Step, pull: Tensor, of_head: bool) -> dict[str, Tensor]:
    """Gradients of emotion loss, and of `pull`, a slope on each row's embedding or logits."""

    def loss(copied: GradientMethod) -> Tensor:
        z = copied.model.embed(torch.cat(parts_of(step)))
        logits = copied.model.head(z)
        emotion = cross_entropy(logits[: len(step.labelled.emotion)], step.labelled.emotion)
        return emotion + ((logits if of_head else z) * pull).sum()

    return gradients_of(method, loss)


def assert_same(ours: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, expected[name], atol=2e-4, rtol=5e-3, msg=name)


def parts_of(step: Step) -> tuple[Tensor, Tensor]:
    return step.labelled.speech, step.unlabelled.speech


def test_dans_gradient_is_emotions_and_that_of_the_discrepancy_at_fixed_bandwidths() -> None:
    method = DAN(weight=3.0)
    step = step_of(method, ready(method))
    z, target = torch.cat(embedded(method, *parts_of(step))).double(), of_target(step)
    width = torch.cdist(z, z).square().mean()

    def mmd(z: Tensor) -> Tensor:
        kernel = sum(
            torch.exp(-torch.cdist(z, z).square() / (f * width)) for f in (0.25, 0.5, 1, 2, 4)
        )
        sign = torch.where(target, -1 / target.sum(), 1 / (~target).sum()).double()
        return sign @ kernel @ sign

    pull = 3 * slopes(mmd, z, step=1e-4).float()
    assert pull.abs().max() > 1e-3
    assert_same(gradients(method, step), chained(method, step, pull, of_head=False))
    value = discrepancy(z[~target].float(), z[target].float())
    assert value.item() == pytest.approx(mmd(z).item(), abs=1e-5)


def confusion(logits: Tensor, weight: Tensor) -> Tensor:
    """Class confusion in a loop, with given weights."""
    p = logits.softmax(dim=1)
    classes = p.shape[1]
    off_diagonal = torch.zeros((), dtype=p.dtype)
    for one in range(classes):
        row = [(weight * p[:, one] * p[:, other]).sum() for other in range(classes)]
        off_diagonal += (sum(row) - row[one]) / sum(row) / classes
    return off_diagonal


def certainty_weights(logits: Tensor) -> Tensor:
    p = logits.softmax(dim=1)
    certainty = 1 + torch.exp((p * p.log()).sum(dim=1))
    return len(p) * certainty / certainty.sum()


def test_mccs_gradient_is_emotions_and_that_of_the_confusion_at_fixed_weights() -> None:
    method = MCC(temperature=0.5)
    step = step_of(method, ready(method))
    unlabelled = passed(method, *parts_of(step))[1].double()
    weight = certainty_weights(unlabelled / 0.5)
    assert weight.max() - weight.min() > 0.02
    pull = slopes(lambda x: confusion(x / 0.5, weight), unlabelled, step=1e-4)
    pull = torch.cat([torch.zeros(len(step.labelled.emotion), 5), pull.float()])
    assert_same(gradients(method, step), chained(method, step, pull, of_head=True))


def test_class_confusion_takes_its_weights_as_given() -> None:
    logits = (2 * torch.randn(9, 4)).requires_grad_(True)
    class_confusion(logits).backward()
    weight = certainty_weights(logits.detach().double())
    expected = slopes(lambda x: confusion(x, weight), logits.detach().double(), step=1e-4)
    torch.testing.assert_close(logits.grad, expected.float(), atol=1e-5, rtol=1e-3)
