"""What defines a run, and the place of its record."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from xlser.methods import Precision, Track
from xlser.protocols import Labels
from xlser.system.files import safe_name


def identify(
    *,
    protocol: str,
    scenario: str,
    content: Mapping[str, str],
    method: str,
    settings: Mapping[str, Any],
    track: Track,
    backbone: tuple[str, str],
    precision: Precision,
    repeat: int,
    code: str = "",
    recipe: Mapping[str, Any] | None = None,
    tuning: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return all that defines a run; the digest of it is the run's key.

    Args:
        protocol: digest of the protocol.
        scenario: digest of who trained, who was labelled, who was tested.
        content: digest of the recordings of each corpus.
        method: name.
        settings: of the method, all of them.
        track: fine-tune or frozen.
        backbone: name and weights.
        precision: of training.
        repeat: 0 for the run that leaderboards show.
        code: SHA-256 of the source of a method that is not packaged; empty for others.
        recipe: how the backbone makes an embedding, where its class may declare that anew.
        tuning: how the backbone is fine-tuned, where that is not the protocol's schedule.
    """
    stated: dict[str, Any] = {
        "repeat": repeat,
        "code": code,
        "recipe": recipe,
        "tuning": tuning,
    }
    return {
        "protocol": protocol,
        "scenario": scenario,
        "content": content,
        "method": method,
        "settings": settings,
        "track": track,
        "backbone": list(backbone),
        "precision": precision,
        **{name: value for name, value in stated.items() if value},
    }


def place(
    *,
    target: str,
    track: str,
    backbone: str,
    method: str,
    labels: Labels,
    seed: int,
    fold: int | None,
    repeat: int,
    key: str,
) -> PurePosixPath:
    """Return where in a results folder the record of a run belongs.

    Args:
        target: language.
        track: fine-tune or frozen.
        backbone: name.
        method: name.
        labels: label budget.
        seed: of the protocol.
        fold: of the seed; None where the protocol has one.
        repeat: 0 for the first run of a seed.
        key: of the run, hex.
    """
    text = place_text(target, track, backbone, method, labels, seed, fold, repeat, key)
    return PurePosixPath(text)


def place_text(
    target: str,
    track: str,
    backbone: str,
    method: str,
    labels: object,
    seed: int,
    fold: int | None,
    repeat: int,
    key: str,
) -> str:
    """Return `place` as text: thousands of paths take long to make."""
    draw = f"s{seed}" + ("" if fold is None else f"-f{fold}") + (f"-r{repeat}" if repeat else "")
    of = safe_name(backbone)
    return f"{target}/{track}/{of}/{method}-k{labels}-{draw}-{key[:8]}.json"
