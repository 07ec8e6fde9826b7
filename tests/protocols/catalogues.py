"""The utterances of the official releases, by protocol; no file is read."""

from functools import cache

from xlser.corpora import Utterance
from xlser.protocols import (
    Labels,
    Protocol,
    Scenario,
    get_protocol,
    protocol_names,
    published_utterances,
)

CELLS = [
    (name, corpus, seed)
    for name in protocol_names()
    for corpora in get_protocol(name).languages.values()
    for corpus in corpora
    for seed in get_protocol(name).seeds
]
"""Every protocol, corpus and seed."""

TARGETS = [
    (name, target, seed)
    for name in protocol_names()
    for target in get_protocol(name).targets
    for seed in get_protocol(name).seeds
]
"""Every protocol, target language and seed."""


@cache
def corpus_utterances(corpus: str) -> tuple[Utterance, ...]:
    return tuple(published_utterances(corpus))


@cache
def utterances_of(name: str, corpus: str) -> tuple[Utterance, ...]:
    """Return the utterances of a corpus that are of a class of the protocol `name`."""
    return tuple(published_utterances(corpus, get_protocol(name).read_emotions(corpus)))


def catalogue(name: str) -> dict[str, tuple[Utterance, ...]]:
    """Return all that the protocol `name` uses."""
    languages = get_protocol(name).languages
    return {c: utterances_of(name, c) for corpora in languages.values() for c in corpora}


def role_of(protocol: Protocol, corpus: str, seed: int, role: str) -> list[Utterance]:
    """Return the utterances of one corpus that play `role` ("train", "validation", "test").

    Where there are folds, in the first.
    """
    groups = getattr(protocol.split_of(corpus, seed), role)
    return [u for u in utterances_of(protocol.name, corpus) if protocol.group_of(u) in groups]


@cache
def cell(name: str, target: str, seed: int, labels: Labels) -> Scenario:
    """Return a cell over all corpora, made once for all tests."""
    return get_protocol(name).scenario(catalogue(name), target, labels, seed)
