"""The speech a protocol needs, as it lies on this machine."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xlser import audio
from xlser.backbones import PretrainedBackbone
from xlser.corpora import Inventory, Utterance, find_root, get_corpus, locate, read_for, scan
from xlser.errors import ProtocolError, StoreError
from xlser.files import digest_json
from xlser.methods import ATTRIBUTES, Attribute, Speech, Track
from xlser.protocols import Labels, Protocol, Scenario
from xlser.protocols.published import utterances_digest
from xlser.runs.tensors import load_tensors, save_tensors
from xlser.settings import Settings
from xlser.training import embed, seeded

Watch = Callable[[str, int, int], None]
"""Called with (what is going on, done, total)."""


@dataclass
class SpeechData:
    """Corpora, features and embeddings for the scenarios of one protocol.

    Attributes:
        protocol: whose scenarios.
        settings: where things lie.
        inventories: corpora at hand, by name.
        watch: told how far preparing and embedding are.
    """

    protocol: Protocol
    settings: Settings
    inventories: Mapping[str, Inventory]
    watch: Watch

    def scenario(self, target: str, labels: Labels, seed: int, fold: int = 0) -> Scenario:
        """Return a cell of the protocol over the corpora at hand."""
        catalogue = {name: i.utterances for name, i in self.inventories.items()}
        return self.protocol.scenario(catalogue, target, labels, seed, fold)

    def frontend(self, backbone: PretrainedBackbone) -> "audio.FrontEnd":
        """Return what the log-mels for `backbone` are computed with."""
        return backbone.kind.frontend or self.protocol.frontend

    @cached_property
    def content(self) -> dict[str, str]:
        """Content digest of each corpus at hand.

        Raises:
            AudioError: recordings that cannot be read; all of a corpus are listed.
            StoreError: the cache cannot be written.
        """
        return {
            name: digest_json([list(item) for item in of_files.items()])
            for name, of_files in self._files.items()
        }

    @cached_property
    def _files(self) -> dict[str, dict[str, str]]:
        """Digest of each utterance's file, by corpus and id."""
        cache = self.settings.cache
        try:
            return {name: audio.file_digests(i, cache) for name, i in self.inventories.items()}
        except OSError as cause:
            raise StoreError(
                f"Nothing can be kept under {cache}: {cause}.",
                "Free some space, or set XLSER_CACHE to a folder you can write.",
            ) from cause

    def excluded(self, corpora: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the utterances left out of `corpora`, by corpus."""
        left_out = {name: self.inventories[name].excluded for name in corpora}
        return {name: names for name, names in left_out.items() if names}

    def prepare(self, track: Track, backbone: PretrainedBackbone) -> None:
        """Make what runs on a track read, where it is not there, and open it.

        That is a feature store a corpus, or its embeddings.

        Raises:
            AudioError: recordings that cannot be used; all of a corpus are listed.
            StoreError: the cache cannot be written.
        """
        for corpus in self.inventories:
            if track == "frozen":
                self._embeddings(corpus, backbone)
            else:
                self._store(corpus, backbone)

    def unprepared(self, track: Track, backbone: PretrainedBackbone) -> tuple[list[str], list[str]]:
        """Return the corpora whose features, and those whose embeddings, `prepare` would make."""
        lacking = list(self.inventories)
        if track == "frozen":
            lacking = [c for c in lacking if not self._embeddings_path(c, backbone).exists()]
        features = [c for c in lacking if not self._store_folder(c, backbone).is_dir()]
        return features, lacking if track == "frozen" else []

    def __getstate__(self) -> dict[str, Any]:
        """Travel to another process with what is in memory, without open files and onlookers."""
        kept = {name: value for name, value in vars(self).items() if name != "_stores"}
        return {**kept, "watch": _unwatched}

    def carried(self) -> "SpeechData":
        """Return a copy that holds in memory what runs read, for a machine without these files."""
        assert self.content  # is of the files as well
        copy = replace(self)
        vars(copy).update(vars(self))
        if not self._embedded:  # else the stores served to compute that
            copy._held = {key: HeldFrames(store) for key, store in self._stores.items()}
        return copy

    def speech(self, ids: Sequence[str], track: Track, backbone: PretrainedBackbone) -> Speech:
        """Return the utterances `ids` as a method sees them, on the CPU."""
        if not ids:
            return self._none(track, backbone)
        by_corpus: dict[str, list[int]] = {}
        for position, id_ in enumerate(ids):
            by_corpus.setdefault(id_.partition("/")[0], []).append(position)
        parts = [
            self._of_corpus(corpus, [ids[i] for i in positions], track, backbone)
            for corpus, positions in by_corpus.items()
        ]
        joined = Speech(
            torch.cat([part.features for part in parts]), torch.cat([p.lengths for p in parts])
        )
        order = torch.tensor([i for positions in by_corpus.values() for i in positions])
        return joined[order.argsort()]

    def veiled(self, ids: Sequence[str], scenario: Scenario) -> list[str]:
        """Return `ids` in an order that only the recordings tell.

        The protocol's own order follows from published names, and with it the emotion of every
        utterance: who is to be kept from the emotions is handed no utterances in it.
        """

        def key(id_: str) -> bytes:
            file = self._files[id_.partition("/")[0]][id_]
            return hashlib.sha256(f"{scenario.digest}/{file}".encode()).digest()

        return sorted(ids, key=key)

    def attribute(self, ids: Sequence[str], name: Attribute) -> Tensor:
        """Return what the corpora tell of `ids`, shape (utterances,), indices into `ATTRIBUTES`.

        Raises:
            ProtocolError: a corpus does not state it for every speaker.
        """
        values = ATTRIBUTES[name]
        utterances = [self._utterances[id_] for id_ in ids]
        told = (
            [u.gender for u in utterances]
            if name == "gender"
            else [self.inventories[u.corpus].corpus.naturalness for u in utterances]
        )
        unknown = {
            u.corpus for u, value in zip(utterances, told, strict=True) if value not in values
        }
        if unknown:
            raise ProtocolError(
                f"The {name} of some speakers of {', '.join(sorted(unknown))} is not known.",
                f"Choose a method that does not need the {name} of speakers.",
            )
        return torch.tensor([values.index(value) for value in told], dtype=torch.long)

    def _of_corpus(
        self, corpus: str, ids: Sequence[str], track: Track, backbone: PretrainedBackbone
    ) -> Speech:
        if track == "frozen":
            row = self._rows[corpus]
            embeddings = self._embeddings(corpus, backbone)[[row[id_] for id_ in ids]]
            return Speech(embeddings, torch.ones(len(ids), dtype=torch.long))
        held = self._held.get((corpus, self.frontend(backbone)))
        frames = (held or self._store(corpus, backbone)).frames(ids)
        return Speech(torch.from_numpy(frames.values), torch.from_numpy(frames.lengths))

    def _none(self, track: Track, backbone: PretrainedBackbone) -> Speech:
        lengths = torch.zeros(0, dtype=torch.long)
        if track == "frozen":
            return Speech(torch.zeros(0, backbone.kind.dimension), lengths)
        mels = self.frontend(backbone).mels
        return Speech(torch.zeros(0, mels, dtype=torch.half), lengths)

    def _store(self, corpus: str, backbone: PretrainedBackbone) -> "audio.FeatureStore":
        frontend = self.frontend(backbone)
        if (corpus, frontend) not in self._stores:
            self._stores[corpus, frontend] = audio.prepare(
                self.inventories[corpus],
                frontend,
                self.settings.cache,
                lambda done, total: self.watch(f"log-mel of {corpus}", done, total),
            )
        return self._stores[corpus, frontend]

    @cached_property
    def _utterances(self) -> dict[str, Utterance]:
        return {u.id: u for inventory in self.inventories.values() for u in inventory.utterances}

    @cached_property
    def _stores(self) -> dict[tuple[str, "audio.FrontEnd"], "audio.FeatureStore"]:
        return {}

    @cached_property
    def _held(self) -> dict[tuple[str, "audio.FrontEnd"], "HeldFrames"]:
        return {}

    @cached_property
    def _rows(self) -> dict[str, dict[str, int]]:
        """Place of each utterance in its corpus: of a feature store's rows and of embeddings."""
        return {
            name: {u.id: row for row, u in enumerate(inventory.utterances)}
            for name, inventory in self.inventories.items()
        }

    @cached_property
    def _embedded(self) -> dict[tuple[str, str], Tensor]:
        return {}

    def _embeddings(self, corpus: str, backbone: PretrainedBackbone) -> Tensor:
        """Return embeddings of all utterances of a corpus, in the store's order; computed once."""
        known = self._embedded.get((corpus, backbone.kind.name))
        if known is None:
            known = self._embedded[corpus, backbone.kind.name] = self._compute(corpus, backbone)
        return known

    def _store_folder(self, corpus: str, backbone: PretrainedBackbone) -> Path:
        inventory, content = self.inventories[corpus], self.content[corpus]
        frontend, cache = self.frontend(backbone), self.settings.cache
        return audio.store_folder(inventory, frontend, content, cache)

    def _embeddings_path(self, corpus: str, backbone: PretrainedBackbone) -> Path:
        about = [self._store_folder(corpus, backbone).name, backbone.kind.name, backbone.digest]
        name = f"{corpus}-{backbone.kind.name}-{digest_json(about)[:16]}.safetensors"
        return self.settings.cache / "embeddings" / name

    def _compute(self, corpus: str, backbone: PretrainedBackbone) -> Tensor:
        path = self._embeddings_path(corpus, backbone)
        if known := load_tensors(path):
            return known[0]["embeddings"]
        store = self._store(corpus, backbone)
        with seeded(0, "random backbone"):  # matters to `--weights random` alone
            network = backbone.build()
        frames = store.frames(store.ids)
        speech = Speech(torch.from_numpy(frames.values), torch.from_numpy(frames.lengths))
        embeddings = embed(
            network, speech, lambda done, n: self.watch(f"embedding {corpus}", done, n)
        )
        save_tensors(path, {"embeddings": embeddings})
        return embeddings


class HeldFrames:
    """All frames of a feature store, in memory: arrays, which travel without being copied."""

    def __init__(self, store: "audio.FeatureStore") -> None:
        self._all = store.frames(store.ids)
        self._ends = self._all.lengths.cumsum()
        self._row = {id_: row for row, id_ in enumerate(store.ids)}

    def frames(self, ids: Sequence[str]) -> "audio.Frames":
        """Return the frames of `ids`, in that order, as the store does."""
        rows = [self._row[id_] for id_ in ids]
        parts = [
            self._all.values[self._ends[r] - self._all.lengths[r] : self._ends[r]] for r in rows
        ]
        return audio.Frames(np.concatenate([self._all.values[:0], *parts]), self._all.lengths[rows])


def _unwatched(work: str, done: int, total: int) -> None:
    """Take what is told and tell nobody."""


def gather(
    protocol: Protocol, targets: Sequence[str], settings: Settings, watch: Watch
) -> SpeechData:
    """Scan the corpora that `targets` need.

    A source corpus that is nowhere to be found is left out, which makes every run partial and is
    stated in its record. A target corpus must be there.

    Raises:
        UnknownNameError: no such target.
        CorpusNotFoundError: no folder for a target's corpus, or for any source corpus.
        IncompleteCorpusError: a corpus lacks utterances.
        ProtocolError: a corpus of one's own has other utterances than the protocol was frozen on.
    """
    source = [get_corpus(name) for name in protocol.source_corpora]
    # One that xlser.toml names is meant to be there: `locate` says so if it is not.
    at_hand = [c for c in source if c.name in settings.corpora or find_root(c, settings)]
    corpora = at_hand or source[:1]  # with none at all, say where the first was looked for
    corpora += [get_corpus(name) for target in targets for name in protocol.corpora_of(target)]
    inventories = {
        c.name: scan(
            c,
            locate(c, settings),
            settings.exclude.get(c.name, ()),
            read_for(protocol.read_emotions(c.name)),
        )
        for c in corpora
    }
    for inventory in inventories.values():
        _require_utterances(protocol, inventory)
    return SpeechData(protocol, settings, inventories, watch)


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
