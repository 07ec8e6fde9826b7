"""Names of recordings, most of them nearly published ones, given to every corpus' parser."""

from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.inputs import ODD_TEXT, any_text, fuzzing
from tests.fuzz.names import CORPORA, PUBLISHED, almost_names, packed, read
from tests.fuzz.tally import Tally

from xlser.corpora import Corpus


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_parser(corpus: Corpus, tally: Tally) -> None:
    @settings(fuzzing, max_examples=25)
    @given(almost_names(list(corpus.published())), any_text(30))
    def read_all(almost: list[str], anything: str) -> None:
        for name in [*almost, anything]:
            tally.count(name, read(packed(corpus, name)))

    read_all()
    assert tally.accepted
    assert tally.rejected


def test_name_of_a_file(tally: Tally) -> None:
    folder = st.sampled_from(["DC", "JE", "ALL", "OAF_angry", "a.wav", *ODD_TEXT]) | any_text(4)
    suffix = st.sampled_from([".wav", ".WAV", ".flac", "", ".", ".wav.wav"]) | any_text(4)

    @settings(fuzzing, max_examples=40)
    @given(st.lists(folder, max_size=3), almost_names(PUBLISHED), suffix)
    def read(folders: list[str], stems: list[str], suffix: str) -> None:
        for path in [PurePath(*folders, stem + suffix) for stem in stems]:
            borne = [corpus for corpus in CORPORA if corpus.name_of(path) in corpus.published()]
            assert set(borne) >= {c for c in CORPORA if path.stem in c.published()}, path
            tally.count(str(path), None if borne else "of no published utterance")

    read()
