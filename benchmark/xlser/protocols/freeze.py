"""Making a protocol from splits: chooses the labelled utterances and fills in common values."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from xlser.audio import FrontEnd
from xlser.corpora import EMOTIONS, Utterance
from xlser.protocols.data import Presentation, Schedule, Split
from xlser.protocols.protocol import Protocol
from xlser.protocols.published import published_utterances
from xlser.protocols.rules import labelling_order

FoldSpeakers = Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]]
"""By corpus, for each seed the speakers of each fold."""


def freeze(
    *,
    name: str,
    about: str,
    languages: Mapping[str, tuple[str, ...]],
    splits: Mapping[str, tuple[Split, ...]],
    presentation: Presentation,
    version: int = 1,
    source: str | Sequence[str] = "english",
    ranks: bool = False,
    classes: tuple[str, ...] = EMOTIONS,
    target_classes: Mapping[str, tuple[str, ...]] | None = None,
    label_map: Mapping[str, Mapping[str, str]] | None = None,
    seeds: tuple[int, ...] = (0, 1, 2),
    fold_speakers: FoldSpeakers | None = None,
    budgets: tuple[int, ...] = (0, 25, 50, 100),
    labelling_rule: Literal["balanced", "random"] = "balanced",
    headline: str = "ua",
    headline_budgets: tuple[int, ...] = (),
    source_figure: Literal["pooled", "mean over corpora"] = "mean over corpora",
    grouped_by: Mapping[str, tuple[int, int]] | None = None,
    schedule: Schedule | None = None,
    frontend: FrontEnd | None = None,
    utterances: Mapping[str, Sequence[Utterance]] | None = None,
    digests: Mapping[str, str] | None = None,
) -> Protocol:
    """Return a protocol; arguments are the fields of `Protocol`, with few exceptions.

    `source` may be several languages, or none: (). `utterances` are those of target corpora, with
    emotions as classes (by default the published ones); `digests` are the field `utterances`.

    Raises:
        InvalidProtocolError: the values do not fit together.
    """
    sources = (source,) if isinstance(source, str) else tuple(source)
    target_classes, fold_speakers = target_classes or {}, fold_speakers or {}
    folds = max((len(groups) for seed in fold_speakers.values() for groups in seed), default=1)
    optional = {
        "folds": folds if folds > 1 else None,
        "fold_speakers": fold_speakers,
        "labelling_rule": labelling_rule if labelling_rule != "balanced" else None,
        "target_classes": target_classes,
        "label_map": label_map,
        "headline_budgets": headline_budgets,
        "utterances": digests,
    }
    stated: dict[str, Any] = {
        "name": name,
        "version": version,
        "about": about,
        "classes": classes,
        "ranks": ranks,
        "headline": headline,
        "source_figure": source_figure,
        **({"source": sources[0]} if len(sources) == 1 else {"sources": sources}),
        "languages": languages,
        "seeds": seeds,
        "budgets": budgets,
        "schedule": schedule or Schedule(),
        "frontend": frontend or FrontEnd(),
        "splits": splits,
        "grouped_by": grouped_by or {},
        "presentation": presentation,
        **{field: value for field, value in optional.items() if value},
    }
    split = Protocol.model_construct(**stated)
    targets = {c: split.classes_of(t) for t in split.targets for c in split.languages[t]}
    labelling = {}
    for corpus, of_target in targets.items():
        given = (utterances or {}).get(corpus) or published_utterances(corpus, of_target)
        labelling[corpus] = tuple(
            labelling_order(
                given,
                split.split_of(corpus, seed, fold).train,
                protocol=name,
                seed=seed,
                classes=of_target,
                most=max(budgets, default=0),
                fold=fold if folds > 1 else None,
                rule=labelling_rule,
                characters=split.grouped_by.get(corpus),
            )
            for seed, fold in split.cells
        )
    return Protocol(**stated, labelling=labelling)
