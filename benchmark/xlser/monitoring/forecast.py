"""What a plan will take: work, the longest path, wall time, storage."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

import torch

from xlser.audio.decode import stated_seconds
from xlser.backbones import PretrainedBackbone
from xlser.methods import Track
from xlser.methods.vocabulary import SOURCE_MODEL
from xlser.monitoring.costs import Costs, Estimate
from xlser.runs.inputs import Inputs
from xlser.runs.jobs import Job, JobContext, jobs_of
from xlser.runs.plan import Run
from xlser.training import Adapter

WORKERS = (1, 2, 4, 8, 16, 64, 256, 1024)
"""Numbers of workers for which the wall time is shown."""


class Forecast:
    """What is to be expected of runs.

    Args:
        runs: to do.
        context: which they have in common.
        costs: of jobs.

    Attributes:
        jobs: the runs, and before them the source models that are to be trained.
    """

    def __init__(self, runs: Sequence[Run], context: JobContext, costs: Costs) -> None:
        self.jobs = jobs_of(runs, context)
        self._context = context
        self._costs = costs

    @property
    def models(self) -> int:
        """Number of source models to train."""
        return sum(job.model is not None for job in self.jobs)

    @property
    def seconds(self) -> float:
        """Seconds of all jobs, one after the other."""
        return sum(map(self._costs.seconds, self.jobs))

    @property
    def core_seconds(self) -> float:
        """The same, times the threads of each."""
        of = self._context.threads
        return sum(
            self._costs.seconds(job) * (1 if job.run.track == "frozen" else of) for job in self.jobs
        )

    @property
    def guessed(self) -> float:
        """Share of the seconds that is guessed, 0 to 1."""
        guesses = (j for j in self.jobs if self._costs.estimate(j).guess)
        return sum(map(self._costs.seconds, guesses)) / self.seconds if self.seconds else 0.0

    @cached_property
    def longest_path(self) -> Sequence[Job]:
        """The jobs that must follow one another and take longest: a source model and a run."""
        jobs = {job.key: job for job in self.jobs}
        paths = [[*([jobs[job.needs]] if job.needs else []), job] for job in self.jobs]
        return max(paths, key=self.seconds_of, default=[])

    def seconds_of(self, jobs: Sequence[Job]) -> float:
        """Return seconds of jobs, one after the other."""
        return sum(map(self._costs.seconds, jobs))

    def wall_times(self, also: Sequence[int] = ()) -> dict[int, float]:
        """Return the seconds that so many workers take at least, until more are of no use.

        No order of the jobs is faster than all work shared out, nor than the longest path.

        Args:
            also: further numbers of workers.
        """
        times = {}
        least = self.seconds_of(self.longest_path)
        for workers in sorted({*WORKERS, *also}):
            times[workers] = max(self.seconds / workers, least)
            if times[workers] == least:
                break
        return times

    def estimates(self) -> Mapping[tuple[str, Estimate], int]:
        """Return the number of jobs of each method, or of source models, with their estimate."""
        return Counter(
            (SOURCE_MODEL if job.model else job.run.method.name, self._costs.estimate(job))
            for job in self.jobs
        )

    def storage(self) -> dict[str, int]:
        """Return bytes that will be written, by what they hold; nothing of what is there."""
        runs = [job for job in self.jobs if not job.model]
        inputs = self._context.inputs
        catalogue, backbone = inputs.catalogue, inputs.backbone
        features: Sequence[str] = ()
        embeddings: Sequence[str] = ()
        of_a_model = 0
        if runs:
            features, embeddings = inputs.unprepared()
            of_a_model = _size_of_model(inputs.track, backbone)
        utterances = sum(len(catalogue.inventories[name].utterances) for name in embeddings)
        return {
            "records": sum(_size_of_record(job.run) for job in runs),
            "features": sum(_size_of_features(inputs, name) for name in features),
            "embeddings": 4 * backbone.kind.dimension * utterances,
            "source models": self.models * of_a_model,
        }


def _size_of_record(run: Run) -> int:
    """Return about how many bytes a record takes, from the committed ones."""
    return 2500 + 18 * (len(run.scenario.target_test) + len(run.scenario.source_test))


def _size_of_features(inputs: Inputs, corpus: str) -> int:
    """Return about how many bytes a corpus takes as its backbone reads it: 16 bits a value."""
    of = inputs.input
    utterances = inputs.catalogue.inventories[corpus].utterances
    seconds = sum(stated_seconds(utterance.path) for utterance in utterances)
    return round(seconds * of.rows_a_second) * of.width * 2


def _size_of_model(track: Track, backbone: PretrainedBackbone) -> int:
    """Return about how many bytes a source model takes: those of all but its last layer."""
    if track == "frozen":
        kind = backbone.kind
        encoder: torch.nn.Module = Adapter(torch.zeros(2, kind.dimension), kind.stacked)
    else:
        encoder = backbone.kind()
    return sum(tensor.nbytes for tensor in encoder.state_dict().values())
