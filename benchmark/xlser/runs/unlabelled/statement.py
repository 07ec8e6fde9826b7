"""What becomes of unlabelled speech in a run: pseudo-labels and source model against the truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from xlser.errors import MethodError
from xlser.methods import Task
from xlser.records.unlabelled import Calibration, PseudoLabelling, UnlabelledSpeech
from xlser.runs.inputs import Inputs
from xlser.runs.inputs.tensors import load_tensors, save_tensors
from xlser.runs.plan import Run
from xlser.runs.source_models import SourceModel
from xlser.runs.task import source_seed, unlabelled_ids
from xlser.system.files import digest_json
from xlser.training import ModelPredictor, new_model, seeded


def unlabelled_speech(
    run: Run, inputs: Inputs, task: Task, model: SourceModel | None, sums: Tensor | None
) -> UnlabelledSpeech | None:
    """Return what a record states of unlabelled speech; None where there is nothing to state.

    Args:
        run: whose scenario knows the true classes.
        inputs: of its track.
        task: that its method was handed.
        model: source model that the method started from, if it did.
        sums: reported pseudo-labels, as `Tally.sums` returns them.
    """
    ids = run.scenario.target_unlabelled
    as_it_is = run.method.standardisation in (None, "source")
    if not ids or (sums is None and (model is None or not as_it_is)):
        return None
    stated: dict[str, Any] = {}
    if sums is not None:
        _require_sound(run, sums)
        truth = _truth(run, unlabelled_ids(run, inputs))
        stated["pseudo_labels"] = PseudoLabelling.of(sums.numpy(), truth)
    if model is not None and as_it_is:
        train = sorted({*ids, *run.scenario.target_labelled})
        of_target, of_validation = _answers(run, inputs, task, model, train)
        place = {id_: i for i, id_ in enumerate(train)}
        own = of_target[[place[id_] for id_ in ids]]
        stated["source_model"] = Calibration.of(own, _truth(run, ids))
        if validation := run.scenario.source_validation:
            known = Calibration.of(of_validation, _truth(run, validation))
            stated["source_model_validation"] = known
    return UnlabelledSpeech(utterances=len(ids), **stated)


def _require_sound(run: Run, sums: Tensor) -> None:
    """Refuse weights that are none."""
    answers, weights = sums
    if not ((weights >= 0) & (weights <= answers * 1.001)).all():  # of NaN neither holds
        raise MethodError(
            f"{run.method.name} reported pseudo-labels with weights that are not between 0 and 1.",
            "Report weights between 0 and 1, where 1 counts in full.",
        )


def _truth(run: Run, ids: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.array([run.scenario.emotion[id_] for id_ in ids], dtype=np.int64)


def _answers(
    run: Run, inputs: Inputs, task: Task, model: SourceModel, train: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the source model's answers to the target's train speech and to source validation.

    They are kept in the cache beside the model: methods and label budgets share them.

    Returns:
        Each of shape (utterances, classes), in the order of `train` and of the scenario.
    """
    validation = run.scenario.source_validation
    digest = digest_json([train, validation, dict(inputs.catalogue.content)])[:16]
    path = model.path.with_name(f"{model.path.stem}-answers-{digest}.safetensors")
    known = load_tensors(path)
    if known is None:
        with seeded(source_seed(run), "source"):
            network = new_model(task, standardised=True)  # the weights hold the statistics
        network.load_state_dict(model.weights)
        predictor, device = ModelPredictor(network), task.device
        found = {
            "target": predictor.predict(inputs.speech(train).to(device)),
            "validation": predictor.predict(task.source_validation.speech),
        }
        save_tensors(path, found)
    else:
        found, _ = known
    target, of_validation = (
        found[name].cpu().numpy().astype(np.float64) for name in ("target", "validation")
    )
    return target, of_validation
