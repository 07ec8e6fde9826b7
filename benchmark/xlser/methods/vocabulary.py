"""The words in which methods and their tasks are described."""

from collections.abc import Mapping
from typing import Literal

TargetLabels = Literal["none", "few", "all"]
"""Which target labels a method uses: none, the budget's, or every train utterance's."""

Track = Literal["finetune", "frozen"]
"""Whether the backbone is trained, or utterances come as embeddings computed once."""

Precision = Literal["fp32", "bf16"]
"""Arithmetic of training: float32, or bfloat16 where autocast allows it."""

SOURCE_MODEL = "source model"
"""The name of the shared stage of training in records, messages and cost estimates."""

Attribute = Literal["gender", "naturalness"]

ATTRIBUTES: Mapping[Attribute, tuple[str, ...]] = {
    "gender": ("female", "male"),
    "naturalness": ("acted", "semi-natural"),
}
"""What corpora state of every utterance beside its emotion, and the values."""
