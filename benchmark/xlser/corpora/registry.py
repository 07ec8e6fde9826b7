"""Corpora by name, and where each lies on this machine."""

from pathlib import Path

from xlser import registry
from xlser.corpora.corpus import Corpus
from xlser.errors import CorpusNotFoundError
from xlser.settings import CONFIG, Settings


def corpus_names() -> list[str]:
    """Return the names of all registered corpora, sorted."""
    return registry.names("xlser.corpora")


def get_corpus(name: str) -> Corpus:
    """Return the corpus registered as `name`.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: it cannot be imported or is not a corpus.
    """
    return registry.load("xlser.corpora", name, Corpus)()  # type: ignore[type-abstract]


def find_root(corpus: Corpus, settings: Settings) -> Path | None:
    """Return the first folder that exists among those where `corpus` may lie, or None."""
    return next((root for root, _ in _candidates(corpus, settings) if root.is_dir()), None)


def locate(corpus: Corpus, settings: Settings) -> Path:
    """Return the folder where `corpus` lies.

    Raises:
        CorpusNotFoundError: none of the places is a folder; the message lists them.
    """
    root = find_root(corpus, settings)
    if root is None:
        raise _not_found(corpus, settings)
    return root


def _candidates(corpus: Corpus, settings: Settings) -> list[tuple[Path, str]]:
    """Return (folder, why it is looked at), strongest first."""
    packaged = corpus.packaged_root()
    places = [(data / corpus.name, "--data or XLSER_DATA") for data in settings.data]
    if corpus.name in settings.corpora:
        # A folder named for this very corpus is meant, whatever lies elsewhere.
        places = [(settings.corpora[corpus.name], f"[corpora] in {CONFIG}")]
    return places if packaged is None else [*places, (packaged, "shipped with its package")]


def _not_found(corpus: Corpus, settings: Settings) -> CorpusNotFoundError:
    candidates = _candidates(corpus, settings)
    looked = "\n".join(f"  looked in {root} ({why})" for root, why in candidates)
    nothing = "  looked nowhere: neither --data, XLSER_DATA nor xlser.toml names a folder"
    return CorpusNotFoundError(
        f"{corpus.title} ({corpus.name}, {corpus.language}) was not found:\n{looked or nothing}",
        f"Get it from {corpus.homepage} (licence: {corpus.licence}), lay it out as\n"
        f"  {corpus.tree}\n"
        f"and set XLSER_DATA to the folder that holds {corpus.name}/, or write into {CONFIG}:\n"
        f'  [corpora]\n  {corpus.name} = "/path/to/it"',
    )
