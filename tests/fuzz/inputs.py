"""What inputs of the fuzzing are made of."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

fuzzing = settings(
    derandomize=True,
    database=None,
    deadline=20_000,
    phases=[Phase.generate],  # a failure shows the one input; to shrink a batch takes minutes
    suppress_health_check=list(HealthCheck),
)

# Digits and letters that str.isdigit, int or a comparison without case take for others, what
# means something to a path, a shell or a terminal, and text far longer than any name.
ODD_TEXT = [
    *("\u0660\u0661", "\u00b2", "\u2460", "\uff10\uff11", "\u07c1", "\u0130", "\u017f", "\u212a"),
    *("A\u0308", "\u200b", "\u202e", "\ufeff", "\ud800", "\x00", "\x1b[2J", "\n", " ", "\t"),
    *("/", "\\", "..", "../..", "~", "*", ".wav", "%2e", "-", "_", "--", "+1", "-0", "1e1", "0x1"),
    *("1" * 10_000, "-" * 10_000, "_" * 10_000, "../" * 5_000),
]


def any_text(longest: int) -> st.SearchStrategy[str]:
    """Text of all of Unicode, lone surrogates too."""
    return st.text(st.characters(exclude_categories=()), max_size=longest)


def require_memory(error: BaseException) -> None:
    """Fail for an error in words that stands for memory that ran out."""
    if isinstance(error.__cause__, MemoryError):
        raise AssertionError("memory ran out") from error
