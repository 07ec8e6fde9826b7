"""The inputs of runs: speech of a protocol's corpora for one backbone and track."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch

from xlser import audio
from xlser.backbones import PretrainedBackbone, Tuning
from xlser.backbones.table import TableFeatures
from xlser.errors import StoreError
from xlser.methods import Schedule, Speech, Track
from xlser.runs.inputs.catalogue import Catalogue
from xlser.runs.inputs.embedding import keep_embeddings
from xlser.runs.inputs.features import (
    CorpusFeatures,
    FeaturesInMemory,
    StoredEmbeddings,
    StoredFeatures,
)
from xlser.system.files import digest_json, safe_name

Watch = Callable[[str, int, int], None]
"""Called with (piece of work, done, total) while speech is prepared."""


def _ignore(work: str, done: int, total: int) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Inputs:
    """What runs of one backbone and track read. Workers on this machine get a copy.

    Attributes:
        catalogue: the corpora.
        backbone: and its weights.
        track: fine-tune runs read what the backbone reads, frozen ones embeddings.
        cache: folder of features, embeddings and source models.
        features: by corpus; empty until they are `prepared`.
    """

    catalogue: Catalogue
    backbone: PretrainedBackbone
    track: Track
    cache: Path
    features: Mapping[str, CorpusFeatures] = field(default_factory=dict)

    @property
    def input(self) -> "audio.Input":
        """What the backbone reads: its own input, else the log-mels of the protocol."""
        return self.backbone.kind.input or self.catalogue.protocol.frontend

    @property
    def schedule(self) -> Schedule:
        """How long and how fast methods train: the protocol's, or where the backbone states it."""
        schedule = self.catalogue.protocol.schedule
        tuning = self.tuning
        if tuning is None or not tuning.schedule:
            return schedule
        return Schedule(**{**schedule.stated(), **tuning.schedule})

    @property
    def tuning(self) -> Tuning | None:
        """How the backbone is fine-tuned; None on the frozen track, or by the protocol alone."""
        return self.backbone.kind.tuning if self.track == "finetune" else None

    def speech(self, ids: Sequence[str]) -> Speech:
        """Return utterances as a method gets them, on the CPU.

        Args:
            ids: of any corpora; the speech is in their order.

        Raises:
            StoreError: the features are not prepared.
        """
        by_corpus: dict[str, list[int]] = {}
        for position, id_ in enumerate(ids):
            by_corpus.setdefault(id_.partition("/")[0], []).append(position)
        if not ids:
            return self._of_corpus(next(iter(self.catalogue.inventories)), [])
        parts = [
            self._of_corpus(corpus, [ids[i] for i in positions])
            for corpus, positions in by_corpus.items()
        ]
        joined = Speech(
            torch.cat([part.features for part in parts]), torch.cat([p.lengths for p in parts])
        )
        order = torch.tensor([i for positions in by_corpus.values() for i in positions])
        return joined if len(parts) == 1 else joined[order.argsort()]

    def _of_corpus(self, corpus: str, ids: Sequence[str]) -> Speech:
        if corpus not in self.features:
            raise StoreError(
                f"The features of {corpus} are not prepared.", "Call Inputs.prepared() first."
            )
        return self.features[corpus].speech(ids)

    def unprepared(self) -> tuple[list[str], list[str]]:
        """Return the corpora whose features, and those whose embeddings, are not in the cache."""
        lacking = list(self.catalogue.inventories)
        if issubclass(self.backbone.kind, TableFeatures):
            return [], []
        if self.track == "frozen":
            lacking = [corpus for corpus in lacking if not self._embeddings_path(corpus).exists()]
        features = [corpus for corpus in lacking if not self._store_folder(corpus).is_dir()]
        return features, lacking if self.track == "frozen" else []

    def prepared(self, watch: Watch = _ignore) -> Self:
        """Return these inputs with their features, after computing what the cache lacks.

        Args:
            watch: called as the work goes on.

        Raises:
            AudioError: recordings that cannot be used; all of a corpus are listed.
            StoreError: the cache cannot be written.
        """
        of_track = self._embeddings if self.track == "frozen" else self._frames
        corpora = self.catalogue.inventories
        features = {corpus: of_track(corpus, watch) for corpus in corpora}
        # Jobs get a copy of these inputs; on the frozen track the weights have done their work.
        frozen = self.track == "frozen"
        backbone = self.backbone.without_state() if frozen else self.backbone
        return replace(self, features=features, backbone=backbone)

    def portable(self) -> "PortableInputs":
        """Return these inputs with all features in memory."""
        return PortableInputs(
            self.catalogue,
            self.backbone,
            self.track,
            self.cache,
            {corpus: features.in_memory() for corpus, features in self.features.items()},
        )

    def with_cache(self, cache: Path) -> Self:
        """Return these inputs with another cache, for a machine that has its own."""
        return replace(self, cache=cache)

    def _frames(self, corpus: str, watch: Watch) -> StoredFeatures:
        return StoredFeatures(self._store(corpus, watch).folder)

    def _embeddings(self, corpus: str, watch: Watch) -> CorpusFeatures:
        """Return embeddings of all utterances of a corpus, computed once."""
        ids = tuple(u.id for u in self.catalogue.inventories[corpus].utterances)
        if issubclass(self.backbone.kind, TableFeatures):
            lengths = np.ones(len(ids), dtype=np.int64)
            return FeaturesInMemory(ids, self.backbone.kind.embeddings(ids).numpy(), lengths)
        path = self._embeddings_path(corpus)
        keep_embeddings(
            self.backbone,
            lambda: self._store(corpus, watch),
            path,
            lambda done, n: watch(f"embedding {corpus}", done, n),
        )
        return StoredEmbeddings(path, ids)

    def _store(self, corpus: str, watch: Watch) -> "audio.FeatureStore":
        return audio.prepare(
            self.catalogue.inventories[corpus],
            self.input,
            self.cache,
            lambda done, total: watch(f"{self.input.title} of {corpus}", done, total),
        )

    def _store_folder(self, corpus: str) -> Path:
        inventory, content = self.catalogue.inventories[corpus], self.catalogue.content[corpus]
        return audio.store_folder(inventory, self.input, content, self.cache)

    def _embeddings_path(self, corpus: str) -> Path:
        backbone = self.backbone
        about: list[object] = [self._store_folder(corpus).name, backbone.kind.name, backbone.digest]
        if recipe := backbone.kind.recipe():
            about.append(recipe)
        name = f"{corpus}-{safe_name(backbone.kind.name)}-{digest_json(about)[:16]}.safetensors"
        return self.cache / "embeddings" / name


@dataclass(frozen=True)
class PortableInputs(Inputs):
    """Inputs with all features in memory, for machines that have neither corpora nor features.

    Attributes:
        features: by corpus.
    """

    features: Mapping[str, FeaturesInMemory]
