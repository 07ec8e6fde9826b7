"""What a run cost, as its record tells."""

from dataclasses import dataclass
from datetime import datetime

from xlser.records import Record

_SOURCE_MODEL = "source model"


@dataclass(frozen=True)
class Spent:
    """What one run took, and where.

    Attributes:
        began: seconds since 1970.
        seconds: of fit and predict.
        model: seed of the source model it used, and the seconds of its training, which other runs
            state as well; None for none.
        machine: processor or GPU.
        on_gpu: whether it is a GPU.
        threads: of torch.
    """

    began: float
    seconds: float
    model: tuple[int, float] | None
    machine: str
    on_gpu: bool
    threads: int

    @classmethod
    def of(cls, record: Record) -> "Spent":
        """Return what a record tells."""
        stages = dict(record.seconds)
        model = stages.pop(_SOURCE_MODEL, None)
        where = record.environment
        on_gpu = where.device != "cpu"
        return cls(
            began=datetime.fromisoformat(record.started).timestamp(),
            seconds=sum(stages.values()),
            model=None if model is None else (record.seed, model),
            machine=where.device if on_gpu else where.processor,
            on_gpu=on_gpu,
            threads=where.threads,
        )
