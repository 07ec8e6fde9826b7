"""The corpora of a protocol on this machine: their utterances, and digests of their content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xlser import audio
from xlser.corpora import Inventory, find_root, get_corpus, locate_all, read_for, scan
from xlser.errors import ProtocolError, StoreError
from xlser.methods import ATTRIBUTES, Attribute
from xlser.protocols import Labels, Protocol, Scenario, Scenarios
from xlser.protocols.published import utterances_digest
from xlser.settings import Settings
from xlser.system.files import digest_json


@dataclass(frozen=True)
class Catalogue:
    """Corpora of one protocol, as they are on this machine.

    Attributes:
        protocol: whose corpora.
        inventories: utterances and exclusions, by corpus.
        recordings: SHA-256 of each utterance's file, by id.
        content: digest of all recordings of a corpus, by corpus.
    """

    protocol: Protocol
    inventories: Mapping[str, Inventory]
    recordings: Mapping[str, str]
    content: Mapping[str, str]

    def scenario(
        self, target: str, labels: Labels, seed: int, fold: int = 0, draw: int = 0
    ) -> Scenario:
        """Return a scenario of the protocol over these corpora.

        Args:
            target: language.
            labels: budget of target labels, or "all".
            seed: one of the protocol's.
            fold: of the seed.
            draw: of the labelled utterances; 0 is the protocol's.
        """
        return self._scenarios.of(target, labels, seed, fold, draw)

    @cached_property
    def _scenarios(self) -> Scenarios:
        utterances = {name: i.utterances for name, i in self.inventories.items()}
        return Scenarios(self.protocol, utterances)

    def __getstate__(self) -> dict[str, Any]:
        """Travel without scenarios, which are made anew where they are needed."""
        return {name: value for name, value in vars(self).items() if name != "_scenarios"}

    def excluded(self, corpora: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the names of excluded utterances, by corpus, of those `corpora` that have any."""
        left_out = {name: self.inventories[name].excluded for name in corpora}
        return {name: names for name, names in left_out.items() if names}

    @cached_property
    def attributes(self) -> Mapping[Attribute, Mapping[str, str]]:
        """A column for each attribute: its value, by utterance id."""
        utterances = [(u, i.corpus) for i in self.inventories.values() for u in i.utterances]
        return {
            "gender": {u.id: u.gender for u, _ in utterances},
            "naturalness": {u.id: corpus.naturalness for u, corpus in utterances},
        }

    def attribute(self, ids: Sequence[str], name: Attribute) -> Tensor:
        """Return an attribute of utterances as indices into `ATTRIBUTES`.

        Args:
            ids: of the utterances.
            name: of the attribute.

        Returns:
            int64, shape (utterances,).

        Raises:
            ProtocolError: a corpus does not state it for every speaker.
        """
        column, values = self.attributes[name], ATTRIBUTES[name]
        unknown = {id_.partition("/")[0] for id_ in ids if column[id_] not in values}
        if unknown:
            raise ProtocolError(
                f"The {name} of some speakers of {', '.join(sorted(unknown))} is not known.",
                f"Choose a method that does not need the {name} of speakers.",
            )
        return torch.tensor([values.index(column[id_]) for id_ in ids], dtype=torch.long)


def gather(protocol: Protocol, targets: Sequence[str], settings: Settings) -> Catalogue:
    """Find and scan the corpora that `targets` need, and digest their recordings.

    A source corpus that is not found is left out, which makes every run partial and is stated in
    its record. A target corpus must be there.

    Args:
        protocol: whose corpora.
        targets: languages.
        settings: folders of corpora, exclusions, and the cache of digests.

    Raises:
        UnknownNameError: no such target.
        CorpusNotFoundError: no folder for a target's corpus, or for any source corpus; all that
            are missing are named.
        IncompleteCorpusError: a corpus lacks utterances.
        ProtocolError: a corpus of one's own has other utterances than the protocol was frozen on.
        AudioError: recordings cannot be read; all of a corpus are listed.
        StoreError: the cache cannot be written.
    """
    source = [get_corpus(name) for name in protocol.source_corpora]
    # A folder that xlser.toml names must be there: `locate_all` raises if it is not.
    corpora = [c for c in source if c.name in settings.corpora or find_root(c, settings)] or source
    corpora += [get_corpus(name) for target in targets for name in protocol.corpora_of(target)]
    roots = locate_all(corpora, settings)
    inventories = {
        c.name: scan(
            c,
            roots[c.name],
            settings.exclude.get(c.name, ()),
            read_for(protocol.read_emotions(c.name)),
        )
        for c in corpora
    }
    for inventory in inventories.values():
        _require_utterances(protocol, inventory)
    recordings = {name: _digests(i, settings.cache) for name, i in inventories.items()}
    return Catalogue(
        protocol,
        inventories,
        {id_: digest for of_corpus in recordings.values() for id_, digest in of_corpus.items()},
        {name: digest_json([list(item) for item in of.items()]) for name, of in recordings.items()},
    )


def _require_utterances(protocol: Protocol, inventory: Inventory) -> None:
    """Compare a corpus with the digest that the protocol states of its utterances, if any.

    Raises:
        ProtocolError: they differ.
    """
    corpus = inventory.corpus
    expected = protocol.utterances.get(corpus.name)
    if expected is None:
        return
    read = protocol.read_emotions(corpus.name)
    there = [(u.name, u.speaker, u.emotion) for u in inventory.utterances]
    left_out = [(name, corpus.spoken(name)) for name in inventory.excluded]
    there += [(name, spoken.speaker, spoken.emotion) for name, spoken in left_out if spoken]
    found = utterances_digest(each for each in there if each[2] in read)
    if found != expected:
        raise ProtocolError(
            f"{corpus.title} in {inventory.root} has other utterances, speakers or emotions than "
            f"{protocol.name} was frozen on: their digest is {found[:8]}, not {expected[:8]}.",
            "Restore the table and files that it was frozen on, or freeze a protocol of another "
            "name.",
        )


def _digests(inventory: Inventory, cache: Path) -> dict[str, str]:
    try:
        return audio.file_digests(inventory, cache)
    except OSError as cause:
        raise StoreError(
            f"Nothing can be kept under {cache}: {cause}.",
            "Free some space, or set XLSER_CACHE to a folder you can write.",
        ) from cause
