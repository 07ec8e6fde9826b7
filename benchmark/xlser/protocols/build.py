"""Writes the manifests of the protocols from the published facts of the corpora alone.

`python -m xlser.protocols.build FOLDER` needs no recording; a test holds its output against the
committed manifests byte for byte.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from xlser.audio import FrontEnd
from xlser.corpora import EMOTIONS, Utterance, get_corpus
from xlser.protocols.partition import Profile, partition
from xlser.protocols.protocol import Protocol, Schedule, Split, shuffling_key

_LANGUAGES = {
    "english": ("ravdess", "savee", "tess"),
    "french": ("cafe",),
    "german": ("emodb",),
    "italian": ("emovo",),
    "persian": ("shemo",),
}
_DEMO_LANGUAGES = {language: (f"demo-{language}",) for language in _LANGUAGES}
_SEEDS = (0, 1, 2)
_GROUPS = 5
_SHEMO_NUMBER = (4, 6)  # SERAB groups ShEMO by these characters: the utterance's number


def build() -> list[Protocol]:
    """Return every protocol."""
    paper = _protocol(
        name="agarla2022",
        about="Agarla et al. (2022) as written: SERAB's seed-0 speakers, its ShEMO flaw included.",
        languages=_LANGUAGES,
        splits={c: (_serab_split(c),) * len(_SEEDS) for cs in _LANGUAGES.values() for c in cs},
        headline="accuracy",
        source_figure="pooled",
        grouped_by={"shemo": _SHEMO_NUMBER},
    )
    four = _protocol(
        name="agarla2022-4",
        about="The four-class variant of Table 6: fear dropped, no target labels.",
        classes=tuple(emotion for emotion in EMOTIONS if emotion != "fear"),
        budgets=(0,),
        **{k: getattr(paper, k) for k in ("languages", "splits", "headline", "source_figure")},
        grouped_by=paper.grouped_by,
    )
    ranking = _protocol(
        name="v1",
        about="The protocol that ranks: every split speaker-disjoint, speakers rotate with seeds.",
        languages=_LANGUAGES,
        splits={c: _rotating_splits(c) for cs in _LANGUAGES.values() for c in cs},
        ranks=True,
    )
    demo = _protocol(
        name="demo",
        about="Synthetic speech in five languages, for a first run; it ranks nothing.",
        languages=_DEMO_LANGUAGES,
        splits={c: _rotating_splits(c) for cs in _DEMO_LANGUAGES.values() for c in cs},
        budgets=(0, 20),
        schedule=Schedule(epochs=20, batch=50),
    )
    return [paper, four, ranking, demo]


def _protocol(
    *,
    name: str,
    about: str,
    languages: Mapping[str, tuple[str, ...]],
    splits: Mapping[str, tuple[Split, ...]],
    ranks: bool = False,
    classes: tuple[str, ...] = EMOTIONS,
    budgets: tuple[int, ...] = (0, 25, 50, 100),
    headline: Literal["ua", "accuracy"] = "ua",
    source_figure: Literal["pooled", "mean over corpora"] = "mean over corpora",
    grouped_by: Mapping[str, tuple[int, int]] | None = None,
    schedule: Schedule | None = None,
) -> Protocol:
    """Fill in what most protocols share, and choose the utterances to be labelled."""
    unlabelled = Protocol(
        name=name,
        version=1,
        about=about,
        classes=classes,
        ranks=ranks,
        headline=headline,
        source_figure=source_figure,
        source="english",
        languages=languages,
        seeds=_SEEDS,
        budgets=budgets,
        schedule=schedule or Schedule(),
        frontend=FrontEnd(),
        splits=splits,
        grouped_by=grouped_by or {},
        labelling={},
    )
    targets = [corpus for target in unlabelled.targets for corpus in languages[target]]
    labelling = {c: tuple(_labelling_order(unlabelled, c, s) for s in _SEEDS) for c in targets}
    return unlabelled.model_copy(update={"labelling": labelling})


def published_utterances(corpus_name: str) -> list[Utterance]:
    """Return the five-class utterances of the official release, without files."""
    corpus = get_corpus(corpus_name)
    return [
        Utterance(
            id=f"{corpus.name}/{name}",
            speaker=spoken.speaker,
            gender=corpus.speakers[spoken.speaker],
            emotion=spoken.emotion,
            sentence=spoken.sentence,
            path=Path(name),
        )
        for name, spoken in corpus.published().items()
        if spoken.emotion in EMOTIONS
    ]


def _serab_split(corpus_name: str) -> Split:
    """Return SERAB's seed-0 speakers: 60 % train, 20 % validation, the rest test.

    SERAB (Scheidwasser-Clow et al. 2022) lacks TESS: one of its two speakers trains.
    """
    if corpus_name == "tess":
        return Split(train=("YAF",), validation=(), test=("OAF",))
    groups = sorted({_serab_group(u) for u in published_utterances(corpus_name)})
    np.random.RandomState(0).shuffle(groups)
    train, validation = int(0.6 * len(groups)), int(0.8 * len(groups))
    return Split(
        train=tuple(groups[:train]),
        validation=tuple(groups[train:validation]),
        test=tuple(groups[validation:]),
    )


def _serab_group(utterance: Utterance) -> str:
    return (
        utterance.name[slice(*_SHEMO_NUMBER)] if utterance.corpus == "shemo" else utterance.speaker
    )


def _rotating_splits(corpus_name: str) -> tuple[Split, ...]:
    """Return v1's splits: seed s tests on group s, validates on group s + 1, trains on the rest.

    Of two groups one trains and one tests.
    """
    profiles = _profiles(published_utterances(corpus_name))
    groups = partition(profiles, min(_GROUPS, len(profiles)))
    splits = []
    for seed in _SEEDS:
        test, next_one = seed % len(groups), (seed + 1) % len(groups)
        validation = groups[next_one] if len(groups) > 2 else []
        held_out = {*groups[test], *validation}
        train = sorted(speaker for speaker in profiles if speaker not in held_out)
        splits.append(
            Split(train=tuple(train), validation=tuple(validation), test=tuple(groups[test]))
        )
    return tuple(splits)


def _profiles(utterances: Sequence[Utterance]) -> dict[str, Profile]:
    """Return each speaker's utterances per class, then per gender."""
    counts: dict[str, list[int]] = {}
    for utterance in utterances:
        count = counts.setdefault(utterance.speaker, [0] * (len(EMOTIONS) + 2))
        count[EMOTIONS.index(utterance.emotion)] += 1
        count[len(EMOTIONS) + (utterance.gender == "male")] += 1
    return {speaker: tuple(counts[speaker]) for speaker in sorted(counts)}


def _labelling_order(protocol: Protocol, corpus_name: str, seed: int) -> tuple[str, ...]:
    """Return train utterances in the order in which they are labelled, up to the largest budget.

    The classes take turns, so that every budget is class-balanced as far as the classes reach;
    within a class the order is random.
    """
    split = protocol.splits[corpus_name][protocol.seeds.index(seed)]
    waiting: list[list[str]] = []
    for emotion in protocol.classes:
        members = [
            u
            for u in published_utterances(corpus_name)
            if u.emotion == emotion and protocol.group_of(u) in split.train
        ]
        members.sort(key=lambda u: shuffling_key(f"{protocol.name}/labels", seed, u.id))
        waiting.append([u.name for u in reversed(members)])
    order: list[str] = []
    while any(waiting) and len(order) < max(protocol.budgets):
        order += [names.pop() for names in waiting if names]
    return tuple(order[: max(protocol.budgets)])


def write(folder: Path) -> None:
    """Write a manifest a protocol into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for protocol in build():
        manifest = {**protocol.model_dump(mode="json"), "digest": protocol.digest}
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (folder / f"{protocol.name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
