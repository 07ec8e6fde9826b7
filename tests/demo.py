"""Small plans over the demo corpora, for tests of runs, leaderboards and commands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from xlser.api.pipeline import Pipeline
from xlser.backbones import PretrainedBackbone, pretrained
from xlser.executors import Events, Executor
from xlser.methods import MethodLike, Precision, Track
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.runs import Catalogue, Inputs, Plan, Request, Run, gather
from xlser.settings import Settings


def request(
    methods: Sequence[MethodLike],
    targets: Sequence[str] = ("german",),
    *,
    settings: dict[str, object] | None = None,
    labels: Sequence[int] = (),
    seeds: Sequence[int] = (0,),
    track: Track = "frozen",
    precision: Precision = "fp32",
    repeats: int = 1,
) -> Request:
    return Request(methods, settings or {}, targets, labels, seeds, track, precision, repeats)


@dataclass(frozen=True)
class Ended:
    """How a plan ended: its records, in the order of their ends, and its failures."""

    records: list[Record]
    failures: list[tuple[Run, str]]


class Demo:
    """The demo protocol over one cache."""

    def __init__(self, cache: Path, protocol: str = "demo", **settings: Any) -> None:
        self.settings = Settings(cache=cache, **settings)
        self.protocol = get_protocol(protocol)

    def catalogue(self, targets: Sequence[str] = ("german",)) -> Catalogue:
        return gather(self.protocol, targets, self.settings)

    def inputs(
        self,
        track: Track = "frozen",
        backbone: str = "logmel-functionals",
        targets: Sequence[str] = ("german",),
    ) -> Inputs:
        """Prepared ones."""
        return self.pipeline(targets, backbone).inputs(track).prepared()

    def backbone(self, name: str = "logmel-functionals") -> PretrainedBackbone:
        return pretrained(name, self.settings)

    def pipeline(
        self, targets: Sequence[str] = ("german",), backbone: str = "logmel-functionals"
    ) -> Pipeline:
        return Pipeline(self.catalogue(targets), self.backbone(backbone), self.settings.cache)

    def plan(self, asked: Request, results: Path, backbone: str = "logmel-functionals") -> Plan:
        pipeline = self.pipeline(asked.targets, backbone)
        return pipeline.plan(asked, results, prepare=False)

    def run(
        self,
        asked: Request,
        results: Path,
        events: Events | None = None,
        executor: Executor | None = None,
        **how: Any,
    ) -> Ended:
        pipeline = self.pipeline(asked.targets)
        plan = pipeline.plan(asked, results, prepare=False)
        records: list[Record] = []
        told = events or Events()

        def finished(run: Run, record: Record) -> None:
            records.append(record)
            told.finished(run, record)

        events = replace(told, finished=finished)
        outcome = pipeline.execute(plan, results, torch.device("cpu"), executor, events, **how)
        return Ended(records, outcome.failures)


def lasting(record: Record) -> dict[str, Any]:
    """What must be the same whenever the same run is repeated: all but times and commits."""
    passing = {"started": True, "seconds": True, "peak_memory": True, "environment": {"git"}}
    return record.model_dump(exclude=passing)
