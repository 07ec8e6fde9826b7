from collections.abc import Callable

import pytest
import torch
from tests.tasks import labelled, small_task
from torch import Tensor, nn

from xlser.backbones import get_backbone
from xlser.methods import Task, floored
from xlser.training import DomainStatistics, EmotionModel, new_model


def frozen_case() -> tuple[Task, EmotionModel]:
    """A frozen task whose target lies elsewhere and is spread otherwise than its source."""
    task = small_task("frozen", source=labelled("frozen", 8, seed=1, shift=4.0))
    task.target_unlabelled.features.mul_(3)
    torch.manual_seed(0)
    return task, new_model(task).eval()


def test_source_embeddings_are_standardised_by_the_source() -> None:
    task, model = frozen_case()
    source = task.source.speech.features
    expected = model.embed(source)
    torch.testing.assert_close(
        DomainStatistics(model, task).embed_source(source), expected, atol=1e-4, rtol=1e-4
    )


def test_target_embeddings_are_standardised_by_all_target_speech() -> None:
    task, model = frozen_case()
    target = torch.cat([task.target_labelled.speech.features, task.target_unlabelled.features])
    expected = model.encoder.layers((target - target.mean(dim=0)) / floored(target.std(dim=0)))
    embedded = DomainStatistics(model, task).embed_target(target)
    torch.testing.assert_close(embedded, expected)
    torch.testing.assert_close(model.embed(target), expected)  # they are what predicts, too


def test_statistics_are_the_targets_in_the_model_and_weights_stay() -> None:
    task, model = frozen_case()
    before = {name: p.clone() for name, p in model.named_parameters()}
    DomainStatistics(model, task)
    target = torch.cat([task.target_labelled.speech.features, task.target_unlabelled.features])
    torch.testing.assert_close(model.encoder.mean, target.mean(dim=0))
    torch.testing.assert_close(model.encoder.std, floored(target.std(dim=0)))
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


def finetune_case() -> tuple[EmotionModel, DomainStatistics, Tensor]:
    """A backbone with batch norm, in training, and a batch of crops."""
    task = small_task("finetune", backbone=get_backbone("audiontt-512"))
    torch.manual_seed(0)
    model = new_model(task).train()
    return model, DomainStatistics(model, task), torch.randn(4, 16, 64)


def norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    found = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(found) == 3
    return found


def running(model: nn.Module) -> Tensor:
    return torch.cat([torch.cat([n.running_mean, n.running_var]) for n in norms(model)]).clone()


def test_source_crops_leave_the_running_statistics_untouched() -> None:
    model, statistics, crops = finetune_case()
    before = running(model)
    statistics.embed_source(crops)
    assert torch.equal(running(model), before)


def test_target_crops_move_the_running_statistics() -> None:
    model, statistics, crops = finetune_case()
    before = running(model)
    statistics.embed_source(crops)
    statistics.embed_target(3 + crops)
    assert not torch.equal(running(model), before)
    first = model.encoder.features[:2]
    into_first_norm = first[0]((3 + crops).transpose(1, 2).unsqueeze(1))
    expected = 0.1 * into_first_norm.mean(dim=(0, 2, 3))
    torch.testing.assert_close(first[1].running_mean, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("side", ["embed_source", "embed_target"])
def test_each_side_is_normalised_by_its_own_batch(side: str) -> None:
    _, statistics, crops = finetune_case()
    embed: Callable[[Tensor], Tensor] = getattr(statistics, side)
    torch.manual_seed(1)
    one = embed(crops)
    torch.manual_seed(1)
    other = embed(5 * crops)  # what scales a whole batch is normalised away, but for the biases
    assert (one - other).abs().mean() < 0.3 * one.abs().mean()


def test_source_crops_pass_their_gradient_on() -> None:
    model, statistics, crops = finetune_case()
    statistics.embed_source(crops).sum().backward()
    assert all(p.grad is not None for p in model.encoder.parameters())


def test_momentum_is_as_before_after_each_source_batch() -> None:
    model, statistics, crops = finetune_case()
    for momentum, norm in zip((0.1, 0.3, None), norms(model), strict=True):
        norm.momentum = momentum
    statistics.embed_source(crops)
    assert [norm.momentum for norm in norms(model)] == [0.1, 0.3, None]


def test_momentum_is_as_before_after_a_source_batch_that_fails() -> None:
    model, statistics, crops = finetune_case()
    with pytest.raises(RuntimeError):
        statistics.embed_source(crops[..., :7])
    assert [norm.momentum for norm in norms(model)] == [0.1] * 3
