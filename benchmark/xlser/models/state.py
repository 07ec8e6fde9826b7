"""A fitted predictor as JSON and tensors, and back, without running anything that is stored.

The JSON names classes and holds what their instances consist of; all numbers are tensors of a
safetensors file. A stored class is looked up only in `torch.nn`, the suite and packages that
register methods, and its instances are made without calling it. Estimators of scikit-learn are kept
by skops, which trusts the types of scikit-learn and NumPy alone.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from math import isfinite
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from xlser import registry
from xlser.backbones import Backbone
from xlser.errors import ModelError

Node = Any
"""What JSON has: a value, or an object with one key that names the kind of node."""

_OF_MODULES = ("_parameters", "_buffers", "_modules")
_DAMAGE = (
    AttributeError, ImportError, IndexError, KeyError, RuntimeError, TypeError, ValueError
)  # fmt: skip
_REMEDY = (
    "Let the predictor consist of tensors, arrays, numbers, torch modules, estimators of "
    "scikit-learn and instances of classes of the method's package."
)


def described(predictor: object) -> tuple[Node, dict[str, Tensor]]:
    """Return what a predictor consists of: JSON, and the tensors that it names.

    Raises:
        ModelError: it holds what cannot be kept, such as a function.
    """
    describing = _Describing()
    return describing.node(predictor, "predictor"), describing.tensors


def rebuilt(node: Node, tensors: Mapping[str, Tensor], backbone: Callable[[], nn.Module]) -> Any:
    """Return the predictor that JSON and tensors describe.

    Args:
        node: as `described` returns it.
        tensors: likewise.
        backbone: makes a backbone, whose weights are then replaced; called if there is one.

    Raises:
        ModelError: they describe none, or a class of a package that is not installed.
    """
    try:
        return _Rebuilding(tensors, backbone).value(node)
    except _DAMAGE as cause:
        raise ModelError(
            f"The model describes no predictor: {cause!r}.",
            "Train it again with the installed version: `xlser train`.",
        ) from cause


class _Describing:
    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # an id is of one object only while that lives
        self._roots = _roots()

    def node(self, value: Any, where: str) -> Node:
        match value:
            case None | bool() | int() | str():
                return value
            case float():
                return value if isfinite(value) else {"float": repr(value)}
            case torch.device():
                return {"device": "cpu"}
            case torch.dtype():
                return {"dtype": str(value).removeprefix("torch.")}
            case dict():
                items = [[self.node(k, where), self.node(v, where)] for k, v in value.items()]
                return {"dict": items}
            case list():
                return {"list": [self.node(each, where) for each in value]}
            case tuple() if type(value) is tuple:
                return {"tuple": [self.node(each, where) for each in value]}
        if id(value) in self._seen:
            return {"again": self._seen[id(value)]}
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        return self._new(value, where)

    def _new(self, value: Any, where: str) -> Node:
        match value:
            case nn.Parameter():
                return {"parameter": self._keep(value)}
            case Tensor():
                return {"tensor": self._keep(value)}
            case np.ndarray() if value.dtype != object:
                return {"array": self._keep(torch.from_numpy(np.ascontiguousarray(value)))}
            case np.generic():
                return {"scalar": self._keep(torch.from_numpy(np.array(value)))}
            case BaseEstimator():
                from skops.io import dumps

                content = np.frombuffer(dumps(value), np.uint8).copy()
                return {"sklearn": self._keep(torch.from_numpy(content))}
            case Backbone():
                state = {name: self._keep(of) for name, of in value.state_dict().items()}
                return {"backbone": state}
            case nn.Module():
                return {"module": self._module(value, where)}
        if not self._permitted(type(value)) or not hasattr(value, "__dict__"):
            raise self._refused(value, where)
        state = {name: self.node(of, f"{where}.{name}") for name, of in vars(value).items()}
        return {"object": [_named(type(value)), state]}

    def _module(self, module: nn.Module, where: str) -> Node:
        if not self._permitted(type(module)):
            raise self._refused(module, where)
        fresh = vars(nn.Module())
        own = {
            name: self.node(of, f"{where}.{name}")
            for name, of in vars(module).items()
            if name not in fresh
        }
        parts = {
            kind: {
                name: self.node(of, f"{where}.{name}") for name, of in vars(module)[kind].items()
            }
            for kind in _OF_MODULES
        }
        return [_named(type(module)), own, parts]

    def _permitted(self, kind: type) -> bool:
        return _within(kind.__module__, self._roots) and "<" not in kind.__qualname__

    def _keep(self, tensor: Tensor) -> str:
        name = f"{len(self.tensors)}"
        self.tensors[name] = tensor.detach().cpu().clone().contiguous()
        return name

    def _refused(self, value: object, where: str) -> ModelError:
        kind = type(value)
        return ModelError(
            f"{where} is a {kind.__module__}.{kind.__qualname__}, which cannot be saved.", _REMEDY
        )


class _Rebuilding:
    def __init__(self, tensors: Mapping[str, Tensor], backbone: Callable[[], nn.Module]) -> None:
        self._tensors, self._backbone = tensors, backbone
        self._made: list[Any] = []
        self._roots = _roots()

    def value(self, node: Node) -> Any:
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        match kind:
            case "float":
                return float(content)
            case "device":
                return torch.device("cpu")
            case "dtype":
                return _of_type(getattr(torch, content), torch.dtype)
            case "dict":
                return {self.value(key): self.value(of) for key, of in content}
            case "list":
                return [self.value(each) for each in content]
            case "tuple":
                return tuple(self.value(each) for each in content)
            case "again":
                return self._made[content]
        place = len(self._made)
        self._made.append(None)
        if kind in ("object", "module"):
            self._made[place] = object.__new__(self._kind(content[0]))
            self._fill(self._made[place], *content[1:])
        else:
            self._made[place] = self._leaf(kind, content)
        return self._made[place]

    def _leaf(self, kind: str, content: Any) -> Any:
        match kind:
            case "tensor":
                return self._tensors[content]
            case "parameter":
                tensor = self._tensors[content]
                return nn.Parameter(tensor, requires_grad=tensor.is_floating_point())
            case "array":
                return self._tensors[content].numpy()
            case "scalar":
                return self._tensors[content].numpy()[()]
            case "sklearn":
                return _estimator(self._tensors[content].numpy().tobytes())
            case "backbone":
                network = self._backbone()
                network.load_state_dict({n: self._tensors[key] for n, key in content.items()})
                return network
        raise ValueError(f"there is no node {kind!r}")

    def _fill(self, made: Any, state: Mapping[str, Node], parts: Mapping[str, Any] = {}) -> None:
        if isinstance(made, nn.Module):
            nn.Module.__init__(made)
            made.training = False
        for name, of in state.items():
            object.__setattr__(made, name, self.value(of))
        for kind in parts:
            vars(made)[kind].update({name: self.value(of) for name, of in parts[kind].items()})

    def _kind(self, named: str) -> type[Any]:
        module, _, name = named.partition(":")
        if not _within(module, self._roots):
            raise ModelError(
                f"The model holds an instance of {named}, whose package registers no method here.",
                f"Install the package that provides {module.partition('.')[0]}, or do not use "
                "this model.",
            )
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        kind: type[Any] = _of_type(found, type)
        return kind


def _roots() -> tuple[str, ...]:
    """Return the packages whose classes may be stored."""
    points = (registry.entry_point("xlser.methods", n) for n in registry.names("xlser.methods"))
    return ("xlser", "torch.nn", *dict.fromkeys(p.module.partition(".")[0] for p in points))


def _within(module: str, roots: tuple[str, ...]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def _named(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _of_type(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _estimator(content: bytes) -> Any:
    from skops.io import get_untrusted_types, loads

    if strange := get_untrusted_types(data=content):
        raise ModelError(
            f"The model holds an estimator with {', '.join(strange)}, which is not trusted.",
            "Do not use this model.",
        )
    return loads(content)
