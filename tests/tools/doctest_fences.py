"""Examples in docstrings as code in the API reference: an extension of griffe."""

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"(?:^|(?<=\n\n))(>>> .*(?:\n(?!\n).*)*)")


class DoctestFences(griffe.Extension):
    """Puts a fence around each example of a docstring: lines from `>>>` to an empty one."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change an object's docstring."""
        if obj.docstring:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    r"""Return a docstring with a fence around each example.

    >>> print(fenced("Add.\n\n>>> 1 + 1\n2\n\nThat is all."))
    Add.
    <BLANKLINE>
    ```python
    >>> 1 + 1
    2
    ```
    <BLANKLINE>
    That is all.
    """
    return _EXAMPLE.sub(lambda found: f"```python\n{found[1]}\n```", text)
