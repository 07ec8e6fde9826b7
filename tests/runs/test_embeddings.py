"""Embeddings lie in one file, which processes map into their memory."""

import pickle
from pathlib import Path

import psutil
import pytest
import torch
from tests.demo import Demo

from xlser.errors import StoreError
from xlser.runs.inputs.features import StoredEmbeddings


def stored(demo: Demo) -> StoredEmbeddings:
    features = demo.inputs().features["demo-german"]
    assert isinstance(features, StoredEmbeddings)
    return features


def test_a_worker_is_sent_their_place_and_reads_the_same_rows(tmp_path: Path) -> None:
    features = stored(Demo(tmp_path))
    some = features.ids[3::-1]
    before = features.speech(some)
    sent = pickle.dumps(features)
    assert len(sent) < 40 * len(features.ids) < features.path.stat().st_size
    arrived = pickle.loads(sent)
    assert torch.equal(arrived.speech(some).features, before.features)
    assert torch.equal(before.features, features.in_memory().speech(some).features)


def test_rows_are_mapped_not_read(tmp_path: Path) -> None:
    features = stored(Demo(tmp_path))
    features.speech(features.ids[:1])
    assert str(features.path) in {each.path for each in psutil.Process().memory_maps()}


def test_what_is_handed_out_can_be_changed_without_harm(tmp_path: Path) -> None:
    features = stored(Demo(tmp_path))
    first = features.speech(features.ids[:2]).features
    kept = first.clone()
    first.zero_()
    assert torch.equal(features.speech(features.ids[:2]).features, kept)


def test_a_file_that_is_gone_is_an_error_that_names_it(tmp_path: Path) -> None:
    features = stored(Demo(tmp_path))
    features.path.unlink()
    elsewhere = StoredEmbeddings(features.path.with_name("gone.safetensors"), features.ids)
    with pytest.raises(StoreError, match=r"gone\.safetensors are gone or not whole"):
        elsewhere.speech(features.ids[:1])
