"""Inputs that once raised what they must not, shrunk by `python -m tests.fuzz`."""

from pathlib import Path

import pytest
from tests.fuzz.targets import EXAMPLES, all_targets, shrunk

FILES = sorted(path for path in EXAMPLES.glob("*/*") if path.is_file())


@pytest.fixture(scope="module")
def targets(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory):
    found = all_targets(demo_cache, tmp_path_factory.mktemp("fuzz"))
    return {target.name: target for target in found}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_input_that_failed_once_is_accepted_or_a_typed_error(path: Path, targets) -> None:
    targets[path.parent.name].read(path.read_bytes())


def test_inputs_are_shrunk_to_what_makes_them_fail() -> None:
    content = bytes(range(256)) * 8
    small = shrunk(content, lambda text: b"\x10\x11" in text and text.count(b"\xff") > 1)
    assert sorted(small) == [0x10, 0x11, 0xFF, 0xFF]
