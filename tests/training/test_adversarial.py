import math
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from tests.training.numerics import gradient, slopes
from torch import Tensor, nn

from xlser.training import (
    Critic,
    DomainHead,
    adaptation_rate,
    gradient_penalty,
    reverse_gradient,
)

PROGRESS = [0.0, 0.1, 0.5, 1.0]


def test_reversal_changes_no_value() -> None:
    x = torch.randn(4, 3)
    assert torch.equal(reverse_gradient(x, 0.7), x)


@pytest.mark.parametrize("scale", [0.0, 0.25, 1.0, 3.0])
def test_a_reversed_gradient_has_the_opposite_sign_and_the_stated_scale(scale: float) -> None:
    slope = torch.randn(4, 3)
    reversed_ = gradient(lambda x: (slope * reverse_gradient(x, scale)).sum(), torch.randn(4, 3))
    torch.testing.assert_close(reversed_, -scale * slope)


@pytest.mark.parametrize(
    ("progress", "rate"), [(0.0, 0.0), (0.1, math.tanh(0.5)), (1.0, 2 / (1 + math.exp(-10)) - 1)]
)
def test_adaptation_rate_is_that_of_ganin(progress: float, rate: float) -> None:
    assert adaptation_rate(progress) == pytest.approx(rate, abs=1e-12)


def test_adaptation_rate_grows_all_along() -> None:
    rates = [adaptation_rate(step / 100) for step in range(101)]
    assert all(one < next_ for one, next_ in pairwise(rates))
    assert 0 == rates[0] < rates[-1] < 1


def domain_case() -> tuple[DomainHead, Tensor, Tensor]:
    """A head, features of 6 rows, and whether each is of the target."""
    torch.manual_seed(0)
    target = torch.tensor([False, True, True, False, True, False])
    return DomainHead(5), torch.randn(6, 5), target


def plain_loss(
    head: DomainHead, features: Tensor, target: Tensor, weight: Tensor | None = None
) -> Tensor:
    """Binary cross-entropy written out, without any reversal."""
    p = torch.sigmoid(head(features))
    each = -torch.where(target, p.log(), (1 - p).log())
    return (each * (1 if weight is None else weight)).mean()


def test_a_domain_head_has_three_layers_with_batch_norm_between_them() -> None:
    head = DomainHead(5)
    shapes = [tuple(p.shape) for p in head.parameters()]
    norms = [(256,), (256,)]
    first, second = [(256, 5), (256,)], [(256, 256), (256,)]
    assert shapes == [*first, *norms, *second, *norms, (1, 256), (1,)]
    assert sum(isinstance(layer, nn.BatchNorm1d) for layer in head.modules()) == 2
    assert head(torch.randn(7, 5)).shape == (7,)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("progress", PROGRESS)
def test_the_adversarial_loss_is_the_cross_entropy_of_the_domains(
    progress: float, weighted: bool
) -> None:
    head, features, target = domain_case()
    weight = torch.tensor([0.0, 1.0, 2.0, 0.5, 1.5, 3.0]) if weighted else None
    loss = head.adversarial_loss(features, target, progress, weight)
    torch.testing.assert_close(loss, plain_loss(head, features, target, weight))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("progress", PROGRESS)
def test_features_get_the_gradient_of_the_cross_entropy_times_minus_the_rate(
    progress: float, weighted: bool
) -> None:
    head, features, target = domain_case()
    weight = torch.tensor([0.0, 1.0, 2.0, 0.5, 1.5, 3.0]) if weighted else None
    plain = gradient(lambda z: plain_loss(head, z, target, weight), features)
    assert plain.abs().max() > 1e-4
    torch.testing.assert_close(
        gradient(lambda z: head.adversarial_loss(z, target, progress, weight), features),
        -adaptation_rate(progress) * plain,
    )


@pytest.mark.parametrize("progress", PROGRESS)
def test_a_domain_heads_own_weights_learn_to_tell_the_domains(progress: float) -> None:
    head, features, target = domain_case()
    ours = torch.autograd.grad(
        head.adversarial_loss(features, target, progress), [*head.parameters()]
    )
    plain = torch.autograd.grad(plain_loss(head, features, target), [*head.parameters()])
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other)
    assert all(one.abs().max() > 0 for one in (ours[0], ours[-1]))


def test_a_sure_and_wrong_domain_head_has_a_finite_loss() -> None:
    head, features, target = domain_case()
    head.layers[-1].bias.data.fill_(1e4)
    assert torch.isfinite(head.adversarial_loss(features, target, 0.5))


def new_critic(outputs: int = 1) -> Critic:
    torch.manual_seed(0)
    return Critic(4, outputs, learning_rate=1e-3, device=torch.device("cpu"))


def test_a_loss_over_a_critics_answers_moves_the_features_alone() -> None:
    critic = new_critic(outputs=3)
    features = torch.randn(5, 4, requires_grad=True)
    answers = critic(features)
    assert answers.shape == (5, 3)
    answers.sum().backward()
    assert (features.grad != 0).any(dim=1).all()
    assert not critic(features.detach()).requires_grad


def test_a_critic_learns_down_its_loss_and_touches_nothing_else() -> None:
    critic = new_critic()
    features = torch.randn(5, 4, requires_grad=True)
    before = critic(features).mean().item()
    for _ in range(5):
        critic.learn(lambda: critic(features.detach()).mean())
        now = critic(features).mean().item()
        assert now < before
        before = now
    assert features.grad is None
    assert not critic(features.detach()).requires_grad


def test_a_critic_takes_one_step_a_lesson() -> None:
    # Adam's first step moves every weight that has a gradient by the learning rate.
    critic = new_critic()
    zero = torch.zeros(1, 4)
    bias_of_the_output = critic(zero).item()
    critic.learn(lambda: critic(zero).sum())
    moved = bias_of_the_output - critic(zero).item()
    # The output's bias alone moves the answer by 1e-3, each hidden unit that is on by some more.
    assert 1e-3 < moved < 0.2
    calls = []
    critic.learn(lambda: calls.append(1) or critic(zero).sum())
    assert calls == [1]


def test_a_critic_begins_every_lesson_with_a_clean_slate() -> None:
    # Up again after down: gradients left from the first lesson would cancel the second's.
    critic, x = new_critic(), torch.randn(6, 4)
    critic.learn(lambda: critic(x).mean())
    lowered = critic(x).mean().item()
    critic.learn(lambda: -critic(x).mean())
    assert critic(x).mean().item() > lowered


def test_what_a_critic_answers_has_no_batch_in_it() -> None:
    critic, x = new_critic(), torch.randn(6, 4)
    torch.testing.assert_close(critic(x)[:2], critic(x[:2]))


class By:
    """What has the slope of a function, by torch's gradient of it."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self._function = function

    def slope(self, features: Tensor) -> Tensor:
        x = features.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self._function(x).sum(), x, create_graph=True)
        return slope


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_critics_slope_and_what_it_learns_from_it_are_torchs_to_the_bit(outputs: int) -> None:
    critic, features = new_critic(outputs), torch.randn(50, 4)
    critic._learns(True)
    weights = [layer.weight for layer in critic._network if isinstance(layer, nn.Linear)]
    slopes_, learnt = [], []
    for each in (critic, By(critic)):
        slope = each.slope(features)
        slopes_.append(slope)
        learnt.append(torch.autograd.grad((slope.norm(dim=1) - 1).square().mean(), weights))
    assert torch.equal(*slopes_)
    assert slopes_[0].abs().sum() > 0
    for mine, torchs in zip(*learnt, strict=True):
        assert torch.equal(mine, torchs)


@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 4.0])
def test_the_penalty_of_a_linear_critic_is_how_far_its_slope_is_from_one(norm: float) -> None:
    w = norm * nn.functional.normalize(torch.randn(4), dim=0)
    penalty = gradient_penalty(By(lambda x: x @ w[:, None]), torch.randn(9, 4), torch.randn(9, 4))
    assert penalty.item() == pytest.approx((norm - 1) ** 2, abs=1e-5)


def test_the_penalty_is_taken_between_the_two_sets() -> None:
    # The slope of |x|^2 / 2 is x: at one set its norm would be 2, at the other 4.
    direction = torch.tensor([[0.6, 0.8]]).expand(4000, 2)
    torch.manual_seed(0)
    penalty = gradient_penalty(
        By(lambda x: x.square().sum(dim=1, keepdim=True) / 2), 2 * direction, 4 * direction
    )
    # With |x| uniform on [2, 4]: the mean of (|x| - 1)^2 is (27 - 1) / 3 / 2.
    assert penalty.item() == pytest.approx(13 / 3, rel=0.02)


def test_each_pair_has_a_place_of_its_own_between_the_sets() -> None:
    seen: list[Tensor] = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.square().sum(dim=1, keepdim=True)

    gradient_penalty(By(critic), torch.zeros(50, 3), torch.ones(50, 3))
    (between,) = seen
    assert len(between[:, 0].unique()) == 50
    assert torch.equal(between[:, 0], between[:, 2])
    assert ((between > 0) & (between < 1)).all()


def test_the_penaltys_gradient_reaches_a_critics_weights() -> None:
    w = torch.tensor([3.0, 4.0])
    slope = gradient(
        lambda w: gradient_penalty(
            By(lambda x: x @ w[:, None]), torch.randn(5, 2), torch.randn(5, 2)
        ),
        w,
    )
    torch.testing.assert_close(slope, 2 * (5 - 1) * w / 5)


def test_the_penaltys_gradient_is_its_slope() -> None:
    one, other = torch.randn(6, 3, dtype=torch.float64), torch.randn(6, 3, dtype=torch.float64)

    def penalty(weights: Tensor) -> Tensor:
        torch.manual_seed(3)
        hidden, last = weights[:, :3], weights[:, 3:]
        return gradient_penalty(By(lambda x: torch.tanh(x @ hidden.T) @ last), one, other)

    weights = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(gradient(penalty, weights), slopes(penalty, weights, step=1e-5))


def test_a_critics_penalty_makes_it_learn() -> None:
    critic = new_critic()
    one, other = torch.randn(64, 4), torch.randn(64, 4)
    before = gradient_penalty(critic, one, other).item()
    for _ in range(30):
        critic.learn(lambda: gradient_penalty(critic, one, other))
    assert gradient_penalty(critic, one, other).item() < 0.5 * before


def test_in_bfloat16_every_lesson_sees_the_weights_the_last_one_left() -> None:
    critic = Critic(4, 1, learning_rate=1e-2, device=torch.device("cpu"))
    x = torch.randn(16, 4)
    seen: list[float] = []

    def lesson() -> torch.Tensor:
        answer = critic(x).float().mean()
        seen.append(answer.item())
        return answer

    with torch.autocast("cpu", torch.bfloat16):
        for _ in range(5):
            critic.learn(lesson)
    assert all(later < earlier for earlier, later in pairwise(seen))
