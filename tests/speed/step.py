"""Where the time of a fine-tuning step goes, and how far it is from what the machine can do.

    python -m tests.speed.step

prints, for each precision that the hardware has: the time of a step (batch of 100 crops of 2 s,
1024 dimensions), the share of it spent in convolutions and matrix products, the arithmetic that
takes, and the machine's own peak, measured on a large matrix product.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from statistics import median

import torch
from tests.speed.material import CPU, surroundings
from torch.nn.functional import cross_entropy
from torch.profiler import ProfilerActivity, profile

from xlser.backbones import get_backbone
from xlser.runs.environment import has_bfloat16
from xlser.system.memory import keep_pages
from xlser.training.kernels import new_adam

BATCH, FRAMES, MELS, DIMENSION = 100, 200, 64, 1024
ARITHMETIC = {
    "aten::mkldnn_convolution",
    "aten::convolution_backward",
    "aten::mm",
    "aten::addmm",
    "aten::bmm",
}


def gigaflops_of_a_step() -> float:
    """Forward, and the gradients of weights and inputs; of the input speech there is none."""
    places = FRAMES * MELS
    first, second, third = (
        2 * 9 * i * 64 * p for i, p in ((1, places), (64, places // 4), (64, places // 16))
    )
    linear = [2 * FRAMES // 8 * a * b for a, b in ((512, DIMENSION), (DIMENSION, DIMENSION))]
    return BATCH * (2 * first + 3 * (second + third + sum(linear))) / 1e9


def a_step(bf16: bool) -> Callable[[], None]:
    """Return what takes one step."""
    torch.manual_seed(0)
    network = get_backbone(f"audiontt-{DIMENSION}")().train()
    head = torch.nn.Linear(DIMENSION, 5)
    optimiser = new_adam([*network.parameters(), *head.parameters()], 1e-3)
    frames, emotion = torch.randn(BATCH, FRAMES, MELS), torch.arange(BATCH) % 5

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16) if bf16 else nullcontext():
            loss = cross_entropy(head(network(frames)), emotion)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def seconds(work: Callable[[], object], rounds: int = 15) -> float:
    """Return the median of `rounds` after some that do not count."""
    took = []
    for _ in range(rounds + 5):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return median(took[5:])


def share_of_arithmetic(step: Callable[[], None], rounds: int = 20) -> float:
    """Return the share of the operators' time that convolutions and matrix products take."""
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as profiler:
        for _ in range(rounds):
            step()
    took = {event.key: event.self_cpu_time_total for event in profiler.key_averages()}
    return sum(took[name] for name in ARITHMETIC & took.keys()) / sum(took.values())


def peak(bf16: bool) -> float:
    """Return GFLOP/s of a product of two square matrices."""
    side = 2048
    matrix = torch.randn(side, side, dtype=torch.bfloat16 if bf16 else torch.float32)
    return 2 * side**3 / seconds(lambda: matrix @ matrix) / 1e9


def main() -> None:
    """Print a table."""
    keep_pages()
    print(surroundings().partition(";")[0], end="\n\n")
    print(
        "| precision | step | utterances/s | in arithmetic | arithmetic | matrix product's peak |"
    )
    print("|:--|--:|--:|--:|--:|--:|")
    for bf16 in [False, True][: 1 + has_bfloat16(CPU)]:
        step = a_step(bf16)
        took, top = seconds(step), peak(bf16)
        rate = gigaflops_of_a_step() / took
        print(
            f"| {'bf16' if bf16 else 'fp32'} | {1000 * took:.0f} ms | {BATCH / took:.0f} "
            f"| {share_of_arithmetic(step):.0%} | {rate:.0f} GFLOP/s, {rate / top:.0%} of the peak "
            f"| {top:.0f} GFLOP/s |"
        )


if __name__ == "__main__":
    main()
