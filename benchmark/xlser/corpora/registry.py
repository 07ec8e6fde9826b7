"""Corpora by name, and where each lies on this machine."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from xlser import registry
from xlser.corpora.corpus import Corpus
from xlser.corpora.emotions import EMOTIONS
from xlser.errors import CorpusNotFoundError, PluginError, UnknownNameError, XlserError
from xlser.settings import CONFIG, OwnCorpus, Settings, read_config
from xlser.system.files import is_folder


def corpus_names() -> list[str]:
    """Return the names of all corpora, sorted.

    Packages register them, `add_corpus` does in this process, and `xlser.toml` in the working
    folder makes them of tables.
    """
    return sorted({*registry.names("xlser.corpora"), *read_config().own})


def get_corpus(name: str) -> Corpus:
    """Return the corpus of that name.

    Raises:
        UnknownNameError: there is none.
        PluginError: it cannot be imported or is not a corpus.
        TableError: its table cannot be used.
    """
    own = read_config().own
    if name not in own:
        return _registered(name)
    if name in registry.names("xlser.corpora"):
        raise PluginError(
            f"[corpora.{name}] in {CONFIG} has the name of a corpus that is registered already.",
            "Give yours another name.",
        )
    table = own[name].table
    stat = table.stat() if table.is_file() else None
    state = (stat.st_mtime_ns, stat.st_size) if stat else None
    return _from_table(name, own[name].model_dump_json(), state)


def published_recordings(
    name: str, classes: Collection[str], excluded: Collection[str] = ()
) -> str:
    """Return the digest that records of a corpus should state; "" where none is published.

    Args:
        name: of the corpus.
        classes: of the record: a digest is published of the five emotions of `EMOTIONS`.
        excluded: utterances left out.
    """
    if excluded or not set(EMOTIONS).issuperset(classes):
        return ""
    try:
        return get_corpus(name).recordings
    except XlserError:
        return ""


def add_corpus(corpus: Corpus) -> Corpus:
    """Make a corpus known by its name in this process, and return it.

    Raises:
        PluginError: an installed package registers that name.
    """
    registry.register("xlser.corpora", corpus.name, corpus)
    return corpus


def _registered(name: str) -> Corpus:
    try:
        if isinstance(corpus := registry.load_object("xlser.corpora", name), Corpus):
            return corpus
    except UnknownNameError:
        raise UnknownNameError("corpus", name, corpus_names()) from None
    return _of_class(registry.load("xlser.corpora", name, Corpus))  # type: ignore[type-abstract]


@cache
def _of_class(corpus: type[Corpus]) -> Corpus:
    """Return the one object of a class; what is worked out for a corpus may be kept by it."""
    return corpus()


@lru_cache(maxsize=64)
def _from_table(name: str, entry: str, state: tuple[int, int] | None) -> Corpus:
    """Return the corpus of an entry of `xlser.toml`; read anew when its table's `state` changes."""
    from xlser.corpora.tables.table import TableCorpus

    about = OwnCorpus.model_validate_json(entry)
    options = {field: getattr(about, field) for field in OwnCorpus.model_fields}
    return TableCorpus(name, options.pop("table"), **options)


def find_root(corpus: Corpus, settings: Settings) -> Path | None:
    """Return the first folder that exists among those where `corpus` may lie, or None."""
    return next((root for root, _ in _candidates(corpus, settings) if is_folder(root)), None)


def other_roots(corpus: Corpus, settings: Settings) -> list[Path]:
    """Return further folders of the corpus, which are not used: the first one found is."""
    roots = [root.resolve() for root, _ in _candidates(corpus, settings) if is_folder(root)]
    return [root for root in dict.fromkeys(roots) if root != roots[0]]


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
    if own := corpus.own_root():
        return [(own, "the folder of its table")]
    packaged = corpus.packaged_root()
    places = [(data / corpus.name, "--data or XLSER_DATA") for data in settings.data]
    if corpus.name in settings.corpora:
        # A folder named for this very corpus is meant, whatever lies elsewhere.
        places = [(settings.corpora[corpus.name], f"[corpora] in {CONFIG}")]
    return places if packaged is None else [*places, (packaged, "shipped with its package")]


def locate_all(corpora: Iterable[Corpus], settings: Settings) -> dict[str, Path]:
    """Return the folder of each corpus, by its name.

    Raises:
        CorpusNotFoundError: some are not found; the message names all of them.
    """
    several = list(dict.fromkeys(corpora))
    missing = [corpus for corpus in several if find_root(corpus, settings) is None]
    if len(missing) == 1:
        raise _not_found(missing[0], settings)
    if missing:
        raise _none_found(missing, settings)
    return {corpus.name: locate(corpus, settings) for corpus in several}


def _none_found(missing: Sequence[Corpus], settings: Settings) -> CorpusNotFoundError:
    lines = [
        f"  {c.title} ({c.name}, {c.language}; licence: {c.licence}): {c.homepage}" for c in missing
    ]
    looked = dict.fromkeys(
        f"{root} ({why})" for corpus in missing for root, why in _candidates(corpus, settings)
    )
    where = (
        f"Looked in {', '.join(looked)}."
        if looked
        else "Neither --data, XLSER_DATA nor xlser.toml names a folder."
    )
    return CorpusNotFoundError(
        "\n".join([f"{len(missing)} corpora were not found:", *lines, where]),
        "Put each into a folder of its name and set XLSER_DATA to the folder that holds them, or "
        f"name the folder of each under [corpora] in {CONFIG}. `xlser corpora fetch NAME` fetches "
        "openly licensed ones.",
    )


def _not_found(corpus: Corpus, settings: Settings) -> CorpusNotFoundError:
    candidates = _candidates(corpus, settings)
    looked = "\n".join(f"  looked in {root} ({why})" for root, why in candidates)
    if corpus.own_root():
        return CorpusNotFoundError(
            f"{corpus.title} ({corpus.name}, {corpus.language}) was not found:\n{looked}",
            f"Put its recordings there, or name another folder in [corpora.{corpus.name}] of "
            f"{CONFIG}.",
        )
    nothing = "  looked nowhere: neither --data, XLSER_DATA nor xlser.toml names a folder"
    return CorpusNotFoundError(
        f"{corpus.title} ({corpus.name}, {corpus.language}) was not found:\n{looked or nothing}",
        f"Get it from {corpus.homepage} (licence: {corpus.licence}), lay it out as\n"
        f"  {corpus.tree}\n"
        f"and set XLSER_DATA to the folder that holds {corpus.name}/, or write into {CONFIG}:\n"
        f'  [corpora]\n  {corpus.name} = "/path/to/it"',
    )
