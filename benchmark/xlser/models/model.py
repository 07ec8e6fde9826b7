"""A model in a folder: a card in JSON beside a safetensors file; and predictions of recordings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from xlser.audio import FrontEnd, rows_of
from xlser.audio.decode import load as load_samples
from xlser.backbones import PretrainedBackbone, pretrained
from xlser.errors import AudioError, ModelError, WeightsError
from xlser.methods import Predictor, Speech
from xlser.models.card import Card
from xlser.models.state import described, rebuilt
from xlser.settings import Settings
from xlser.system.files import folder_written_atomically, write_atomically
from xlser.training import embed

CARD, TENSORS = "model.json", "model.safetensors"


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        card: what it is, what it learnt from, and what it scores.
        predictor: the fitted method.
        backbone: that makes embeddings on the frozen track, and its weights.
    """

    card: Card
    predictor: Predictor
    backbone: PretrainedBackbone

    def predict(self, recordings: str | Path | Sequence[str | Path]) -> pd.DataFrame:
        """Recognise the emotion of recordings.

        Args:
            recordings: one file or several, in any form that the suite reads.

        Returns:
            A row a recording: `file`, `emotion`, `probability` of it, and the probability of each
            class in a column of its name.

        Raises:
            AudioError: recordings that cannot be used; all of them are listed.
        """
        given = [recordings] if isinstance(recordings, str | Path) else list(recordings)
        files = [Path(each) for each in given]
        classes = list(self.card.classes)
        if not files:
            return pd.DataFrame(columns=["file", "emotion", "probability", *classes])
        probabilities = self.probabilities(self._speech(files)).cpu().numpy().astype(float)
        best = probabilities.argmax(axis=1)
        return pd.DataFrame(
            {
                "file": [str(file) for file in files],
                "emotion": [classes[i] for i in best],
                "probability": probabilities.max(axis=1),
                **{name: probabilities[:, i] for i, name in enumerate(classes)},
            }
        )

    def probabilities(self, speech: Speech) -> Tensor:
        """Return class probabilities of what the backbone reads, shape (utterances, classes)."""
        if self.card.track == "frozen":
            embeddings = embed(self.backbone.build(), speech)
            speech = Speech(embeddings, torch.ones(len(speech), dtype=torch.long))
        return self.predictor.predict(speech)

    def _speech(self, files: Sequence[Path]) -> Speech:
        input_ = self.backbone.kind.input or FrontEnd(**self.card.frontend)
        rows, faults = [], []
        for file in files:
            try:
                rows.append(rows_of(input_)(load_samples(file)).frames)
            except AudioError as fault:
                faults.append(f"  {file}: {fault.problem}")
        if faults:
            listed = "\n".join(faults)
            raise AudioError(
                f"{len(faults)} of {len(files)} recordings cannot be used:\n{listed}",
                "Name intact recordings of speech.",
            )
        lengths = torch.tensor([len(each) for each in rows])
        return Speech(torch.from_numpy(np.concatenate(rows)), lengths)


def save_model(folder: Path, card: Card, predictor: Predictor) -> Card:
    """Write a model; nothing is pickled.

    Args:
        folder: is made; must not hold anything yet.
        card: of the model.
        predictor: the fitted method.

    Returns:
        The card, with the predictor's description.

    Raises:
        ModelError: the folder is not empty, or the predictor holds what cannot be kept.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ModelError(f"{folder} is there already.", "Name another folder: --out.")
    node, tensors = described(predictor)
    content = save(tensors)
    full = card.model_copy(update={"predictor": node, "tensors": sha256(content).hexdigest()})
    if folder.is_dir():
        folder.rmdir()
    with folder_written_atomically(folder) as partial:
        write_atomically(partial / TENSORS, content)
        write_atomically(partial / CARD, full.model_dump_json(indent=1).encode() + b"\n")
    return full


def load_model(folder: str | Path, settings: Settings | None = None) -> Model:
    """Load a model that `xlser train` wrote.

    Nothing in the folder is run: it holds JSON and tensors. The method's package must be
    installed.

    Args:
        folder: of the model.
        settings: where weights of backbones are; default: by environment and configuration.

    Raises:
        ModelError: the folder holds no model, it is damaged, or its package is not installed.
        WeightsError: the backbone's weights are not found, or are others.

    Example:
        >>> import xlser
        >>> xlser.load_model("model").predict("hello.wav")  # doctest: +SKIP
    """
    folder = Path(folder)
    card = read_card(folder)
    try:
        content = (folder / TENSORS).read_bytes()
        tensors = load(content)
    except (OSError, SafetensorError) as cause:
        raise ModelError(
            f"{folder / TENSORS} cannot be read: {cause}.", "Copy the folder anew, or train again."
        ) from cause
    if sha256(content).hexdigest() != card.tensors:
        raise ModelError(
            f"{folder / TENSORS} is not the file that {CARD} describes.",
            "Copy both files anew, or train again.",
        )
    backbone = pretrained(card.backbone, settings or Settings.gather())
    if backbone.digest != card.weights:
        raise WeightsError(
            f"The model was trained with weights {card.weights[:8]} of {card.backbone}; found are "
            f"{backbone.digest[:8]}.",
            "Use the published weights, see `xlser backbones`.",
        )
    return Model(card, rebuilt(card.predictor, tensors, backbone.build), backbone)


def read_card(folder: Path) -> Card:
    """Read the card of a model.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    try:
        stated: Mapping[str, Any] = json.loads((folder / CARD).read_bytes())
        return Card.model_validate(stated)
    except (OSError, ValueError, ValidationError) as cause:
        raise ModelError(
            f"{folder} holds no model: {CARD} cannot be read ({type(cause).__name__}).",
            "Name a folder that `xlser train METHOD --out FOLDER` wrote.",
        ) from cause
