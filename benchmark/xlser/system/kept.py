"""What is computed once for an object and arguments."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

_Self = TypeVar("_Self")
_Arguments = ParamSpec("_Arguments")
_Returned = TypeVar("_Returned")


def kept(
    method: Callable[Concatenate[_Self, _Arguments], _Returned],
) -> Callable[Concatenate[_Self, _Arguments], _Returned]:
    """Keep what a method returns as long as its object lives, as `cached_property` does.

    Args:
        method: of objects that do not change, with hashable arguments.

    >>> class Squares:
    ...     @kept
    ...     def of(self, number: int) -> list[int]:
    ...         return [number * number]
    >>> squares = Squares()
    >>> squares.of(3) is squares.of(3)
    True
    """
    name = f"_{method.__qualname__}"

    @wraps(method)
    def call(self: _Self, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Returned:
        known: dict[Any, _Returned] = vars(self).setdefault(name, {})
        key = (args, *kwargs.items())
        if key not in known:
            known[key] = method(self, *args, **kwargs)
        return known[key]

    return call
