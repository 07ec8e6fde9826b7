import pytest
import torch
from torch import Tensor, nn

from xlser.training import MeanTeacher


class Scale(nn.Module):
    """One weight, and one buffer."""

    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(8.0))
        self.register_buffer("count", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x


def follows(decay: float, weights: list[float]) -> list[float]:
    """Return the teacher's weight after each of the student's."""
    student = Scale()
    teacher, followed = MeanTeacher(student, decay), []
    for step, weight in enumerate(weights, start=1):
        student.weight.data.fill_(weight)
        student.count += step
        teacher.follow()
        followed.append(teacher.network.weight.item())
        assert teacher.network.count == student.count
    return followed


def test_a_teacher_begins_as_its_student() -> None:
    student = Scale()
    teacher = MeanTeacher(student, 0.9)
    assert teacher(torch.tensor(2.0)).item() == 16.0


def test_the_first_steps_are_a_plain_mean_that_forgets_the_beginning() -> None:
    assert follows(0.999, [1.0, 3.0, 5.0, 7.0]) == pytest.approx([1.0, 2.0, 3.0, 4.0])


def test_later_steps_are_a_moving_average() -> None:
    # decay 0, then 1/2, then 0.6 where a plain mean would have 2/3.
    second, third = 2.0, 0.6 * 2.0 + 0.4 * 10.0
    fourth = 0.6 * third + 0.4 * 0.0
    assert follows(0.6, [1.0, 3.0, 10.0, 0.0]) == pytest.approx([1.0, second, third, fourth])


def test_a_teacher_is_a_network_of_its_own() -> None:
    student = Scale()
    teacher = MeanTeacher(student, 0.9)
    student.weight.data.fill_(1.0)
    assert teacher.network.weight.item() == 8.0
    teacher.follow()
    student.weight.data.fill_(2.0)
    assert teacher.network.weight.item() == 1.0


def test_a_teacher_has_no_gradient_and_gives_none() -> None:
    student = Scale()
    teacher = MeanTeacher(student, 0.9)
    speech = torch.ones(3, requires_grad=True)
    assert not teacher(speech).requires_grad
    assert not any(p.requires_grad for p in teacher.network.parameters())
    student(speech).sum().backward()
    teacher.follow()
    assert student.weight.requires_grad
    assert student.weight.grad.item() == 3.0
    assert teacher.network.weight.grad is None


def test_a_teacher_evaluates_while_its_student_trains() -> None:
    student = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).train()
    teacher = MeanTeacher(student, 0.9)
    x = torch.randn(6, 4)
    torch.testing.assert_close(teacher(x)[:2], teacher(x[:2]))
    assert student.training
    assert not any(module.training for module in teacher.network.modules())
    student(5 + x)
    teacher.follow()
    assert torch.equal(teacher.network[1].running_mean, student[1].running_mean)
    assert teacher.network[1].num_batches_tracked == 1
