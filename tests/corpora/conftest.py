"""Corpora that a test adds in its process are gone after it."""

import pytest

from xlser import registry


@pytest.fixture(autouse=True)
def _own_registrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_in_process", dict(registry._in_process))
