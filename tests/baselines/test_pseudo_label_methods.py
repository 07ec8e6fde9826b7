"""Methods that label unlabelled speech themselves."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.baselines.steps import (
    batch_of,
    echo,
    embedded,
    emotion_loss,
    gradients,
    loss_of,
    passed,
    ready,
    step_of,
    without_unlabelled,
)
from tests.tasks import SHORT, labelled, nothing, same_weights, small_task
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, one_hot

from xlser.methods import Labelled, Task
from xlser.training import (
    MemoryBank,
    ModelPredictor,
    Step,
    divergence_from_prior,
    embed,
    entropy,
    train_source_model,
)
from xlser_baselines.hard_pseudo_labels import HardPseudoLabels
from xlser_baselines.nnpm import NNPM, pseudo_multilabels
from xlser_baselines.soft_pseudo_labels import SoftPseudoLabels
from xlser_baselines.triple_attentive_asymmetric import TripleAttentiveAsymmetric

SEED = 11


def answering(*rows: list[float]) -> Tensor:
    """Speech to which the echo answers these probabilities."""
    return torch.tensor(rows).log()


# Hard pseudo-labels.

LABELLED = answering([0.7, 0.2, 0.1], [0.5, 0.25, 0.25])
UNLABELLED = answering([0.5, 0.3, 0.2], [0.2, 0.65, 0.15], [0.4, 0.35, 0.25], [0.05, 0.05, 0.9])


@pytest.mark.parametrize(
    ("tau", "kept"),
    [(0.0, [0.5, 0.65, 0.4, 0.9]), (0.5, [0.5, 0.65, 0.9]), (0.65, [0.65, 0.9]), (0.95, [])],
)
def test_pseudo_labels_that_reach_tau_count_as_labels_do(tau: float, kept: list[float]) -> None:
    method = HardPseudoLabels(tau=tau - 1e-6)
    method.model = echo(3)
    step = batch_of(LABELLED, [0, 1], [False, True], UNLABELLED)
    terms = [0.7, 0.25, *kept]
    expected = -sum(map(math.log, terms)) / len(terms)
    assert method.loss(step).item() == pytest.approx(expected)


def test_a_probability_of_just_tau_is_kept() -> None:
    method = HardPseudoLabels(tau=0.5)
    method.model = echo(2)
    step = batch_of(torch.zeros(0, 2), [], [], torch.zeros(1, 2))  # softmax (1/2, 1/2)
    assert method.loss(step).item() == pytest.approx(math.log(2))


def test_a_pseudo_label_pulls_as_a_label_does() -> None:
    method = HardPseudoLabels(tau=0.6)
    method.model = echo(3)
    unlabelled = UNLABELLED.clone().requires_grad_(True)
    method.loss(batch_of(LABELLED, [0, 1], [False, True], unlabelled)).backward()
    towards = one_hot(torch.tensor([0, 1, 0, 2]), 3)
    kept = torch.tensor([0.0, 1.0, 0.0, 1.0])[:, None]
    expected = kept * (UNLABELLED.softmax(dim=1) - towards) / 4  # 2 labelled and 2 kept
    torch.testing.assert_close(unlabelled.grad, expected)


def test_batches_of_hard_and_soft_pseudo_labels_are_of_all_data() -> None:
    assert HardPseudoLabels.shares is None
    assert SoftPseudoLabels.shares is None


# Soft pseudo-labels.


class Watched(SoftPseudoLabels):
    """Keeps the soft labels of every epoch, and what the model answers to whole utterances."""

    def setup(self, task: Task) -> None:
        super().setup(task)
        self.labels: list[Tensor] = []
        self.answers: list[Tensor] = []

    def before_epoch(self, task: Task, epoch: int) -> None:
        self.answers.append(ModelPredictor(self.model).predict(task.target_unlabelled))
        super().before_epoch(task, epoch)
        self.labels.append(self._soft)


@pytest.mark.parametrize("track", ["finetune", "frozen"])
def test_soft_labels_are_answers_to_whole_utterances_anew_each_epoch(track: Any) -> None:
    method = Watched()
    method.fit(small_task(track))
    assert len(method.labels) == SHORT.epochs
    for given, answered in zip(method.labels, method.answers, strict=True):
        assert torch.equal(given, answered)
        assert not given.requires_grad
    for one, next_ in zip(method.labels, method.labels[1:], strict=False):
        assert not torch.equal(one, next_)


def soft_loss(method: SoftPseudoLabels, task: Task, step: Step, prior: Tensor) -> Tensor:
    """The paper's loss with soft labels, its draws in the method's order."""
    soft = ModelPredictor(method.model).predict(task.target_unlabelled)
    method.model.train()
    speech = torch.cat([step.labelled.speech, step.unlabelled.speech])
    answers = torch.cat([one_hot(step.labelled.emotion, 5).float(), soft[step.unlabelled.index]])
    torch.manual_seed(SEED)
    partner, a = torch.randperm(len(speech)), torch.rand(()).item()
    (logits,) = passed(method, a * speech + (1 - a) * speech[partner])
    wanted = a * answers + (1 - a) * answers[partner]
    cross = -(wanted * logits.log_softmax(dim=1)).sum(dim=1).mean()
    return cross + 0.8 * divergence_from_prior(logits, prior) + 0.4 * entropy(logits).mean()


def unbalanced(count: int, shift: float) -> Labelled:
    """`count` utterances of the first class, two of the third, and no other."""
    every = labelled("finetune", count, seed=8, shift=shift)
    kept = torch.where((every.emotion == 0) | (every.emotion == 2) & (torch.arange(5 * count) < 10))
    return Labelled(every.speech[kept[0]], every.emotion[kept[0]])


def test_the_soft_loss_is_that_of_the_paper_under_every_prior() -> None:
    parts = {"source": unbalanced(6, 0.0), "target_labelled": unbalanced(3, 0.3)}
    priors = {
        "uniform": torch.full((5,), 0.2),
        "source": torch.tensor([0.75, 0.0, 0.25, 0.0, 0.0]),
        "labelled": torch.tensor([0.6, 0.0, 0.4, 0.0, 0.0]),
    }
    losses = []
    for name, prior in priors.items():
        method = SoftPseudoLabels(prior=name)
        task = ready(method, **parts)
        step = step_of(method, task)
        losses.append(loss_of(method, step, SEED).item())
        assert losses[-1] == pytest.approx(soft_loss(method, task, step, prior).item(), rel=1e-4)
    assert len(set(losses)) == 3


def test_without_labelled_target_its_prior_is_uniform() -> None:
    losses = []
    for prior in ("labelled", "uniform"):
        method = SoftPseudoLabels(prior=prior)
        task = ready(method, target_labelled=nothing("finetune"))
        losses.append(loss_of(method, step_of(method, task), SEED).item())
    assert losses[0] == losses[1]


# NNPM.


def test_a_multilabel_is_what_is_similar_or_else_what_is_nearest() -> None:
    s = torch.tensor([[0.9, 0.61, 0.6, -1.0], [0.6, 0.2, 0.5, -0.3], [-0.9, -0.8, -0.1, -0.2]])
    expected = [[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]]
    assert pseudo_multilabels(s, similarity=0.6, neighbours=2).tolist() == expected
    everything = pseudo_multilabels(s, similarity=0.95, neighbours=10)
    assert everything.tolist() == [[1] * 4] * 3


def remembering(memory: list[list[float]], **settings: Any) -> NNPM:
    """NNPM whose embeddings are the speech, with this memory."""
    method = NNPM(**settings)
    method.model = echo(2)
    method._memory = MemoryBank(torch.tensor(memory), momentum=1.0)
    return method


ITEMS = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]


def multilabel_loss(method: NNPM, *unlabelled: list[float]) -> float:
    step = batch_of(torch.tensor([[0.0, 0.0]]), [0], [True], torch.tensor(unlabelled))
    return method.loss(step).item() - math.log(2)  # less the emotion loss of the undecided row


def test_an_utterance_is_pulled_to_its_multilabel_and_pushed_from_the_hardest_other() -> None:
    z = [0.5, math.sqrt(0.75)]  # cosines 0.5, 0.866 and -0.5, of any length
    expected = 5 * (1 - math.sqrt(0.75)) ** 2 + (1 + 0.5) ** 2
    for length in (1.0, 7.0):
        long = [length * x for x in z]
        assert multilabel_loss(remembering(ITEMS), long) == pytest.approx(expected, rel=1e-5)


def test_the_two_nearest_stand_in_where_nothing_is_similar() -> None:
    method = remembering(ITEMS, similarity=0.9, neighbours=2)
    z = [0.5, math.sqrt(0.75)]
    pull = ((1 - math.sqrt(0.75)) ** 2 + (1 - 0.5) ** 2) / 2
    expected = 5 * pull + (1 - 0.5) ** 2
    assert multilabel_loss(method, z) == pytest.approx(expected, rel=1e-5)


def test_nothing_pushes_where_every_item_is_in_the_multilabel() -> None:
    method = remembering(ITEMS, similarity=0.9, neighbours=10)
    z = [0.5, math.sqrt(0.75)]
    pull = ((1 - math.sqrt(0.75)) ** 2 + 0.5**2 + 1.5**2) / 3
    assert multilabel_loss(method, z) == pytest.approx(5 * pull, rel=1e-5)


def test_the_loss_is_a_mean_over_utterances_and_has_its_weight() -> None:
    one, other = [0.5, math.sqrt(0.75)], [1.0, 0.0]
    alone = [multilabel_loss(remembering(ITEMS), z) for z in (one, other)]
    assert multilabel_loss(remembering(ITEMS), one, other) == pytest.approx(
        sum(alone) / 2, rel=1e-5
    )
    method = remembering(ITEMS, weight=3.0)
    assert multilabel_loss(method, one) == pytest.approx(3 * alone[0], rel=1e-5)


def test_a_hundredth_of_the_items_pushes() -> None:
    # 200 items at cosine 0 and two more at 0.3 and 0.1: the two hardest push.
    items = [[0.0, 1.0]] * 198 + [[0.3, math.sqrt(1 - 0.09)], [0.1, math.sqrt(0.99)], [1.0, 0.0]]
    expected = (1.3**2 + 1.1**2) / 2
    assert multilabel_loss(remembering(items), [1.0, 0.0]) == pytest.approx(expected, rel=1e-4)


def test_the_memory_holds_the_source_and_is_visited_by_its_rows_alone() -> None:
    method = NNPM(momentum=0.5)
    task = ready(method)
    expected = normalize(embed(method.model.encoder, task.source.speech), dim=1)
    torch.testing.assert_close(method._memory.features, expected)
    method.model.train()
    step = step_of(method, task)
    z, _ = embedded(method, step.labelled.speech, step.unlabelled.speech)
    method.loss(step)
    source = ~step.labelled.target
    visited = step.labelled.index[source]
    moved = 0.5 * expected[visited] + 0.5 * normalize(z[source], dim=1)
    expected[visited] = normalize(moved, dim=1)
    torch.testing.assert_close(method._memory.features, expected, atol=1e-5, rtol=1e-4)
    assert not method._memory.features.requires_grad


def test_nnpm_without_unlabelled_speech_is_supervised() -> None:
    method = NNPM()
    step = without_unlabelled(step_of(method, ready(method)))
    torch.testing.assert_close(loss_of(method, step), emotion_loss(method, step))


# The triple attentive asymmetric network.


def trained(tau: float, **changes: Any) -> tuple[TripleAttentiveAsymmetric, Task]:
    """A trained network whose labelling heads are sure of something, and its task."""
    method = TripleAttentiveAsymmetric(tau=tau)
    task = small_task("frozen", **changes)
    method.fit(task)
    return method, task


def surest(method: TripleAttentiveAsymmetric, task: Task) -> tuple[list[int], Tensor]:
    """Utterances on which the heads agree with p >= tau, surest first; and the first's answers."""
    z = embed(method.model.encoder, task.target_unlabelled)
    with torch.no_grad():
        one, other = (head(z).softmax(dim=1) for head in (method.first, method.second))
    sure = {
        place: min(one[place].max(), other[place].max()).item()
        for place in range(len(z))
        if one[place].argmax() == other[place].argmax()
    }
    allowed = [place for place, p in sure.items() if p >= method.tau]
    return sorted(allowed, key=lambda place: -sure[place]), one.argmax(dim=1)


@pytest.mark.parametrize("tau", [0.5, 0.8])
@pytest.mark.parametrize("epoch", range(SHORT.epochs))
def test_those_are_admitted_on_whom_both_heads_are_surest(epoch: int, tau: float) -> None:
    method, task = trained(tau)
    allowed, answers = surest(method, task)
    most = math.ceil(30 * (epoch + 1) / SHORT.epochs)
    assert 0 < len(allowed) < 30
    method.before_epoch(task, epoch)
    admitted = method._admitted.nonzero()[:, 0].tolist()
    assert sorted(admitted) == sorted(allowed[:most])
    assert set(method._admitted.tolist()) <= {0.0, 1.0}
    assert torch.equal(method._pseudo, answers)


def test_the_number_admitted_grows_over_the_training() -> None:
    method, task = trained(tau=0.0)
    allowed, _ = surest(method, task)
    counts = []
    for epoch in range(SHORT.epochs):
        method.before_epoch(task, epoch)
        counts.append(int(method._admitted.sum()))
    assert counts == [min(most, len(allowed)) for most in (8, 15, 23, 30)]


def test_heads_that_disagree_admit_nobody() -> None:
    method, task = trained(tau=0.0)
    method.second.load_state_dict(method.first.state_dict())
    linear = method.second.linear
    linear.weight.data, linear.bias.data = linear.weight.roll(1, 0), linear.bias.roll(1, 0)
    method.before_epoch(task, SHORT.epochs - 1)
    assert method._admitted.count_nonzero() == 0


def test_the_losses_of_the_three_heads_their_difference_and_the_centres_add_up() -> None:
    method = TripleAttentiveAsymmetric(difference=0.2, centre=0.5)
    task = ready(method)
    step = step_of(method, task)
    method._pseudo = torch.arange(30) % 5
    method._admitted = (torch.arange(30) % 2).float()
    labelled, unlabelled = embedded(method, step.labelled.speech, step.unlabelled.speech)
    known, index = step.labelled.emotion, step.unlabelled.index
    assert 0 < method._admitted[index].sum() < len(index)
    with torch.no_grad():
        labelling = sum(cross_entropy(h(labelled), known) for h in (method.first, method.second))
        of_target = step.labelled.target
        admitted = method._admitted[index] == 1
        z = torch.cat([labelled[of_target], unlabelled[admitted]])
        answers = torch.cat([known[of_target], method._pseudo[index][admitted]])
        taught = cross_entropy(method.model.head(z), answers)
        one, other = method.first.linear.weight, method.second.linear.weight
        apart = sum((a @ b).abs() for a in one for b in other)
        spread = sum(
            (row - method.centres.weight[label]).square().sum()
            for row, label in zip(labelled, known, strict=True)
        )
    expected = labelling + taught + 0.2 * apart + 0.5 * spread / len(known)
    torch.testing.assert_close(loss_of(method, step), expected)


def test_the_third_head_is_taught_by_the_target_alone() -> None:
    method = TripleAttentiveAsymmetric()
    step = step_of(method, ready(method, target_labelled=nothing("finetune")))
    method._admitted.zero_()
    for name, gradient in gradients(method, step).items():
        if name.startswith("model.head"):
            assert gradient.count_nonzero() == 0, name
        else:
            assert gradient.abs().max() > 0 or "attention" in name, name


def test_the_third_head_stays_stage_ones_where_nobody_is_ever_admitted() -> None:
    method, task = trained(tau=1.1, target_labelled=nothing("frozen"))
    stage_one = train_source_model(task)
    head = {name: stage_one[f"head.{name}"] for name in ("weight", "bias")}
    assert same_weights(dict(method.model.head.linear.state_dict()), head)
    z = torch.randn(4, 256)
    plain = torch.nn.functional.linear(z, head["weight"], head["bias"])
    torch.testing.assert_close(method.model.head(z), plain)  # no attention yet


def test_attention_weighs_the_dimensions_of_an_embedding() -> None:
    method = TripleAttentiveAsymmetric()
    ready(method)
    head, z = method.first, torch.randn(3, 6)
    torch.testing.assert_close(head(z), head.linear(z))
    with torch.no_grad():
        head.attention.bias[:3] = 50.0
        head.attention.bias[3:] = -50.0
    attended = torch.cat([2 * z[:, :3], torch.zeros(3, 3)], dim=1)
    torch.testing.assert_close(head(z), head.linear(attended))


def test_the_third_head_predicts() -> None:
    task = small_task("frozen")
    method = TripleAttentiveAsymmetric()
    predictor = method.fit(task)
    speech = task.target_unlabelled
    with torch.no_grad():
        z = embed(method.model.encoder, speech)
        expected = method.model.head(z).softmax(dim=1)
    torch.testing.assert_close(predictor.predict(speech), expected)
    assert not torch.allclose(expected, method.first(z).softmax(dim=1), atol=1e-3)


def test_a_step_without_anybody_of_the_target_teaches_the_labelling_heads_alone() -> None:
    method = TripleAttentiveAsymmetric()
    step = step_of(method, ready(method))
    source = without_unlabelled(replace(step, labelled=replace(step.labelled, sources=30)))
    assert torch.isfinite(loss_of(method, source))
