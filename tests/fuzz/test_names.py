"""Names of recordings, most of them nearly published ones, given to every corpus' parser."""

from itertools import pairwise
from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.inputs import ODD_TEXT, any_text, fuzzing
from tests.fuzz.tally import Tally

from xlser.corpora import Corpus, NotOfThisCorpusError, corpus_names, get_corpus

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


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_parser(corpus: Corpus, tally: Tally) -> None:
    published = corpus.published()

    @settings(fuzzing, max_examples=500)
    @given(almost_names(list(published)), any_text(30))
    def read(almost: list[str], anything: str) -> None:
        for name in [*almost, anything]:
            try:
                spoken = corpus.parse(name)
            except NotOfThisCorpusError as error:
                tally.count(name, type(error).__name__)
            else:
                assert published.get(name) == spoken, name
                tally.count(name, None)

    read()
    assert tally.accepted
    assert tally.rejected


def test_name_of_a_file(tally: Tally) -> None:
    folder = st.sampled_from(["DC", "JE", "ALL", "OAF_angry", "a.wav", *ODD_TEXT]) | any_text(4)
    suffix = st.sampled_from([".wav", ".WAV", ".flac", "", ".", ".wav.wav"]) | any_text(4)

    @settings(fuzzing, max_examples=1000)
    @given(st.lists(folder, max_size=3), almost_names(PUBLISHED), suffix)
    def read(folders: list[str], stems: list[str], suffix: str) -> None:
        for path in [PurePath(*folders, stem + suffix) for stem in stems]:
            borne = [corpus for corpus in CORPORA if corpus.name_of(path) in corpus.published()]
            assert set(borne) >= {c for c in CORPORA if path.stem in c.published()}, path
            tally.count(str(path), None if borne else "of no published utterance")

    read()
