"""The rule that takes the official split of a corpus."""

from collections.abc import Sequence

from xlser.corpora import Utterance
from xlser.errors import InvalidProtocolError
from xlser.protocols.data import Split

_ROLES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}


def fixed_split(utterances: Sequence[Utterance]) -> Split:
    """Return the speakers of each part of the split that the utterances state.

    Raises:
        InvalidProtocolError: an utterance states no split, or one of another name, or a speaker
            is in several.
    """
    roles: dict[str, set[str]] = {"train": set(), "validation": set(), "test": set()}
    for utterance in utterances:
        role = _ROLES.get(utterance.split.strip().casefold())
        if role is None:
            raise InvalidProtocolError(
                f"rule: {utterance.corpus} states {_stated(utterance.split)} for {utterance.name}.",
                "Give its table a column 'split' of train, validation (dev) and test, state its "
                "speakers under [splits], or choose the rule kfold.",
            )
        roles[role].add(utterance.speaker)
        several = [name for name, speakers in roles.items() if utterance.speaker in speakers]
        if len(several) > 1:
            raise InvalidProtocolError(
                f"rule: the split of {utterance.corpus} has speaker {utterance.speaker} in "
                f"{' and in '.join(several)}.",
                "Roles must share no speaker: choose the rule kfold or rotating.",
            )
    return Split(**{role: tuple(sorted(speakers)) for role, speakers in roles.items()})


def _stated(split: str) -> str:
    return f"the split {split!r}" if split.strip() else "no split"
