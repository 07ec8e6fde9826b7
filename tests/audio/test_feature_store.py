"""The feature store: what was put in comes out, and a spoilt store says so."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests import trees
from tests.trees import Tiny, scan

from xlser.audio import FeatureStore, FrontEnd, LogMel, prepare
from xlser.audio.store import writing
from xlser.errors import StoreError

LENGTHS = (3, 1, 40, 7, 12)
IDS = [f"tiny/{length}" for length in LENGTHS]
MAPS = Path("/proc/self/maps")
REMEDY = "Delete that folder and run `xlser prepare` again."


def frames_of(length: int) -> np.ndarray:
    return np.random.default_rng(length).normal(size=(length, 64)).astype(np.float16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of five utterances in two record batches."""
    with writing(tmp_path, "tiny", "content", FrontEnd(), ["left-out"]) as out:
        for batch in (LENGTHS[:2], LENGTHS[2:]):
            ids = [f"tiny/{length}" for length in batch]
            out.append(ids, [LogMel(frames_of(length), 0.5, 2.0) for length in batch])
    return tmp_path


def test_frames_come_out_as_they_went_in(folder: Path) -> None:
    store = FeatureStore(folder)
    frames = store.frames(IDS)
    assert list(store.ids) == IDS
    assert frames.values.dtype == np.float16
    assert np.array_equal(frames.values, np.concatenate([frames_of(n) for n in LENGTHS]))
    assert frames.lengths.tolist() == list(LENGTHS)


def test_frames_come_in_the_order_asked_for(folder: Path) -> None:
    order = (12, 3, 40, 3)  # across both batches, backwards, one twice
    frames = FeatureStore(folder).frames([f"tiny/{length}" for length in order])
    assert np.array_equal(frames.values, np.concatenate([frames_of(n) for n in order]))
    assert frames.lengths.tolist() == list(order)


def test_no_utterances_have_no_frames(folder: Path) -> None:
    frames = FeatureStore(folder).frames([])
    assert frames.values.shape == (0, 64)
    assert frames.lengths.shape == (0,)


def test_frames_are_the_callers_own(folder: Path) -> None:
    store = FeatureStore(folder)
    store.frames(IDS[:1]).values[:] = 0
    assert np.array_equal(store.frames(IDS[:1]).values, frames_of(LENGTHS[0]))


@pytest.mark.skipif(not MAPS.exists(), reason="this system does not list what is mapped")
def test_rows_are_mapped_and_not_read(folder: Path) -> None:
    store = FeatureStore(folder)
    assert str(store.folder.resolve() / "frames.arrow") in MAPS.read_text()


def test_unknown_utterance_is_named(folder: Path) -> None:
    with pytest.raises(StoreError, match=r"does not hold tiny/99 \(2 ids in all\)"):
        FeatureStore(folder).frames([IDS[0], "tiny/99", "tiny/100"])


def test_store_remembers_what_was_left_out(folder: Path) -> None:
    assert FeatureStore(folder).about.excluded == ("left-out",)


def test_stores_of_the_same_speech_are_the_same_bytes(tmp_path: Path) -> None:
    inventory = scan(Tiny(), trees.tiny(tmp_path / "tiny"))
    one, two = (prepare(inventory, FrontEnd(), tmp_path / cache) for cache in ("one", "two"))
    for file in ("frames.arrow", "store.json"):
        assert (one.folder / file).read_bytes() == (two.folder / file).read_bytes()


def test_truncated_store_says_what_to_do(folder: Path) -> None:
    trees.cut(folder / "frames.arrow", 100)
    with pytest.raises(StoreError, match=r"frames\.arrow is missing or truncated") as error:
        FeatureStore(folder)
    assert error.value.remedy == REMEDY
    assert str(folder) in error.value.problem


def test_store_without_its_frames_says_what_to_do(folder: Path) -> None:
    (folder / "frames.arrow").unlink()
    with pytest.raises(StoreError, match=r"frames\.arrow is missing or truncated"):
        FeatureStore(folder)


def test_store_of_overwritten_bytes_says_what_to_do(folder: Path) -> None:
    (folder / "frames.arrow").write_bytes(b"\x07" * (folder / "frames.arrow").stat().st_size)
    with pytest.raises(StoreError, match="no Arrow file"):
        FeatureStore(folder)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda about: about | {"version": 0}, id="older"),
        pytest.param(lambda about: about | {"version": 2}, id="newer"),
    ],
)
def test_store_of_another_version_says_so(damage, folder: Path) -> None:
    change(folder, damage)
    with pytest.raises(StoreError, match=r"it is of version \d, not 1") as error:
        FeatureStore(folder)
    assert error.value.remedy == REMEDY


def test_store_with_another_number_of_rows_says_so(folder: Path) -> None:
    change(folder, lambda about: about | {"utterances": 6})
    with pytest.raises(StoreError, match="it holds 5 rows, not 6"):
        FeatureStore(folder)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"{", b'{"version": "new"}', b"\xff"])
def test_store_whose_description_is_spoilt_says_so(content: bytes | None, folder: Path) -> None:
    (folder / "store.json").unlink()
    if content is not None:
        (folder / "store.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"store\.json cannot be read"):
        FeatureStore(folder)


def test_no_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a complete feature store"):
        FeatureStore(tmp_path / "nowhere")


def test_spoilt_store_is_not_silently_used_by_prepare(tmp_path: Path) -> None:
    inventory = scan(Tiny(), trees.tiny(tmp_path / "tiny"))
    store = prepare(inventory, FrontEnd(), tmp_path / "cache")
    trees.cut(store.folder / "frames.arrow", 1)
    with pytest.raises(StoreError, match="truncated"):
        prepare(inventory, FrontEnd(), tmp_path / "cache")


def change(folder: Path, damage) -> None:
    about = folder / "store.json"
    about.write_text(json.dumps(damage(json.loads(about.read_text()))))
