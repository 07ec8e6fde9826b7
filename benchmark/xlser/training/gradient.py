"""Methods that are a loss: the shared loop does all the rest."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from xlser.backbones import Backbone
from xlser.errors import MethodError
from xlser.methods import Predictor, Standardisation, Task
from xlser.training.batches import Batches, Shares, Step
from xlser.training.best_epoch import BestEpoch
from xlser.training.kernels import new_adam
from xlser.training.model import EmotionModel, ModelPredictor, new_model
from xlser.training.seeding import derive, seeded
from xlser.training.twin import Twinned

Stage = Literal["source", "target"]

_STATISTICS = ("encoder.mean", "encoder.std")
"""Weights of the model that standardise embeddings (frozen track)."""


class GradientMethod(Twinned):
    """A method that minimises a loss over batches of crops.

    Training goes in the paper's two stages (Agarla et al. 2022, Figure 1): stage "source" trains
    the model on the source with cross-entropy and is shared by all methods; stage "target" starts
    from its weights with a fresh optimiser and minimises `loss` over all data. The model of the
    last epoch predicts; with `--set keep=best` that of the first epoch whose UA on the source's
    validation speech is highest.

    A method overrides `loss`, and `setup` if it holds more than the model: every module that it
    sets as an attribute there is trained with it, unless its parameters require no gradient. What
    is to be done between batches goes into `before_epoch` and `after_step`; what predicts, if not
    the model, comes from `predictor`.

    Its twin (`--set twin=true`) draws the same batches and minimises the same `loss`, from which
    the unlabelled utterances are taken away; `setup`, `before_epoch` and `predictor` get the task
    without them. A loss has to bear that `Step.unlabelled` is empty.

    On the frozen track the model standardises embeddings by the source. With another
    `standardisation` the task comes standardised (`Task.standardised`) to `setup`, `loss` and
    `predictor`, and so does speech to be recognised; stage "source" is then shared only where the
    source is standardised by itself ("language", one source language). A method that declares
    "language" standardises by the labelled target speech.

    Attributes:
        stages: which of the two it goes through.
        shares: what part of a batch comes from where; None: in proportion to size.
        keep: which epoch of stage "target" predicts; "best" also reports every epoch's scores to
            `Task.watch`.
        model: the emotion model in training, there from `setup` on.
    """

    stages: ClassVar[tuple[Stage, ...]] = ("source", "target")
    shares: ClassVar[Shares | None] = None
    standardisation: Standardisation | None = "source"
    keep: Literal["last", "best"] = "last"
    model: EmotionModel

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Ask for the shared model where the method goes through stage "source"."""
        super().__init_subclass__(**kwargs)
        cls.needs_source_model = "source" in cls.stages

    def setup(self, task: Task) -> None:
        """Make what the loss needs beside `self.model`."""

    def before_epoch(self, task: Task, epoch: int) -> None:
        """Do what is due before epoch 0, 1, ... of stage "target"."""

    def after_step(self) -> None:
        """Do what is due after each step of the optimiser."""

    def predictor(self, task: Task) -> Predictor:
        """Return what predicts, once trained: the model."""
        return ModelPredictor(self.model)

    def loss(self, step: Step) -> Tensor:
        """Return the loss of a batch, a scalar: cross-entropy of what is labelled (Eq. 1)."""
        return cross_entropy(self.model(step.labelled.speech), step.labelled.emotion)

    def fit(self, task: Task) -> Predictor:
        """Go through the stages and return the model of the last epoch."""
        if task.track == "frozen" and not self._model_standardises():
            standard = task.standardised(self.standardisation)
            shared = None
            if self.starts_from_source_model() and task.source.domain is None:
                shared = task.source_model
            own = replace(standard.task, source_model=shared)
            return standard.predictor(self._fit(own, standardised=True))
        return self._fit(task, standardised=False)

    def _model_standardises(self) -> bool:
        """Return whether the model holds the statistics, as all did before there was a choice."""
        if "source" in self.stages:
            return self.standardisation == "source"
        return self.standardisation == type(self).standardisation

    def _fit(self, task: Task, standardised: bool) -> Predictor:
        with seeded(task.seed, "target"):
            own = task.target_labelled.speech if self.standardisation == "language" else None
            shared = "source" in self.stages  # whose weights hold the statistics
            self.model = new_model(task, own, standardised or shared)
            if shared:
                weights = task.source_model or train_source_model(task, standardised)
                if standardised:  # the embeddings come so: the shared model's statistics are left
                    kept = self.model.state_dict()
                    weights = {**weights, **{name: kept[name] for name in _STATISTICS}}
                self.model.load_state_dict(weights)
            visible = self.visible(task)
            best = BestEpoch(lambda: self.predictor(visible), task)
            if "target" in self.stages:
                self.setup(visible)
                modules = [part for part in vars(self).values() if isinstance(part, nn.Module)]
                loss = self._twins_loss if self.twin else self.loss
                hooks = Hooks(lambda epoch: self.before_epoch(visible, epoch), self.after_step)
                if self.keep == "best":
                    hooks = replace(hooks, after_epoch=best.look)
                optimise(loss, modules, task, self.shares, "target", hooks)
            elif self.keep == "best":
                raise MethodError(
                    f'{self.name} has no stage "target", of which an epoch could be kept.',
                    "Leave keep=best out.",
                )
        return best.predictor or self.predictor(visible)

    def _twins_loss(self, step: Step) -> Tensor:
        return self.loss(step.without_unlabelled())


@dataclass(frozen=True)
class Hooks:
    """What is called between batches."""

    before_epoch: Callable[[int], None] = lambda epoch: None
    after_step: Callable[[], None] = lambda: None
    after_epoch: Callable[[], None] = lambda: None


def train_source_model(task: Task, standardised: bool = False) -> Mapping[str, Tensor]:
    """Return the weights of stage "source": cross-entropy on the source alone.

    They depend on the task's source, seed, schedule, backbone and precision, and on nothing else.

    Args:
        task: with the source.
        standardised: whether its embeddings come standardised.
    """
    with seeded(task.seed, "source"):
        model = new_model(task, standardised=standardised)

        def loss(step: Step) -> Tensor:
            return cross_entropy(model(step.labelled.speech), step.labelled.emotion)

        optimise(loss, [model], task, {"source": 1.0}, "source")
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def optimise(
    loss: Callable[[Step], Tensor],
    modules: Sequence[nn.Module],
    task: Task,
    shares: Shares | None,
    stage: Stage,
    hooks: Hooks = Hooks(),
) -> None:
    """Minimise `loss` with Adam over the task's schedule (Section 5.2.1).

    An encoder among the modules that states how it is tuned has learning rates of its own, which
    rise and fall in the course of the stage, and a limit on the gradient's norm.

    Args:
        loss: scalar of a step.
        modules: whose parameters are trained.
        task: labelled and unlabelled speech, schedule and seed.
        shares: of the parts of the task in a batch, see `Batches`.
        stage: "source" or "target"; the seed of the batches follows from it.
        hooks: called before epochs, after steps and after epochs.

    Raises:
        MethodError: the loss is not a finite scalar.
    """
    schedule = task.schedule
    generator = torch.Generator().manual_seed(derive(task.seed, stage, "batches"))
    batches = Batches(task, shares, generator)
    # As one list of modules, so that a parameter two of them share is trained once.
    trained = [p for p in nn.ModuleList(modules).parameters() if p.requires_grad]
    encoders = [part for module in modules for part in module.modules() if _is_tuned(part)]
    tuning = encoders[0].tuning if encoders else None
    optimiser = new_adam(
        trained, schedule.learning_rate, factors=_factors(encoders, schedule.learning_rate)
    )
    bf16 = task.precision == "bf16"
    arithmetic = torch.autocast(task.device.type, torch.bfloat16) if bf16 else nullcontext()
    for epoch in range(schedule.epochs):
        if epoch and epoch % schedule.decay_every == 0:
            optimiser.learning_rate *= schedule.decay
        hooks.before_epoch(epoch)
        for module in modules:
            if any(p.requires_grad for p in module.parameters()):  # a teacher stays as it is
                module.train()
        total = torch.zeros((), device=task.device)
        for batch in range(batches.steps):
            progress = (epoch + batch / batches.steps) / schedule.epochs
            step = batches.draw(progress)
            with arithmetic:
                value = _require_scalar(loss(step))
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            if tuning is not None:
                optimiser.learning_rate = schedule.learning_rate * tuning.rate(progress)
                if tuning.clip is not None:
                    nn.utils.clip_grad_norm_(trained, tuning.clip)
            optimiser.step()
            hooks.after_step()
            total += value.detach()
        _require_finite(total.item(), epoch)
        hooks.after_epoch()
        task.progress(epoch + 1, schedule.epochs)


def _is_tuned(part: nn.Module) -> TypeGuard[Backbone]:
    """Return whether a module is an encoder that is trained and states how."""
    trained = isinstance(part, Backbone) and part.tuning is not None
    return trained and any(p.requires_grad for p in part.parameters())


def _factors(encoders: Sequence[Backbone], learning_rate: float) -> dict[int, float]:
    """Return the factor on the schedule's learning rate of each parameter of encoders."""
    return {
        id(parameter): rate / learning_rate
        for encoder in encoders
        for group, rate in encoder.rates()
        for parameter in group
    }


def _require_scalar(loss: Tensor) -> Tensor:
    if not isinstance(loss, Tensor) or loss.dim():
        got = tuple(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
        raise MethodError(
            f"The loss is {got}, not a scalar tensor.", "Return its mean over the batch."
        )
    return loss


def _require_finite(loss: float, epoch: int) -> None:
    """Look once an epoch: a look at every step would hold up a GPU."""
    if not math.isfinite(loss):
        raise MethodError(
            f"The loss was {loss} in epoch {epoch + 1}.",
            "Look for a logarithm of zero, a mean over nothing, or too high a learning rate.",
        )
