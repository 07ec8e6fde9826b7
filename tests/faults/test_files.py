"""Files that were cut short, spoilt or are of another version."""

from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from tests.demo import Demo, lasting, request

from xlser.errors import RecordError
from xlser.records import Record

Spoil = Callable[[Path], object]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def put_other_shapes(path: Path) -> None:
    tensors = safetensors.torch.load_file(path)
    wrong = {name: torch.zeros(*tensor.shape, 2) for name, tensor in tensors.items()}
    safetensors.torch.save_file(wrong, path, metadata={"seconds": "1.0"})


def empty(path: Path) -> None:
    path.write_bytes(b"")


def run(cache: Path, results: Path) -> list[dict[str, object]]:
    return [lasting(r) for r in Demo(cache).run(request(["lower-bound"]), results).records]


@pytest.mark.parametrize("spoil", [cut_short, flip_a_bit, put_other_shapes, empty])
@pytest.mark.parametrize("kind", ["source-models", "embeddings"])
def test_a_spoilt_file_of_the_cache_is_made_anew(tmp_path: Path, kind: str, spoil: Spoil) -> None:
    cache = tmp_path / "cache"
    first = run(cache, tmp_path / "a")
    files = sorted((cache / kind).glob("*.safetensors"))
    whole = [path.read_bytes() for path in files]
    assert files
    for path in files:
        spoil(path)
    assert run(cache, tmp_path / "b") == first
    if kind == "embeddings":  # a source model also states how long its training took
        assert [path.read_bytes() for path in files] == whole


@pytest.mark.parametrize("spoil", [cut_short, empty])
def test_a_half_written_record_is_named_and_made_again_once_deleted(
    demo_cache: Path, tmp_path: Path, spoil: Spoil
) -> None:
    from xlser.records.store import read_records

    first = run(demo_cache, tmp_path)
    (path,) = tmp_path.rglob("*.json")
    spoil(path)
    with pytest.raises(RecordError, match=f"{path.name} is not a record") as caught:
        list(read_records(tmp_path))
    assert "Delete it and run it again" in caught.value.remedy
    path.unlink()
    assert run(demo_cache, tmp_path) == first


def test_a_record_of_a_newer_version_is_not_guessed_at(demo_cache: Path, tmp_path: Path) -> None:
    run(demo_cache, tmp_path)
    (path,) = tmp_path.rglob("*.json")
    path.write_text(path.read_text().replace('"schema_version": 3', '"schema_version": 4'))
    with pytest.raises(RecordError, match="schema 4"):
        Record.read(path)
