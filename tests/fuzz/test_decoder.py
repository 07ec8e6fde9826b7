"""Damaged recordings, given to the decoder."""

from pathlib import Path

from tests.fuzz import audio, targets
from tests.fuzz.tally import Tally


def test_decoder(tally: Tally, folder: Path) -> None:
    targets.decoder(folder).try_some(tally, examples=12)
    assert tally.accepted
    assert len(tally.rejected) >= 2


def test_undamaged_recordings_are_accepted(folder: Path) -> None:
    refused = {audio.read(content, folder / "a.wav") for content in audio.originals()}
    assert refused == {None}


def test_toml(tally: Tally, folder: Path) -> None:
    targets.tables(folder).try_some(tally, examples=15)
    assert tally.accepted
    assert {"SettingsError", "ManifestError"} <= set(tally.rejected)
