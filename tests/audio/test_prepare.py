"""Preparing a corpus: once for its content and front-end, whole or not at all."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from tests import trees
from tests.trees import Tiny, full_disk, names_in, scan

from xlser.audio import Extractor, FeatureStore, FrontEnd, content_digest, load, prepare
from xlser.corpora import get_corpus
from xlser.errors import AudioError, StoreError

FRONTEND = FrontEnd()
SAVEE = get_corpus("savee")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return trees.tiny(tmp_path / "tiny")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def stores(cache: Path) -> list[str]:
    """All that lies among the stores, leftovers too."""
    return names_in(cache / "features") if (cache / "features").exists() else []


def test_every_utterance_is_stored_as_the_front_end_gives_it(root: Path, cache: Path) -> None:
    inventory = scan(Tiny(), root)
    store = prepare(inventory, FRONTEND, cache)
    assert store.ids == tuple(u.id for u in inventory.utterances)
    for utterance in inventory.utterances:
        expected = Extractor(FRONTEND)(load(utterance.path)).frames
        assert np.array_equal(store.frames([utterance.id]).values, expected)


def test_store_says_what_it_was_made_from(root: Path, cache: Path) -> None:
    inventory = scan(Tiny(), root)
    about = prepare(inventory, FRONTEND, cache).about
    assert (about.corpus, about.utterances, about.excluded) == ("tiny", 20, ())
    assert about.frontend == FRONTEND
    assert about.content == inventory.digest()


def test_second_call_decodes_nothing(
    root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise AssertionError(f"{path} was decoded again")

    first = prepare(scan(Tiny(), root), FRONTEND, cache)
    monkeypatch.setattr(sys.modules["xlser.audio.prepare"], "load", refuse)
    second = prepare(scan(Tiny(), root), FRONTEND, cache)
    assert second.folder == first.folder


def test_another_front_end_has_another_store(root: Path, cache: Path) -> None:
    inventory = scan(Tiny(), root)
    coarse = prepare(inventory, FrontEnd(mels=32), cache)
    assert prepare(inventory, FRONTEND, cache).folder != coarse.folder
    assert coarse.frames(coarse.ids).values.shape[1] == coarse.width == 32


def test_file_of_the_same_name_with_other_content_makes_another_store(
    root: Path, cache: Path
) -> None:
    old = prepare(scan(Tiny(), root), FRONTEND, cache)
    trees.record(root / "ann-anger-1.wav", trees.noise(seed=99))
    new = prepare(scan(Tiny(), root), FRONTEND, cache)
    fresh = Extractor(FRONTEND)(trees.noise(seed=99)).frames
    assert new.folder != old.folder
    assert np.abs(new.frames(["tiny/ann-anger-1"]).values - fresh).max() < 0.1


def test_content_of_the_same_size_and_time_is_noticed(root: Path, cache: Path) -> None:
    inventory = scan(Tiny(), root)
    file = root / "ann-anger-1.wav"
    before, stat = content_digest(inventory, cache), file.stat()
    flipped = bytearray(file.read_bytes())
    flipped[-1] ^= 1
    (root / "other").write_bytes(flipped)
    os.utime(root / "other", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (root / "other").replace(file)  # as an archive tool does, with the time it recorded
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert content_digest(inventory, cache) != before


def test_content_digest_is_that_of_the_inventory_however_often_asked(
    root: Path, cache: Path
) -> None:
    inventory = scan(Tiny(), root)
    digests = {content_digest(inventory, cache) for _ in range(2)}
    assert digests == {inventory.digest()}


@pytest.mark.parametrize("memo", [b"", b"not json", b"[1, 2]"])
def test_spoilt_memory_of_digests_is_made_anew(memo: bytes, root: Path, cache: Path) -> None:
    inventory = scan(Tiny(), root)
    digest = content_digest(inventory, cache)
    (file,) = (cache / "digests").iterdir()
    file.write_bytes(memo)
    assert content_digest(inventory, cache) == digest


def test_copy_in_another_place_shares_the_store(root: Path, cache: Path, tmp_path: Path) -> None:
    moved = trees.tiny(tmp_path / "moved")
    folder = prepare(scan(Tiny(), root), FRONTEND, cache).folder
    assert prepare(scan(Tiny(), moved), FRONTEND, cache).folder == folder


def test_progress_counts_up_to_all_utterances(tmp_path: Path, cache: Path) -> None:
    root = trees.recordings(SAVEE, tmp_path / "savee")
    told: list[tuple[int, int]] = []
    prepare(scan(SAVEE, root), FRONTEND, cache, lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert len(told) > 1
    assert told[-1] == (360, 360)


def test_corpus_of_which_all_is_excluded_has_an_empty_store(root: Path, cache: Path) -> None:
    store = prepare(scan(Tiny(), root, ["*"]), FRONTEND, cache)
    assert store.ids == ()
    assert store.frames([]).values.shape == (0, 64)


def spoil(root: Path) -> list[str]:
    """Spoil three recordings far apart, each in its own way; return their names."""
    (root / "DC_a01.wav").write_text("no recording")
    trees.cut(root / "JK_f03.wav", 100)
    trees.record(root / "KL_sa15.wav", np.zeros(1600, dtype=np.float32))
    return ["DC_a01", "JK_f03", "KL_sa15"]


def test_all_corrupt_recordings_are_listed_and_no_store_is_left(
    tmp_path: Path, cache: Path
) -> None:
    root = trees.recordings(SAVEE, tmp_path / "savee")
    names = spoil(root)
    with pytest.raises(AudioError, match="3 recordings of SAVEE cannot be used") as error:
        prepare(scan(SAVEE, root), FRONTEND, cache)
    assert all(f"savee/{name}: {root / name}.wav" in error.value.problem for name in names)
    assert "--exclude savee/NAME" in error.value.remedy
    assert stores(cache) == []


def test_corrupt_recordings_that_are_excluded_stop_nothing_and_are_stated(
    root: Path, cache: Path
) -> None:
    (root / "ann-anger-1.wav").write_text("no recording")
    store = prepare(scan(Tiny(), root, ["ann-anger-1"]), FRONTEND, cache)
    assert store.about.excluded == ("ann-anger-1",)
    assert len(store.ids) == store.about.utterances == 19
    assert "tiny/ann-anger-1" not in store.ids


def test_recording_too_short_for_a_frame_is_named(root: Path, cache: Path) -> None:
    trees.record(root / "ann-anger-1.wav", trees.noise(seconds=0.05))
    with pytest.raises(AudioError, match=r"tiny/ann-anger-1: 800 samples .* too few"):
        prepare(scan(Tiny(), root), FRONTEND, cache)


def test_recording_that_vanished_since_the_scan_is_named(root: Path, cache: Path) -> None:
    inventory = scan(Tiny(), root)
    (root / "ann-anger-1.wav").unlink()
    with pytest.raises(AudioError, match=r"tiny/ann-anger-1: .* cannot be read"):
        prepare(inventory, FRONTEND, cache)


def test_cache_that_is_no_folder_is_an_error_that_says_what_to_set(
    root: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match=str(tmp_path / "file/cache")) as error:
        prepare(scan(Tiny(), root), FRONTEND, tmp_path / "file/cache")
    assert "XLSER_CACHE" in error.value.remedy


def test_full_disk_is_an_error_that_leaves_no_store(root: Path, cache: Path) -> None:
    inventory = scan(Tiny(), root)
    with full_disk(10_000), pytest.raises(StoreError, match="too large"):
        prepare(inventory, FRONTEND, cache)
    assert stores(cache) == []
    assert isinstance(prepare(inventory, FRONTEND, cache), FeatureStore)
