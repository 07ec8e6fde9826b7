"""A local web server, and registrations of corpora that end with the test that adds them."""

from collections.abc import Iterator

import pytest
from tests.corpora.server import Site, serving

from xlser import registry


@pytest.fixture(autouse=True)
def _own_registrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site
