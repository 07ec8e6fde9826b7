"""What a list of methods reads from sources is what importing them would tell."""

import sys
from inspect import getdoc, isabstract
from textwrap import dedent
from typing import Any

import pytest
from tests.packages import Package

from xlser import registry
from xlser.errors import PluginError, UnknownNameError
from xlser.methods import Method, get_method, method_names, outlined_methods
from xlser.methods.outline import Outlines

FACTS = ("name", "target_labels", "citation", "least_labels", "attributes", "tracks")
OURS = [n for n in method_names() if registry.package_of("xlser.methods", n).startswith("xlser ")]

SOUND = '''
    """A module."""

    from typing import TYPE_CHECKING, Any, ClassVar, Literal
    import torch
    from torch import Tensor, nn
    from xlser.methods import Method, Task
    from xlser.training import HALF_TARGET, GradientMethod as Gradient

    if TYPE_CHECKING:
        from nowhere import Something

    WIDTH = 3

    def helper(width: int = WIDTH): ...

    class Base(Gradient):
        """Says what its heirs do."""

        target_labels = "few"
        shares = HALF_TARGET
        weight: float = 0.1
        scale: ClassVar[dict[str, int]] = {"a": -1}
        learnt: Tensor

    class Mine(Base):
        name = "mine"
        citation = "nobody " "(2024)"
        attributes = ("gender",)
        tracks = ("frozen",)
        least_labels: ClassVar[int] = 5
        weight = 0.2
        kind: Literal["hard", "soft"] = "hard"
        penalties: tuple[float, ...] = (0.1, 1.0)
        limit: float | None = None
        quoted: "list[int]" = [1]
        _private: Something = 7

        @property
        def shown(self) -> str: ...
'''

PLAIN = """
    from xlser.methods import Method

    class Mine(Method):
        name = "mine"
        target_labels = "none"
        citation = "nobody (2024)"
        weight: float = 0.1

        def fit(self, task): ...
"""


def stated(method: type[Method]) -> dict[str, Any]:
    facts = {fact: getattr(method, fact) for fact in FACTS}
    settings = list(method.default_settings().items())
    lineage = [(kind.__module__, kind.__qualname__) for kind in method.__mro__]
    return {**facts, "settings": settings, "about": getdoc(method), "lineage": lineage}


def outline(name: str = "mine") -> type[Method] | None:
    point = registry.entry_point("xlser.methods", name)
    return Outlines().of(point.module, point.attr)


@pytest.mark.parametrize("name", OURS)
def test_every_method_of_the_suite_has_an_outline_that_states_what_the_class_does(
    name: str,
) -> None:
    read, method = outline(name), get_method(name)
    assert read is not None
    assert read is not method
    assert stated(read) == stated(method)
    assert not isabstract(read)


def test_all_methods_of_the_suite_are_held_against_their_outlines() -> None:
    assert len(OURS) == 44
    assert outlined_methods(OURS).keys() == set(OURS)


def test_an_outline_is_read_without_importing_the_module(package: Package) -> None:
    code = SOUND.replace("_private: Something = 7", "_private: int = 7")
    package.install("outlined_plugin", code, mine="Mine")
    read = outlined_methods(["mine"])["mine"]
    assert "outlined_plugin" not in sys.modules
    assert isinstance(read, type)
    assert stated(read) == stated(get_method("mine"))
    assert read is not get_method("mine")


def test_outlines_follow_classes_through_modules_and_packages(package: Package) -> None:
    (package.site / "followed_plugin").mkdir()
    base = PLAIN.replace("class Mine", "class Base").replace('name = "mine"', "alpha: int = 1")
    inner = {
        "__init__": "from .mine import Mine as Ours",
        "mine": "from ._base import Base\n\nclass Mine(Base):\n    name = 'mine'",
        "_base": base,
    }
    for module, code in inner.items():
        (package.site / f"followed_plugin/{module}.py").write_text(dedent(code))
    package.install("unused", "", mine="Mine")
    entry_points = next(package.site.glob("*.dist-info")) / "entry_points.txt"
    entry_points.write_text("[xlser.methods]\nmine = followed_plugin:Ours\n")
    read = outline()
    assert not any(module.startswith("followed_plugin") for module in sys.modules)
    assert read is not None
    assert stated(read) == stated(get_method("mine"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class Mine", "NAMES = list('ab')\n\n    class Mine"),
        ("class Mine", "print('imported')\n\n    class Mine"),
        ("class Mine", "if TYPE_CHECKING: pass\n    else: print()\n\n    class Mine"),
        ("def fit(self, task): ...", "def fit(self, task): ...\n\n    Yours, Mine = Mine, Mine"),
        ("class Mine", "for _ in ():\n        pass\n\n    class Mine"),
        ("class Mine", "def same(kind): return kind\n\n    @same\n    class Mine"),
        ("Mine(Method):", "Mine(Method, metaclass=type(Method)):"),
        ("class Mine(", "import xlser.methods\n\n    class Mine(xlser.methods."),
        ('"nobody (2024)"', '"nobody " + str(2024)'),
        ('"nobody (2024)"', "AUTHORS"),
        ("0.1", "1 / 10"),
        ("weight: float = 0.1", "if True:\n            weight: float = 0.1"),
        ("weight: float = 0.1", "weight: Annotated[float, Field(ge=0)] = 0.1"),
        ("weight: float = 0.1", "def __init_subclass__(cls): ..."),
        ("weight: float = 0.1", "@classmethod\n        def default_settings(cls): return {}"),
    ],
)
def test_a_source_that_does_more_than_state_is_imported(
    package: Package, old: str, new: str
) -> None:
    imports = "from typing import TYPE_CHECKING, Annotated\nfrom pydantic import Field\n"
    extra = imports + "AUTHORS = 'nobody (2024)'\n"
    module = f"imported_{abs(hash((old, new)))}_plugin"
    package.install(module, extra + dedent(PLAIN.replace(old, new)), mine="Mine")
    listed = outlined_methods(["mine"])["mine"]
    assert module in sys.modules
    assert listed is get_method("mine")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class Mine", "class Mine(:"),
        ("class Mine", "class Yours"),
        ("def fit(self, task): ...", "def fit(self, task): ...\n\n    Mine = Method"),
        ("import Method", "import Method, Taks"),
        ("from xlser", "import no_such_module_anywhere\n    from xlser"),
        ("Method)", "Missing)"),
        ("Method)", "object)"),
        ('name = "mine"', 'name = "yours"'),
        ('name = "mine"', ""),
        ('name = "mine"', 'name: str = "mine"'),
        ('"none"', '"some"'),
        ('citation = "nobody (2024)"', ""),
        ("0.1", "'much'"),
        ("0.1", "float('nan')"),
        ("weight: float", "weight: Weight"),
        ("weight: float = 0.1", "weight: 'Decimal'"),
        ("weight: float = 0.1", "weight: object = None"),
        ("def fit(self, task): ...", "pass"),
    ],
)
def test_a_fault_is_listed_in_the_words_of_the_import(package: Package, old: str, new: str) -> None:
    package.install(f"faulty_{abs(hash((old, new)))}_plugin", PLAIN.replace(old, new), mine="Mine")
    listed = outlined_methods(["mine"])["mine"]
    with pytest.raises(PluginError) as caught:
        get_method("mine")
    assert isinstance(listed, PluginError)
    assert str(listed) == str(caught.value)


def test_a_name_that_two_packages_claim_is_a_fault(package: Package) -> None:
    package.install("one_plugin", PLAIN, mine="Mine", distribution="one")
    package.install("other_plugin", PLAIN, mine="Mine", distribution="other")
    assert "Several packages" in str(outlined_methods(["mine"])["mine"])


def test_a_name_that_nothing_registers_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="lower-bound"):
        outlined_methods(["lowerbound"])
