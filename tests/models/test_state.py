import json
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from sklearn.preprocessing import FunctionTransformer

from xlser.conformance.synthetic import TinyBackbone
from xlser.conformance.trial import Trial
from xlser.errors import ModelError
from xlser.methods import Track, get_method
from xlser.models.state import described, rebuilt


def there_and_back(predictor: object) -> Any:
    """As by way of files: JSON and a safetensors file."""
    node, tensors = described(predictor)
    return rebuilt(json.loads(json.dumps(node)), load(save(tensors)), TinyBackbone)


@pytest.mark.parametrize(
    ("method", "track"),
    [
        ("svm", "frozen"),
        ("logistic-regression", "frozen"),
        ("knn", "frozen"),
        ("label-propagation", "frozen"),
        ("bbse", "frozen"),
        ("sft", "frozen"),
        ("sft", "finetune"),
        ("fluda", "frozen"),
        ("tent", "finetune"),
        ("triple-attentive-asymmetric", "frozen"),
    ],
)
def test_a_predictor_answers_the_same_after_it_was_kept(method: str, track: Track) -> None:
    trial = Trial(get_method(method), track)
    kept = there_and_back(trial.predictor)
    assert torch.equal(kept.predict(trial.test_speech()), trial.answer)


class _Local:
    def __init__(self, held: object) -> None:
        self.held = held


def test_what_is_no_data_is_refused_and_named() -> None:
    with pytest.raises(ModelError, match="cannot be saved"):
        described(_Local(lambda speech: speech))  # a class of no package that registers methods
    network = torch.nn.Linear(2, 2)
    network.hook = print
    with pytest.raises(ModelError, match=r"predictor\.hook is a builtins"):
        described(network)


@pytest.mark.parametrize(
    "node",
    [
        {"object": ["os:system", {}]},
        {"object": ["subprocess:Popen", {}]},
        {"module": ["torch.utils.data:DataLoader", {}, {}]},
        {"object": ["xlser.system.files:digest_file", {}]},
        {"object": ["torch.nn.nowhere:Linear", {}]},
        {"pickle": "gASVBQAAAA=="},
        {"dtype": "load"},
    ],
)
def test_a_description_of_anything_else_is_refused(node: object) -> None:
    with pytest.raises(ModelError):
        rebuilt(node, {}, TinyBackbone)


def test_an_estimator_that_calls_a_function_is_refused() -> None:
    node, tensors = described(FunctionTransformer(print))
    with pytest.raises(ModelError, match="not trusted"):
        rebuilt(node, tensors, TinyBackbone)
