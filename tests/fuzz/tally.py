"""What became of the inputs that one target of the fuzzing was given."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of the different inputs of one target; an input that comes again is not counted.

    Attributes:
        target: what read them.
        accepted: inputs.
        rejected: inputs, by kind of error.
        seconds: of the whole test, the making of the inputs too.
    """

    target: str
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    _seen: set[int] = field(default_factory=set, repr=False)

    def count(self, content: bytes | str, error: str | None) -> None:
        """Count an input; `error` says why it was rejected."""
        known = len(self._seen)
        self._seen.add(hash(content))
        if len(self._seen) == known:
            return
        if error is None:
            self.accepted += 1
        else:
            self.rejected[error] += 1

    @property
    def inputs(self) -> int:
        """How many there were."""
        return self.accepted + self.rejected.total()

    def row(self) -> str:
        """Return the counts as a line."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.rejected.most_common())
        return (
            f"{self.target}: {self.inputs} inputs, {self.accepted} accepted, "
            f"{self.rejected.total()} rejected ({kinds}), {self.seconds:.1f} s"
        )
