"""The weighted sum of layers: what it is, and that methods train it."""

import torch
from tests.tasks import DIMENSION, small_task

from xlser.methods import Labelled, Speech
from xlser.training import EmotionModel, GradientMethod, WeightedLayers, new_model


def test_it_is_the_sum_weighted_by_the_softmax_of_the_scores() -> None:
    layers = WeightedLayers(3)
    states = torch.randn(4, 3, 5)
    torch.testing.assert_close(layers(states.flatten(1)), states.mean(dim=1))
    with torch.no_grad():
        layers.scores.copy_(torch.tensor([1.0, 2.0, 0.5]))
    weights = torch.tensor([1.0, 2.0, 0.5]).exp()
    expected = (weights[:, None] * states).sum(dim=1) / weights.sum()
    torch.testing.assert_close(layers(states.flatten(1)), expected)


class Plain(GradientMethod):
    """Cross-entropy on the source."""

    name, target_labels, citation = "plain", "none", "none"
    stages = ("source",)


def test_training_finds_the_layer_that_tells_emotions_apart() -> None:
    """Of two layers, the second is noise."""
    task = small_task("frozen", stacked=2)
    generator = torch.Generator().manual_seed(0)

    def stacked(part: Labelled) -> Labelled:
        features = part.speech.features
        noise = torch.randn(features.shape, generator=generator)
        return Labelled(
            Speech(torch.cat([features, noise], dim=1), part.speech.lengths), part.emotion
        )

    task = small_task("frozen", stacked=2, source=stacked(task.source))
    method = Plain()
    method.fit(task)
    model: EmotionModel = method.model
    scores = model.encoder.sum.scores
    assert model.encoder.layers[0].in_features == DIMENSION
    assert scores[0] > scores[1]


def test_one_layer_needs_none() -> None:
    names = [name for name, _ in new_model(small_task("frozen")).named_parameters()]
    assert not [name for name in names if "scores" in name]


def test_a_backbone_that_stacks_layers_is_summed_up_on_the_fine_tune_track() -> None:
    model = new_model(small_task("finetune", stacked=4))
    assert model.dimension == 8 // 4
    assert model.encoder.sum.scores.requires_grad
    assert model(torch.randn(3, 20, 64)).shape == (3, 5)
