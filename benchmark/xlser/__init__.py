"""XL-SER: semi-supervised cross-lingual speech emotion recognition, benchmarked.

    >>> import xlser
    >>> results = xlser.run(["svm", "nnpm"], target="german")  # doctest: +SKIP
    >>> results.compare("svm", "nnpm")  # doctest: +SKIP

`run`, `load_results`, `compare` and `check_method` work on methods, `check_corpus` on a corpus;
`train` and `load_model` make use of the best; `publish` sends results to the Hugging Face Hub;
`methods()`, `corpora()`, `protocols()`, `backbones()` and `metrics()` list what is there, as data
frames. All are imported when they are first used (PEP 562).
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

    from xlser.api.functions import (
        check_corpus,
        check_method,
        compare,
        load_model,
        load_results,
        publish,
        run,
        train,
    )

    __version__: str

_FUNCTIONS = (
    "check_corpus",
    "check_method",
    "compare",
    "load_model",
    "load_results",
    "publish",
    "run",
    "train",
)
_LISTINGS = {  # what a package lists when it is called, in `xlser.api.listings`
    "backbones": "backbone_rows",
    "corpora": "corpus_rows",
    "methods": "method_rows",
    "metrics": "metric_rows",
    "protocols": "protocol_rows",
}

__all__ = [
    "__version__",
    "check_corpus",
    "check_method",
    "compare",
    "load_model",
    "load_results",
    "publish",
    "run",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _FUNCTIONS:
        return getattr(import_module("xlser.api.functions"), name)
    if name in _LISTINGS:
        return import_module(f"xlser.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("xlser")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_LISTINGS])


class _Listing(ModuleType):
    """A package of the suite that, when called, lists the plugins of its kind."""

    def __call__(self) -> "pandas.DataFrame":
        """Return the plugins of this kind, a row each; the index is their names."""
        import pandas

        rows = getattr(
            import_module("xlser.api.listings"), _LISTINGS[self.__name__.partition(".")[2]]
        )
        listed = pandas.DataFrame(list(rows()))
        return listed.set_index(listed.columns[0])


class _Face(ModuleType):
    """This package, which makes `xlser.methods()` possible where `xlser.methods` is a package."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _LISTINGS and isinstance(value, ModuleType):
            value.__class__ = _Listing
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face
