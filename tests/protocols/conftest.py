from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.packages import Package

from xlser.protocols import get_protocol


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Packages that can be installed for the time of one test; no protocol is remembered."""
    monkeypatch.syspath_prepend(tmp_path)
    get_protocol.cache_clear()
    yield Package(tmp_path)
    get_protocol.cache_clear()
