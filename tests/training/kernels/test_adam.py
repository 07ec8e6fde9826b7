import subprocess
import sys

import pytest
import torch
from torch import Tensor

from xlser.training.kernels.adam import Adam

SHAPES = [(33, 17), (17,), (5, 17), ()]
DTYPES = [torch.float32, torch.float32, torch.float32, torch.float64]
BETAS = (0.5, 0.9)


def parameters() -> list[Tensor]:
    random = torch.Generator().manual_seed(0)
    return [
        torch.randn(shape, generator=random).to(dtype).requires_grad_(True)
        for shape, dtype in zip(SHAPES, DTYPES, strict=True)
    ]


@pytest.mark.filterwarnings("ignore:.*lr_scheduler")
def test_it_is_torchs_fused_adam_to_the_bit() -> None:
    ours, theirs = parameters(), parameters()
    adam = Adam(ours, 1e-2, BETAS)
    reference = torch.optim.Adam(theirs, lr=1e-2, betas=BETAS, fused=True)
    decay = torch.optim.lr_scheduler.StepLR(reference, 3, 0.95)
    random = torch.Generator().manual_seed(1)
    for step in range(1, 13):
        adam.zero_grad()
        reference.zero_grad()
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if i != step % 5:  # some have no gradient now and then
                one.grad = torch.randn(one.shape, generator=random).to(one.dtype) / step
                other.grad = one.grad.clone()
        adam.step()
        reference.step()
        decay.step()
        if step % 3 == 0:
            adam.learning_rate *= 0.95
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_without_any_gradient_nothing_moves() -> None:
    ours, before = parameters(), parameters()
    Adam(ours, 1e-2).step()
    assert all(torch.equal(one, other) for one, other in zip(ours, before, strict=True))


def test_training_does_without_torchs_compiler() -> None:
    code = """
import sys
from tests.tasks import small_task
from xlser.methods import get_method
get_method("gan-adaptation")().fit(small_task("frozen"))
print([name for name in ("torch._dynamo", "datasets", "sklearn", "torchaudio", "pandas")
       if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
