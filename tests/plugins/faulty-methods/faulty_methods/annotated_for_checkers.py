"""A class with an annotation that cannot be read at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faulty_methods import Uniform

if TYPE_CHECKING:
    from decimal import Decimal


class AnnotatedForCheckers(Uniform):
    name = "annotated-for-checkers"
    price: Decimal
