"""A device that computes on the CPU and, as a GPU does, refuses what mixes devices.

Code that hands an operation a tensor on a GPU and one on the CPU fails on machines with a GPU
alone. `device()` gives torch a second device on any machine: operations on it refuse what they
refuse on CUDA. Its tensors hold one on the CPU each, and what is drawn at random is what the CPU
draws, so that results are the same.

torch has a place for one device from outside (PrivateUse1), which Python can fill; it is of torch
2.11 and may change. Once made, the device stays known to the process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NoReturn

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._mode_utils import no_dispatch
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "elsewhere"
"""Of the device, as `torch.device` takes it."""

CPU = torch.device("cpu")

aten = torch.ops.aten
_COPIES = {aten.copy_, aten._to_copy}
_INDEXING = {
    aten.index,
    aten.index_put,
    aten.index_put_,
    aten._index_put_impl_,
    aten._unsafe_index,
    aten._unsafe_index_put,
}
_RESIZING = (  # which torch makes from an empty tensor that is resized
    aten.arange.default,
    aten.arange.start,
    aten.arange.start_step,
    aten.eye.default,
    aten.eye.m,
    aten.hann_window.default,
    aten.hann_window.periodic,
)


class OnDevice(Tensor):
    """A tensor on the device.

    Attributes:
        held: its values, on the CPU.
    """

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: Tensor) -> "OnDevice":
        with torch.inference_mode(held.is_inference()):  # else a view would not be as its base
            made: OnDevice = Tensor._make_wrapper_subclass(
                cls,
                held.shape,
                strides=held.stride(),
                storage_offset=held.storage_offset(),
                dtype=held.dtype,
                device=f"{NAME}:0",
            )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(
        cls, operation: OpOverload, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _computed(operation, *args, **(kwargs or {}))

    def tolist(self) -> list[Any]:
        """Return the values; torch itself does not, of a subclass."""
        return self.held.tolist()

    def numpy(self, *, force: bool = False) -> NoReturn:
        """Refuse: an array is on the CPU."""
        raise TypeError(f"can't convert {NAME} device type tensor to numpy. Use Tensor.cpu().")

    def __repr__(self) -> str:
        return f"OnDevice({self.held})"


@contextmanager
def device() -> Iterator[torch.device]:
    """Yield the device, on which tensors can be made in the block."""
    there = _registered()
    kernels = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
    kernels[0].fallback(_computed, "PrivateUse1")
    kernels[1].impl(aten._copy_from.default, _filled, "PrivateUse1")
    for operation in _RESIZING:
        kernels[1].impl(operation, partial(_computed, operation), "PrivateUse1")
    try:
        with torch.autograd.set_multithreading_enabled(False):  # it has no thread for the device
            yield there
    finally:
        for library in kernels:
            library._destroy()


class _Module:
    """What torch asks of the module of a device, as `torch.cuda` is one."""

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return 1

    def current_device(self) -> int:
        return 0

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        """Do nothing: random numbers are those of the CPU."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


@cache
def _registered() -> torch.device:
    _setup_privateuseone_for_python_backend(NAME, _Module())
    return torch.device(NAME, 0)


def _filled(source: Tensor, made: Tensor, non_blocking: bool = False) -> Any:
    """Fill a tensor that torch has just made on the device."""
    return _computed(aten.copy_.default, made, source)


def _computed(operation: OpOverload, *args: Any, **kwargs: Any) -> Any:
    """Compute an operation that takes or makes tensors on the device.

    Raises:
        RuntimeError: it would not run on CUDA, where its tensors are not on one device.
    """
    parts = operation.decompose(*args, **kwargs)
    if parts is not NotImplemented:
        return parts
    given = list(_single((args, *kwargs.values())))
    there = {id(x.held): x for x in given if isinstance(x, OnDevice)}
    here = {id(x): x for x in given if isinstance(x, Tensor) and not isinstance(x, OnDevice)}
    asked = kwargs.get("device")
    makes_there = bool(there) if asked is None else asked.type == NAME
    if makes_there:
        _require_generator_there(operation, given)
    if there and here and operation.overloadpacket not in _COPIES:
        _require_one_device(operation, args, kwargs)
    kwargs = {name: _each(_value, of) for name, of in kwargs.items()}
    if asked is not None:
        kwargs["device"] = CPU
    known = {**here, **there}

    def placed(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        if id(x) not in known:
            return OnDevice(x) if makes_there else x
        if known[id(x)].shape != x.shape:
            raise NotImplementedError(f"{operation} resizes a tensor on {NAME}.")
        return known[id(x)]

    answer = operation(*_each(_value, args), **kwargs)
    if torch.Tag.inplace_view in operation.tags:  # a tensor of torch takes on its shape by itself
        with no_dispatch():
            operation(*args, **kwargs)
    return _each(placed, answer)


def _value(x: Any) -> Any:
    return x.held if isinstance(x, OnDevice) else x


def _each(function: Callable[[Any], Any], x: Any) -> Any:
    """Apply a function to what is in lists and tuples, the arguments and answers of operations."""
    if isinstance(x, list | tuple):
        return type(x)(_each(function, item) for item in x)
    return function(x)


def _single(x: Any) -> Iterator[Any]:
    """Yield what is in lists and tuples."""
    if isinstance(x, list | tuple):
        for item in x:
            yield from _single(item)
    else:
        yield x


def _require_generator_there(operation: OpOverload, given: list[Any]) -> None:
    if any(isinstance(x, torch.Generator) for x in given):
        raise RuntimeError(
            f"{operation}: Expected a '{NAME}' device type for generator but found 'cpu'"
        )


def _require_one_device(operation: OpOverload, args: Any, kwargs: Any) -> None:
    """Require that no tensor on the CPU takes part, but for what CUDA takes from there.

    That is a number (a tensor of no dimensions) that is read, and the indices of `x[indices]`.
    """
    for place, argument in enumerate(operation._schema.arguments):
        value = args[place] if place < len(args) else kwargs.get(argument.name)
        indexing = argument.name == "indices" and operation.overloadpacket in _INDEXING
        if indexing and isinstance(args[0], OnDevice):
            continue
        number = isinstance(value, Tensor) and value.dim() == 0 and not argument.is_write
        if not number and any(_is_here(x) for x in _single(value)):
            raise RuntimeError(
                f"{operation}: Expected all tensors to be on the same device, but found at least "
                f"two devices, {NAME} and cpu! ({argument.name} is on cpu)"
            )


def _is_here(x: object) -> bool:
    return isinstance(x, Tensor) and not isinstance(x, OnDevice)
