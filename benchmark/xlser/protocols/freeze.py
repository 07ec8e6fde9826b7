"""Making a protocol from splits: chooses the labelled utterances and fills in common values."""

from collections.abc import Mapping
from typing import Literal

from xlser.audio import FrontEnd
from xlser.corpora import EMOTIONS
from xlser.protocols.data import Presentation, Schedule, Split
from xlser.protocols.protocol import Protocol
from xlser.protocols.rules import labelling_order


def freeze(
    *,
    name: str,
    about: str,
    languages: Mapping[str, tuple[str, ...]],
    splits: Mapping[str, tuple[Split, ...]],
    presentation: Presentation,
    version: int = 1,
    source: str = "english",
    ranks: bool = False,
    classes: tuple[str, ...] = EMOTIONS,
    seeds: tuple[int, ...] = (0, 1, 2),
    budgets: tuple[int, ...] = (0, 25, 50, 100),
    headline: str = "ua",
    source_figure: Literal["pooled", "mean over corpora"] = "mean over corpora",
    grouped_by: Mapping[str, tuple[int, int]] | None = None,
    schedule: Schedule | None = None,
) -> Protocol:
    """Return a protocol over published corpora; arguments are the fields of `Protocol`.

    Raises:
        InvalidProtocolError: the values do not fit together.
    """
    groups = grouped_by or {}
    targets = [
        corpus for language in languages if language != source for corpus in languages[language]
    ]
    labelling = {
        corpus: tuple(
            labelling_order(
                corpus,
                split,
                protocol=name,
                seed=seed,
                classes=classes,
                most=max(budgets),
                characters=groups.get(corpus),
            )
            for seed, split in zip(seeds, splits[corpus], strict=True)
        )
        for corpus in targets
    }
    return Protocol(
        name=name,
        version=version,
        about=about,
        classes=classes,
        ranks=ranks,
        headline=headline,
        source_figure=source_figure,
        source=source,
        languages=languages,
        seeds=seeds,
        budgets=budgets,
        schedule=schedule or Schedule(),
        frontend=FrontEnd(),
        splits=splits,
        grouped_by=groups,
        labelling=labelling,
        presentation=presentation,
    )
