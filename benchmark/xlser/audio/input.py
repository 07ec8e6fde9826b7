"""What a backbone reads: rows of numbers computed from 16 kHz samples."""

from typing import ClassVar, Literal

from xlser.stated import Stated
from xlser.system.files import digest_json


class Input(Stated):
    """How samples become the rows that a backbone reads; a store holds them, keyed by `digest`.

    Attributes:
        title: name in messages.
        dtype: of stored values.
    """

    title: ClassVar[str]
    dtype: ClassVar[Literal["float16", "int16"]]

    @property
    def width(self) -> int:
        """Values of a row."""
        raise NotImplementedError

    @property
    def rows_a_second(self) -> float:
        """Rows per second of speech."""
        raise NotImplementedError

    def digest(self) -> str:
        """Return the SHA-256 of the stated settings, in hex."""
        return digest_json(self.stated())
