"""The results that `xlser.run` and `xlser.load_results` return."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from xlser import results
from xlser.protocols import Labels, Protocol
from xlser.results.results import runs_of
from xlser.site.view import LeaderboardView


class Results(results.Results):
    """The results of one protocol, with its leaderboard.

    Example:
        >>> import xlser
        >>> results = xlser.load_results("leaderboards", "v1")  # doctest: +SKIP
        >>> results.leaderboard(targets="german", labels=100)  # doctest: +SKIP
    """

    def leaderboard(
        self,
        *,
        targets: str | Collection[str] = (),
        labels: Labels | Collection[Labels] = (),
        metrics: str | Collection[str] = (),
    ) -> LeaderboardView:
        """Return the tables of the leaderboard: Markdown by `str`, HTML in a notebook.

        Args:
            targets: languages to show; default: all.
            labels: label budgets to show; default: all.
            metrics: names of metrics to show beside UA and accuracy.

        Raises:
            UnknownNameError: no such target, budget or metric.
        """
        return LeaderboardView(
            self,
            targets=[targets] if isinstance(targets, str) else targets,
            labels=[labels] if isinstance(labels, str | int) else labels,
            metrics=[metrics] if isinstance(metrics, str) else metrics,
        )


def load(protocol: Protocol, folder: Path, failures: Sequence[Mapping[str, Any]] = ()) -> Results:
    """Read the results of a protocol, each record once.

    Args:
        protocol: of the records.
        folder: of leaderboards; the records are below `<folder>/<protocol>/results`.
        failures: of runs that left no record.

    Raises:
        RecordError: all records are of another protocol.
    """
    runs, left_out = runs_of(protocol, folder / protocol.name / "results")
    return Results(protocol, runs, failures, left_out)
