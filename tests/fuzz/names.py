"""Names of recordings, most of them nearly published ones."""

from itertools import pairwise
from pathlib import PurePath

from hypothesis import strategies as st
from tests.fuzz.inputs import ODD_TEXT, any_text

from xlser.corpora import Corpus, NotOfThisCorpusError, corpus_names, get_corpus
from xlser.corpora.names import LooseNames

CORPORA = [corpus for name in corpus_names() if (corpus := get_corpus(name)).published()]
"""Those with a list of their names: each other name is an error."""
PUBLISHED = sorted({name for corpus in CORPORA for name in corpus.published()})


def with_stretch(name: str, stretch: str, cut: int) -> list[str]:
    """Return the name with `stretch` in place of `cut` characters, at each place in turn."""
    return [name[:at] + stretch + name[at + cut :] for at in range(len(name) + 1)]


def joined(names: list[str]) -> list[str]:
    """Return the beginning of each name with the end of the next, parted at each place in turn."""
    return [a[:at] + b[at:] for a, b in pairwise(names) for at in range(len(a))]


def almost_names(published: list[str]) -> st.SearchStrategy[list[str]]:
    """Published names taken apart: with one stretch in each of their places, or with each other."""
    names = st.lists(st.sampled_from(published), min_size=6, max_size=6)
    character = st.sampled_from(sorted(set("".join(published))))
    stretch = character | st.sampled_from(ODD_TEXT + PUBLISHED) | any_text(3)
    stretched = st.builds(
        lambda names, stretch, cut: [n for name in names for n in with_stretch(name, stretch, cut)],
        names,
        stretch,
        st.integers(0, 3),
    )
    return stretched | stretched | names.map(joined)


LOOSE = {corpus.name: LooseNames(corpus) for corpus in CORPORA}


def packed(corpus: Corpus, name: str) -> bytes:
    """Return an input: a corpus and a name that its parser is given."""
    return f"{corpus.name}\0{name}".encode("utf-8", "surrogatepass")


@st.composite
def batches(draw: st.DrawFn) -> list[bytes]:
    """Names for one corpus' parser."""
    corpus = draw(st.sampled_from(CORPORA))
    names = [*draw(almost_names(list(corpus.published()))), draw(any_text(30))]
    return [packed(corpus, name) for name in names]


def read(content: bytes) -> str | None:
    """Parse a name, and find the utterance of a file of that name."""
    corpus_name, _, name = content.decode("utf-8", "surrogatepass").partition("\0")
    corpus = get_corpus(corpus_name)
    published = corpus.published()
    path = PurePath("folder", f"{name}.wav")
    found = LOOSE[corpus_name].find(path)
    assert found is None or found in published or found in corpus.defects, name
    try:
        spoken = corpus.parse(name)
    except NotOfThisCorpusError as error:
        return type(error).__name__
    assert published.get(name) == spoken, name
    return None
