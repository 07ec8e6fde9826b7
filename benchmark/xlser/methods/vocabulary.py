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

TWIN = "twin"
"""The setting under which a method does without unlabelled speech (`xlser.training.Twinned`)."""

Attribute = Literal["gender", "naturalness", "speaker"]
"""What train speech may carry beside its emotion. Speakers are numbers 0, 1, ... that
hold within one task, in an order without meaning; the parts of a task share them."""

ATTRIBUTES: Mapping[Attribute, tuple[str, ...]] = {
    "gender": ("female", "male"),
    "naturalness": ("acted", "semi-natural"),
}
"""The attributes that corpora state of every utterance, and their values."""

Standardisation = Literal["none", "source", "labelled", "language", "speaker"]
"""By whose mean and deviation embeddings are standardised (frozen track).

- "none": not at all.
- "source": all speech by the source's train speech.
- "labelled": all speech by the labelled train speech of source and target together.
- "language": each source language by its own train speech; the target by all its train speech,
  labelled or not.
- "speaker": train speech by its speaker, where he or she has at least ten utterances, else by the
  language.

By "language" and "speaker", speech to be recognised is standardised by the target language's train
speech, whatever its language: predictors get no language, and test speakers have no train
speech.
"""
