"""GAN adaptation: two encoders and a critic with a gradient penalty."""

from copy import deepcopy

import torch
from tests.baselines.steps import emotion_loss, loss_of, ready, step_of, without_unlabelled
from tests.tasks import labelled, nothing, same_weights, small_task, unheard
from torch.nn.functional import cross_entropy, normalize

from xlser.training import Step, embed, gradient_penalty
from xlser_baselines.gan_adaptation import GANAdaptation


def test_gan_adaptation_trains_both_encoders_from_the_same_weights() -> None:
    task = small_task("frozen")
    method = GANAdaptation()
    ready(method, "frozen")
    assert same_weights(method.source_encoder.state_dict(), method.model.encoder.state_dict())
    assert method.source_encoder is not method.model.encoder
    before = {k: v.clone() for k, v in method.model.encoder.state_dict().items()}
    method.fit(task)
    source, target = method.source_encoder.state_dict(), method.model.encoder.state_dict()
    weights = ("layers.0.weight", "layers.0.bias")
    for one, other in ((source, target), (source, before), (target, before)):
        assert not any(torch.equal(one[name], other[name]) for name in weights)


def test_the_target_encoder_predicts() -> None:
    task = small_task("frozen")
    method = GANAdaptation()
    predictor, speech = method.fit(task), unheard("frozen").speech
    with torch.no_grad():
        expected = method.model.head(embed(method.model.encoder, speech)).softmax(dim=1)
    torch.testing.assert_close(predictor.predict(speech), expected)


def adversarial_part(method: GANAdaptation, step: Step) -> float:
    """What the encoders are to lower beside the emotion loss."""
    indifferent = deepcopy(method)
    indifferent.weight = 0.0
    return (loss_of(method, step) - loss_of(indifferent, step)).item()


def test_a_critic_learns_to_see_a_distance_that_the_encoders_are_to_lower() -> None:
    method = GANAdaptation(critic_steps=5, penalty=10.0)
    task = ready(method, "frozen", target_unlabelled=labelled("frozen", 6, 4, shift=4.0).speech)
    step = step_of(method, task)
    for _ in range(20):
        method.loss(step)
    seen = adversarial_part(method, step)
    assert seen > 0.2
    # Down the gradient of the loss the distance shrinks, and on either side.
    method.critic_steps = 0
    for encoder in (method.source_encoder, method.model.encoder):
        optimiser = torch.optim.SGD(encoder.parameters(), lr=0.1)
        optimiser.zero_grad()
        method.loss(step).backward()
        optimiser.step()
        now = adversarial_part(method, step)
        assert now < seen
        seen = now


def steepness(penalty: float) -> float:
    """How far a critic's slope is from one after a hundred lessons on two sets apart."""
    method = GANAdaptation(penalty=penalty, critic_steps=100)
    apart = labelled("frozen", 6, 4, shift=4.0).speech
    task = ready(method, "frozen", target_unlabelled=apart, target_labelled=nothing("frozen"))
    method.model.encoder.eval(), method.source_encoder.eval()
    step = step_of(method, task)
    method.loss(step)
    source = method.source_encoder(step.labelled.speech)
    target = method.model.embed(step.unlabelled.speech)
    sets = (normalize(z.detach(), dim=1) for z in (source, target))
    return gradient_penalty(method._critic, *sets).item()


def test_the_penalty_holds_the_critics_slope_near_one() -> None:
    assert steepness(penalty=10.0) < 0.3
    assert steepness(penalty=0.0) > 3


def test_source_rows_pass_the_source_encoder_and_labelled_target_rows_the_targets() -> None:
    method = GANAdaptation(weight=0.0)
    step = step_of(method, ready(method, "frozen"))
    method.model.encoder.eval(), method.source_encoder.eval()
    with torch.no_grad():
        method.source_encoder.layers[0].weight.zero_()
        of_target = step.labelled.target
        z = torch.where(
            of_target[:, None],
            method.model.encoder(step.labelled.speech),
            method.source_encoder(step.labelled.speech),
        )
        expected = cross_entropy(method.model.head(z), step.labelled.emotion)
    torch.testing.assert_close(loss_of(method, step), expected)


def test_gan_adaptation_without_a_target_is_supervised() -> None:
    method = GANAdaptation()
    step = without_unlabelled(step_of(method, ready(method, target_labelled=nothing("finetune"))))
    assert not step.labelled.target.any()
    torch.testing.assert_close(loss_of(method, step), emotion_loss(method, step))
