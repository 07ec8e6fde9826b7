"""Damaged recordings, given to the decoder."""

from pathlib import Path

from tests.fuzz import audio, targets
from tests.fuzz.tally import Tally


def test_decoder(tally: Tally, tmp_path: Path) -> None:
    targets.decoder(tmp_path).try_some(tally, examples=12)
    assert tally.accepted
    assert len(tally.rejected) > 5


def test_undamaged_recordings_are_accepted(tmp_path: Path) -> None:
    refused = {audio.read(content, tmp_path / "a.wav") for content in audio.originals()}
    assert refused == {None}


def test_toml(tally: Tally, tmp_path: Path) -> None:
    targets.tables(tmp_path).try_some(tally, examples=15)
    assert tally.accepted
    assert {"SettingsError", "ManifestError"} <= set(tally.rejected)
