"""Method classes on their way to other processes: by name, or by value if not packaged."""

import pickle
import sys
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from io import BytesIO
from types import ModuleType
from typing import Any, get_type_hints

from xlser.errors import MethodError
from xlser.methods.method import Method
from xlser.methods.origin import is_packaged
from xlser.methods.registry import get_method


@cache
def carried(method: type[Method]) -> str | bytes:
    """Return what another process makes the class from by `arrived`: its name, or the class itself.

    Raises:
        MethodError: the class is not packaged and cannot be pickled.
    """
    if is_packaged(method):
        return method.name
    _resolve_annotations(method)
    try:
        return _by_value(method)
    except Exception as cause:  # what cannot be pickled raises anything
        with suppress(Exception):
            if method.__module__ != "__main__":  # which is another one in each process
                return pickle.dumps(method)
        raise MethodError(
            f"The method {method.name!r} cannot be sent to another process: {cause}.",
            "Keep what cannot be pickled out of globals that it uses, run it in this process "
            "(one job, no isolation, no timeout), or put it into a package.",
        ) from cause


def arrived(what: str | bytes) -> type[Method]:
    """Return the class that `carried` sent.

    Raises:
        UnknownNameError: its package is not installed here.
        PluginError: it cannot be used here.
    """
    if isinstance(what, str):
        return get_method(what)
    kind: type[Method] = pickle.loads(what)
    return kind


def _by_value(method: type[Method]) -> bytes:
    """Pickle a class with what its module defines, not as a name: others do not have the module."""
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        """Pickles modules of types of their own by name: `torch.classes` is one."""

        def reducer_override(self, thing: Any) -> Any:
            if isinstance(thing, ModuleType) and type(thing) is not ModuleType:
                return import_module, (thing.__name__,)
            return super().reducer_override(thing)

    content = BytesIO()
    top = sys.modules.get(method.__module__.partition(".")[0])
    with ExitStack() as after:
        if top is not None and top.__name__ != "__main__":
            cloudpickle.register_pickle_by_value(top)
            after.callback(cloudpickle.unregister_pickle_by_value, top)
        Pickler(content).dump(method)
    return content.getvalue()


def _resolve_annotations(method: type[Method]) -> None:
    """Put types in the place of annotations that are text: elsewhere their names mean nothing."""
    hints = get_type_hints(method, include_extras=True)
    for kind in method.__mro__:
        stated = vars(kind).get("__annotations__", {})
        if kind.__module__ == method.__module__ and any(
            isinstance(a, str) for a in stated.values()
        ):
            kind.__annotations__ = {name: hints[name] for name in stated}
