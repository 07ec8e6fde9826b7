"""Names of utterances: what each corpus' parser reads from them, and what it refuses."""

from pathlib import PurePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlser.corpora import NotOfThisCorpusError, Spoken, corpus_names, get_corpus

CORPORA = {name: get_corpus(name) for name in corpus_names()}


@pytest.mark.parametrize(
    ("corpus", "name", "spoken"),
    [
        ("cafe", "01-C-1-1", Spoken("01", "anger", "1")),
        ("cafe", "12-P-2-6", Spoken("12", "fear", "6")),
        ("cafe", "02-J-2-3", Spoken("02", "happiness", "3")),
        ("cafe", "03-N-1-2", Spoken("03", "neutral", "2")),
        ("cafe", "04-T-1-5", Spoken("04", "sadness", "5")),
        ("cafe", "05-D-1-5", Spoken("05", "disgust", "5")),
        ("cafe", "05-S-1-5", Spoken("05", "surprise", "5")),
        ("emodb", "03a01Wa", Spoken("03", "anger", "a01")),
        ("emodb", "08a02Ab", Spoken("08", "fear", "a02")),
        ("emodb", "03a01Fa", Spoken("03", "happiness", "a01")),
        ("emodb", "03a01Nc", Spoken("03", "neutral", "a01")),
        ("emodb", "16b10Td", Spoken("16", "sadness", "b10")),
        ("emodb", "03a04Lc", Spoken("03", "boredom", "a04")),
        ("emodb", "16b10Eb", Spoken("16", "disgust", "b10")),
        ("emovo", "rab-f1-b1", Spoken("f1", "anger", "b1")),
        ("emovo", "pau-f1-l3", Spoken("f1", "fear", "l3")),
        ("emovo", "gio-m3-n5", Spoken("m3", "happiness", "n5")),
        ("emovo", "neu-m2-d2", Spoken("m2", "neutral", "d2")),
        ("emovo", "tri-f3-b3", Spoken("f3", "sadness", "b3")),
        ("emovo", "dis-f1-b1", Spoken("f1", "disgust", "b1")),
        ("emovo", "sor-f1-n4", Spoken("f1", "surprise", "n4")),
        ("ravdess", "03-01-05-02-01-02-24", Spoken("24", "anger", "01")),
        ("ravdess", "03-01-06-01-02-01-12", Spoken("12", "fear", "02")),
        ("ravdess", "03-01-03-01-02-02-07", Spoken("07", "happiness", "02")),
        ("ravdess", "03-01-01-01-01-01-01", Spoken("01", "neutral", "01")),
        ("ravdess", "03-01-04-01-01-01-02", Spoken("02", "sadness", "01")),
        ("ravdess", "03-01-02-01-01-02-01", Spoken("01", "calm", "01")),
        ("ravdess", "03-01-07-01-01-01-01", Spoken("01", "disgust", "01")),
        ("ravdess", "03-01-08-01-02-02-01", Spoken("01", "surprise", "02")),
        ("savee", "DC_a01", Spoken("DC", "anger", "a01")),
        ("savee", "JE_f15", Spoken("JE", "fear", "f15")),
        ("savee", "JK_h02", Spoken("JK", "happiness", "h02")),
        ("savee", "KL_n30", Spoken("KL", "neutral", "n30")),
        ("savee", "DC_sa03", Spoken("DC", "sadness", "sa03")),
        ("savee", "DC_d03", Spoken("DC", "disgust", "d03")),
        ("savee", "DC_su15", Spoken("DC", "surprise", "su15")),
        ("shemo", "F01A01", Spoken("F01", "anger", "F01A01")),
        ("shemo", "F03F01", Spoken("F03", "fear", "F03F01")),
        ("shemo", "M44H07", Spoken("M44", "happiness", "M44H07")),
        ("shemo", "M01N01", Spoken("M01", "neutral", "M01N01")),
        ("shemo", "F03S02", Spoken("F03", "sadness", "F03S02")),
        ("shemo", "M26W04", Spoken("M26", "surprise", "M26W04")),
        ("tess", "OAF_back_angry", Spoken("OAF", "anger", "back")),
        ("tess", "OAF_food_fear", Spoken("OAF", "fear", "food")),
        ("tess", "YAF_ring_happy", Spoken("YAF", "happiness", "ring")),
        ("tess", "OAF_bite_neutral", Spoken("OAF", "neutral", "bite")),
        ("tess", "YAF_young_sad", Spoken("YAF", "sadness", "young")),
        ("tess", "OAF_back_disgust", Spoken("OAF", "disgust", "back")),
        ("tess", "OAF_back_ps", Spoken("OAF", "surprise", "back")),
        ("demo-persian", "m4-s3-fear", Spoken("m4", "fear", "s3")),
        ("cremad", "1001_DFA_ANG_XX", Spoken("1001", "anger", "DFA")),
        ("cremad", "1091_IEO_DIS_HI", Spoken("1091", "disgust", "IEO")),
        ("cremad", "1030_IEO_NEU_XX", Spoken("1030", "neutral", "IEO")),
        ("nemo", "WR0_happiness_26", Spoken("WR0", "happiness", "26")),
        ("nemo", "MP0_surprised_90", Spoken("MP0", "surprise", "90")),
        ("ased", "f2-05-01-02-63", Spoken("63", "fear", "f05")),
        ("ased", "s4-04-02-01-29", Spoken("29", "sadness", "s04")),
        ("ased", "n1-07-01-02-53", Spoken("53", "neutral", "07")),
        ("casia", "201-angry-wangzhe", Spoken("wangzhe", "anger", "201")),
        ("casia", "250-surprise-liuchanhg", Spoken("liuchanhg", "surprise", "250")),
        ("banglaser", "03-01-03-02-02-01-09", Spoken("09", "anger", "02")),
        ("banglaser", "01-01-04-02-03-02-15", Spoken("15", "surprise", "03")),
        ("urdu", "SM2_F6_A028", Spoken("SM2", "anger", "")),
        ("turev", "1984_sk_gezi", Spoken("1984", "calm", "gezi")),
        ("subesco", "F_01_OISHI_S_10_ANGRY_1", Spoken("F_01", "anger", "10")),
    ],
)
def test_name_says_who_felt_what_in_which_sentence(corpus: str, name: str, spoken: Spoken) -> None:
    assert CORPORA[corpus].parse(name) == spoken


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("ravdess", "03-02-06-01-02-01-12"),  # song
        ("ravdess", "01-01-06-01-02-01-12"),  # video with sound
        ("ravdess", "02-01-06-01-02-01-12"),  # video alone
        ("ravdess", "03-01-06-01-02-01-25"),  # no such actor
        ("ravdess", "03-01-09-01-02-01-12"),  # no such emotion
        ("ravdess", "03-01-01-02-01-01-01"),  # neutral speech has one intensity
        ("cafe", "13-C-1-1"),
        ("cafe", "01-C-3-1"),
        ("cafe", "01-C-1-7"),
        ("cafe", "01-C-1"),
        ("cafe", "01-N-2-1"),  # neutral speech has one intensity
        ("emodb", "04a01Fa"),
        ("emodb", "03a03Fa"),
        ("emodb", "03a01Xa"),
        ("emodb", "03a01Fa1"),
        ("emodb", "03a01Fz"),  # no such take
        ("emodb", "03a01F\u00e4"),
        ("emovo", "rab-f4-b1"),
        ("emovo", "rab-f1-d3"),
        ("savee", "DC_x01"),
        ("savee", "DC_a\u0660\u0661"),  # Arabic digits
        ("savee", "DC_a\u00b2\u00b2"),  # superscripts: str.isdigit says yes
        ("savee", "a01"),
        ("savee", "DC_a16"),
        ("shemo", "F32S02"),
        ("shemo", "M57S02"),
        ("shemo", "F03S2"),
        ("shemo", "F03S99"),
        ("shemo", "F03S\u0660\u0662"),
        ("shemo", "f03s02"),
        ("tess", "OA_bite_neutral"),
        ("tess", "OAF_xylophone_sad"),
        ("tess", "OAF_back"),
        ("demo-german", "f5-s1-anger"),
        ("cremad", "1001_DFA_ANG_HI"),  # only IEO has levels
        ("cremad", "1019_ITH_ANG_XX"),  # not recorded
        ("cremad", "1092_DFA_ANG_XX"),
        ("nemo", "EB0_surprised_40"),  # not recorded
        ("ased", "S4-04-02-01-29"),  # `name_of` gives it in lower case
        ("casia", "201-angry-wang"),
        ("casia", "251-angry-wangzhe"),
        ("banglaser", "03-01-04-02-03-02-15"),  # this one says mode 01
        ("banglaser", "03-01-05-01-01-01-11"),  # no neutral speech of this actor
        ("banglaser", "03-01-06-01-01-01-01"),
        ("urdu", "SM2_F6_A0280"),
        ("turev", "1157_mt_demet"),  # neither happy nor calm
        ("subesco", "F_01_OISHI_S_10_BORED_1"),
        ("subesco", "X_01_OISHI_S_10_ANGRY_1"),
        *((name, "") for name in CORPORA),
    ],
)
def test_name_that_no_release_bears_is_refused(corpus: str, name: str) -> None:
    with pytest.raises(NotOfThisCorpusError, match="is not the name of an utterance"):
        CORPORA[corpus].parse(name)


@pytest.mark.parametrize("name", [name for name in CORPORA if name != "subesco"])
def test_every_published_name_can_be_read_back_from_its_file(name: str) -> None:
    corpus = CORPORA[name]
    assert all(corpus.name_of(PurePath(f"a folder/{n}.wav")) == n for n in corpus.names())


@pytest.mark.parametrize(
    ("corpus", "file", "name"),
    [
        ("savee", "AudioData/DC/a01.wav", "DC_a01"),
        ("savee", "ALL/DC_a01.wav", "DC_a01"),
        ("savee", "DC_a01.wav", "DC_a01"),
        ("savee", "AudioData/DC/DC_a01.wav", "DC_a01"),
        ("savee", "a01.wav", "a01"),
        ("tess", "OAF_neutral/OA_bite_neutral.wav", "OAF_bite_neutral"),
        ("tess", "OAF_bite_neutral.wav", "OAF_bite_neutral"),
        ("emodb", "03a01Fa.WAV", "03a01Fa"),
        ("shemo", "male/F03S02.wav", "F03S02"),  # the file's own name decides
        ("casia", "wangzhe/angry/201.wav", "201-angry-wangzhe"),
        ("casia", "flat/201-angry-wangzhe.wav", "201-angry-wangzhe"),
        ("ased", "04Sad/S4-04-02-01-29.wav", "s4-04-02-01-29"),
    ],
)
def test_file_bears_the_utterance_that_its_name_says(corpus: str, file: str, name: str) -> None:
    assert CORPORA[corpus].name_of(PurePath(file)) == name


def almost_names() -> st.SearchStrategy[str]:
    """Published names with one stretch overwritten by anything."""
    name = st.sampled_from([name for corpus in CORPORA.values() for name in corpus.published()])
    insert = st.text(max_size=3) | st.sampled_from("\u0660\u0663\u00b2\u07c0-_")
    place = st.integers(0, 20)
    return st.builds(
        lambda n, at, cut, new: n[:at] + new + n[at + cut :], name, place, place, insert
    )


@settings(deadline=None, max_examples=200)
@given(name=st.text() | almost_names())
def test_parsers_read_or_refuse_any_text(name: str) -> None:
    for corpus in CORPORA.values():
        try:
            spoken = corpus.parse(name)
        except NotOfThisCorpusError:
            continue
        assert spoken.speaker in corpus.speakers or not corpus.names()


@settings(deadline=None, max_examples=100)
@given(parts=st.lists(st.text(min_size=1), max_size=4))
def test_any_relative_path_has_a_name(parts: list[str]) -> None:
    path = PurePath(*(part.replace("/", "") for part in parts))
    assert all(isinstance(corpus.name_of(path), str) for corpus in CORPORA.values())
