"""Errors a user can act on: each message says what is wrong and ends in what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class XlserError(Exception):
    """Base of every error the suite raises on purpose.

    Args:
        problem: what is wrong, with the path or name concerned.
        remedy: what to do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy


class UnknownNameError(XlserError):
    """A name that is not among those known; the message suggests the nearest.

    Args:
        kind: of thing that is named, such as "method".
        name: that was asked for.
        known: the valid names.
        advice: what else to do, in a sentence.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], advice: str = "") -> None:
        known = sorted(known)
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        remedy = f"{hint}Known: {', '.join(known) or 'none'}. {advice}".rstrip()
        super().__init__(f"There is no {kind} {name!r}.", remedy)


class PluginError(XlserError):
    """A plugin that is installed but cannot be used."""


class SettingsError(XlserError):
    """An `xlser.toml`, environment variable or option that cannot be used."""


class CorpusNotFoundError(XlserError):
    """No folder for a corpus where one was looked for."""


class IncompleteCorpusError(XlserError):
    """A corpus that lacks utterances a protocol uses, or holds two that contradict."""


class CorpusContractError(XlserError):
    """The metadata that a corpus parses from file names is not valid."""


class TableError(XlserError):
    """A table of utterances that cannot be used; the message names file, row and column."""


class FetchError(XlserError):
    """A corpus that cannot be fetched, or came otherwise than it must."""


class AudioError(XlserError):
    """A recording that cannot be decoded, is empty, silent or not finite."""


class StoreError(XlserError):
    """A feature store that cannot be read or written."""


class WeightsError(XlserError):
    """Backbone weights that are missing, corrupt or not those published."""


class MissingExtraError(WeightsError):
    """A backbone that needs packages which an extra of the suite brings."""


class ProtocolError(XlserError):
    """A request a protocol does not allow."""


class InvalidProtocolError(ProtocolError):
    """A protocol, or a part of one, that contradicts itself or the published corpora."""


class ManifestError(InvalidProtocolError):
    """A manifest that cannot be read, or whose protocol is invalid."""


class MethodError(XlserError):
    """A method that broke its contract: wrong shape, NaN, bad settings."""


class ModelError(XlserError):
    """A trained model cannot be saved or loaded."""


class RecordError(XlserError):
    """A record that cannot be read or is not what it claims."""


class ResultsError(XlserError):
    """Results that cannot be written where they belong."""


class HubError(XlserError):
    """Results that cannot be sent to the Hugging Face Hub or had from it."""


class HubAccessError(HubError):
    """The Hub asks for a token, or for one with other rights."""


class HubNotFoundError(HubError):
    """A repository or revision that the Hub does not have, or no results in it."""


class HubUnavailableError(HubError):
    """The Hub cannot be reached, or has no time now; the same again later may do."""


class WorkerError(XlserError):
    """A worker process that ended unexpectedly."""
