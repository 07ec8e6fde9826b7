"""The fast loop computes what a plain one does: layer by layer, torch's Adam, the same batches."""

import torch
from tests.plain_loop import PlainModel, train
from torch import Tensor
from torch.nn.functional import cross_entropy

from xlser.backbones.audiontt import AudioNTT512
from xlser.methods import Labelled, Speech, Task
from xlser.protocols import Schedule
from xlser.training.batches import Batches, Step
from xlser.training.gradient import optimise
from xlser.training.model import new_model
from xlser.training.seeding import derive, seeded

STEPS = 50


def a_task(learning_rate: float) -> Task:
    torch.manual_seed(0)
    lengths = torch.randint(40, 160, (50,))
    # Neighbouring frames and bands are alike, as in speech.
    frames = torch.randn(int(lengths.sum()), 64).cumsum(dim=0).cumsum(dim=1)
    frames = ((frames - frames.mean(dim=1, keepdim=True)) / frames.std(dim=1, keepdim=True)).half()
    labelled = Labelled(Speech(frames, lengths), torch.arange(50) % 5)
    nothing = torch.arange(0)
    none = Labelled(labelled.speech[nothing], labelled.emotion[nothing])
    return Task(
        source=labelled,
        source_validation=none,
        target_labelled=none,
        target_unlabelled=none.speech,
        classes=("anger", "fear", "happiness", "neutral", "sadness"),
        seed=0,
        device=torch.device("cpu"),
        track="finetune",
        schedule=Schedule(epochs=10, batch=10, learning_rate=learning_rate, crop=96),
        backbone=AudioNTT512,
    )


def ours(task: Task, dtype: torch.dtype) -> list[float]:
    losses = []

    def loss(step: Step) -> Tensor:
        value = cross_entropy(model(step.labelled.speech.to(dtype)), step.labelled.emotion)
        losses.append(value.item())
        return value

    with seeded(0, "a test"):
        model = new_model(task).to(dtype)
        optimise(loss, [model], task, {"source": 1.0}, "source")
    return losses


def plain(task: Task, dtype: torch.dtype) -> list[float]:
    batches = Batches(
        task, {"source": 1.0}, torch.Generator().manual_seed(derive(task.seed, "source", "batches"))
    )
    steps = [batches.draw(0.0).labelled for _ in range(STEPS)]
    model = PlainModel(AudioNTT512.dimension)
    with seeded(0, "a test"):  # from here on the same draws, for dropout
        start = new_model(task)
        model.load_state_dict(start.state_dict())
        model.to(dtype)
        optimiser = torch.optim.Adam(model.parameters(), lr=task.schedule.learning_rate)
        return train(model, ((step.speech.to(dtype), step.emotion) for step in steps), optimiser)


def test_every_loss_of_the_first_fifty_steps_is_that_of_a_plain_loop() -> None:
    """In float64: float32's rounding grows from step to step, in tests/real it is looked at."""
    task = a_task(learning_rate=1e-3)
    a, b = ours(task, torch.float64), plain(task, torch.float64)
    assert len(a) == len(b) == STEPS
    assert a[0] > a[-1]
    assert max(abs(x - y) for x, y in zip(a, b, strict=True)) < 1e-6
