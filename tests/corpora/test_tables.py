"""Corpora from tables: what is read, and that errors name file, row, column and a remedy."""

import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from tests import trees

from xlser.corpora import TableCorpus, add_corpus, corpus_names, get_corpus, locate, scan
from xlser.errors import (
    CorpusNotFoundError,
    IncompleteCorpusError,
    PluginError,
    SettingsError,
    TableError,
    UnknownNameError,
)
from xlser.settings import OwnCorpus, Settings

HEADER = "path,speaker,emotion,gender,sentence,split\n"
ROWS = ["a/1.wav,ann,anger,f,s1,train", "a/2.wav,ann,Sad,f,s2,train", "b/1.wav,bob,JOY,m,s1,test"]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def table(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    return write(tmp_path / "mine.csv", header + "".join(f"{row}\n" for row in rows or ROWS))


def spoken(path: Path, **how: object) -> dict[str, tuple[str, ...]]:
    corpus = TableCorpus("mine", path, language="greek", **how)
    return {
        name: (s.speaker, s.emotion, corpus.gender_of(s.speaker), s.sentence, s.split)
        for name, s in corpus.published().items()
    }


WHOLE = {
    "a/1": ("ann", "anger", "female", "s1", "train"),
    "a/2": ("ann", "sadness", "female", "s2", "train"),
    "b/1": ("bob", "happiness", "male", "s1", "test"),
}


def test_all_that_a_table_states_is_read(tmp_path: Path) -> None:
    assert spoken(table(tmp_path)) == WHOLE


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separator_is_that_of_the_header(separator: str, tmp_path: Path) -> None:
    text = (HEADER + "\n".join(ROWS)).replace(",", separator)
    assert spoken(write(tmp_path / "mine.csv", text)) == WHOLE
    assert spoken(write(tmp_path / "mine.TSV", text)) == WHOLE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marked_encodings_are_read(encoding: str, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", HEADER + "é/1.wav,Zoë,anger,f,,\n", encoding)
    assert spoken(path) == {"é/1": ("Zoë", "anger", "female", "", "")}


def test_latin_1_is_read_where_it_is_stated_and_named_where_not(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.csv", HEADER + "a.wav,Zoë,anger,f,,\n", "latin-1")
    with pytest.raises(TableError, match=r"mine\.csv, row 2: byte 0xeb is not utf-8") as error:
        spoken(path)
    assert "--encoding" in error.value.remedy
    assert "'Zoë' in cp1252 (Western Europe), 'Zoλ' in cp1253 (Greek)" in error.value.remedy
    assert spoken(path, encoding="latin-1")["a"][0] == "Zoë"
    with pytest.raises(TableError, match="no encoding 'latin-9000'"):
        spoken(path, encoding="latin-9000")


def test_case_and_blanks_of_header_and_cells_do_not_matter(tmp_path: Path) -> None:
    path = table(tmp_path, " a/1.wav ; ann ; ANGER ", header=" PATH ;Speaker;\ufeffEmotion\n")
    assert spoken(path) == {"a/1": ("ann", "anger", "unknown", "", "")}


def test_parquet_and_frames_are_read_like_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"path": ["1.wav", "2.wav"], "speaker": [7, 7.0], "emotion": ["anger", "fear"]}
    )
    frame["gender"] = pd.Categorical(["f", None])
    frame.to_parquet(tmp_path / "mine.parquet")
    expected = {"1": ("7", "anger", "unknown", "", ""), "2": ("7", "fear", "unknown", "", "")}
    assert spoken(tmp_path / "mine.parquet") == expected
    corpus = TableCorpus("mine", frame, folder=tmp_path, language="greek")
    assert list(corpus.published()) == ["1", "2"]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = table(tmp_path, "a/1.wav,ann,anger", header="file,Speaker_ID,label\n")
    columns = {"path": "file", "speaker": "speaker_id", "emotion": "label"}
    assert spoken(path, columns=columns)["a/1"][:2] == ("ann", "anger")


def test_labels_are_mapped_kept_or_dropped(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "1.wav,a,Enfado",
        "2.wav,a,duende",
        "3.wav,b,otro",
        header="path,speaker,emotion\n",
    )
    corpus = TableCorpus(
        "mine",
        path,
        language="spanish",
        labels={"enfado": "anger", "duende": "duende"},
        drop=["OTRO"],
    )
    assert [s.emotion for s in corpus.published().values()] == ["anger", "duende"]
    assert corpus.dropped == {"otro": 1}


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"mine\.csv, row 4, column 'speaker': empty"):
        spoken(table(tmp_path, "1.wav,a,anger,,,", "", "2.wav,,anger,,,"))


def test_speaker_of_two_genders_is_of_unknown_gender(tmp_path: Path) -> None:
    path = table(tmp_path, "1.wav,a,anger,f,,", "2.wav,a,anger,m,,", "3.wav,a,anger,f,,")
    assert spoken(path)["1"][2] == "unknown"


def test_language_column_chooses_rows(tmp_path: Path) -> None:
    header = "path,speaker,emotion,language\n"
    path = table(tmp_path, "1.wav,a,anger,Greek", "2.wav,b,anger,arabic", header=header)
    assert list(TableCorpus("mine", path, language="greek").published()) == ["1"]
    with pytest.raises(TableError, match="utterances in arabic, greek"):
        TableCorpus("mine", path)
    with pytest.raises(TableError, match="none in dutch"):
        TableCorpus("mine", path, language="dutch")
    one = table(tmp_path, "1.wav,a,anger,Greek", header=header)
    assert TableCorpus("mine", one).language == "greek"
    with pytest.raises(TableError, match="states no language"):
        TableCorpus("mine", table(tmp_path))


def test_names_hold_no_blanks(tmp_path: Path) -> None:
    rows = ["ana maría/\u200f1 a.wav,ana maría,anger,f,,"]
    assert spoken(table(tmp_path, *rows)) == {
        "ana_maría/_1_a": ("ana maría", "anger", "female", "", "")
    }


@pytest.mark.parametrize(
    ("row", "problem", "remedy"),
    [
        (",a,anger,,,", "row 5, column 'path': empty", "Fill in the path"),
        ("nan,a,anger,,,", "row 5, column 'path': empty", "Fill in the path"),
        ("/x/1.wav,a,anger,,,", "column 'path': '/x/1.wav' is absolute", "--folder"),
        ("C:\\x\\1.wav,a,anger,,,", "column 'path': 'C:\\\\x\\\\1.wav' is absolute", "--folder"),
        ("../1.wav,a,anger,,,", "column 'path': '../1.wav' leads out of the folder", "--folder"),
        ("a/../../1.wav,a,anger,,,", "leads out of the folder", "--folder"),
        ("1.txt,a,anger,,,", "'1.txt' does not end like a recording", "WAV or FLAC"),
        ("a/1.wav,a,anger,,,", "'a/1.wav' is listed in row 2 already", "List each recording once"),
        ("./a//1.WAV,a,anger,,,", "is listed in row 2 already", "List each recording once"),
        ("a\\1.wav,a,anger,,,", "is listed in row 2 already", "List each recording once"),
        ("a/1.flac,a,anger,,,", "differs from row 2 in its ending or blanks alone", "Keep one"),
        ("3.wav, ,anger,,,", "row 5, column 'speaker': empty", "splits are by speaker"),
        ("3.wav,NaN,anger,,,", "row 5, column 'speaker': empty", "splits are by speaker"),
        ("3.wav,a,,,,", "row 5, column 'emotion': empty", "Fill in the emotion"),
        (
            "3.wav,a,hapiness,,,",
            "'hapiness' is not mapped; nearest: happiness",
            "--map hapiness=TERM",
        ),
        ("3.wav,a,xyzzy,,,", "'xyzzy' is not mapped", "--drop LABEL"),
        ("3.wav,a,anger,boy,,", "row 5, column 'gender': 'boy' is not understood", "unknown"),
    ],
)
def test_problem_names_row_and_column_and_what_to_do(
    row: str, problem: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(TableError) as error:
        spoken(table(tmp_path, *ROWS, row))
    assert problem in error.value.problem
    assert error.value.problem.startswith(f"{tmp_path / 'mine.csv'}, row 5")
    assert remedy in error.value.remedy


def test_many_problems_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    rows = [f"{n}.wav,,anger,,," for n in range(9)]
    with pytest.raises(TableError, match="9 problems") as error:
        spoken(table(tmp_path, *rows))
    assert "... and 4 more" in error.value.problem


@pytest.mark.parametrize(
    ("header", "problem", "remedy"),
    [
        ("file,speaker,emotion,a,b,c\n", "no column 'path'; it has file", "--column path=file"),
        ("path,spk,emotion,a,b,c\n", "no column 'speaker'", "--column speaker=spk"),
        ("path,speaker,emotions,a,b,c\n", "no column 'emotion'", "--column emotion=emotions"),
        ("path,speaker,emotion,a,b,path\n", "several columns 'path'", "all but one"),
        ("path,speaker\n", "no column 'emotion'", "--column emotion=THEIR_NAME"),
    ],
)
def test_unusable_header(header: str, problem: str, remedy: str, tmp_path: Path) -> None:
    rows = [row[: row.index(",", 9)] if header.count(",") == 1 else row for row in ROWS]
    with pytest.raises(TableError) as error:
        spoken(table(tmp_path, *rows, header=header))
    assert problem in error.value.problem
    assert remedy in error.value.remedy


def test_unusable_files(tmp_path: Path) -> None:
    table(tmp_path)
    with pytest.raises(TableError, match=r"no file .*mien\.csv") as error:
        spoken(tmp_path / "mien.csv")
    assert "Did you mean 'mine.csv'?" in error.value.remedy
    for name, text, problem in [
        ("a.xlsx", "x", "is no CSV, TSV or Parquet"),
        ("a.csv", " \n", "is empty"),
        ("b.csv", HEADER, "lists no utterance"),
        ("c.csv", HEADER + "1.wav,a,anger,f,s,t,u,v\n", "cannot be read as a table"),
        ("a.parquet", "no parquet", "cannot be read as Parquet"),
    ]:
        with pytest.raises(TableError, match=problem):
            spoken(write(tmp_path / name, text))


@pytest.mark.parametrize("name", ["Mine", "my corpus", "", "a/b", "-x"])
def test_name_must_do_for_folders_and_options(name: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be the name of a corpus"):
        TableCorpus(name, table(tmp_path), language="greek")


def test_map_to_what_is_no_term_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="mapped to 'angr'") as error:
        spoken(table(tmp_path), labels={"enfado": "angr"})
    assert "Did you mean 'anger'?" in error.value.remedy


def test_scan_takes_the_files_listed_and_no_others(tmp_path: Path) -> None:
    corpus = TableCorpus("mine", table(tmp_path), language="greek")
    for path in ("a/1.wav", "a/2.wav", "b/1.wav", "b/2.wav"):
        trees.record(tmp_path / path)
    inventory = scan(corpus, tmp_path, ["a/2"])
    assert [u.id for u in inventory.utterances] == ["mine/a/1", "mine/b/1"]
    assert inventory.utterances[1].split == "test"
    corpus.require_files()
    (tmp_path / "b/1.wav").unlink()
    with pytest.raises(IncompleteCorpusError, match="b/1: missing"):
        scan(corpus, tmp_path)
    with pytest.raises(TableError, match=r"row 4, column 'path': there is no file 'b/1\.wav'"):
        corpus.require_files()


def test_file_is_found_in_either_unicode_form_and_case_of_its_ending(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "niño é.WAV")
    trees.record(tmp_path / name)
    corpus = TableCorpus(
        "mine", table(tmp_path, "niño é.wav,a,anger,,,"), language="spanish", folder=tmp_path
    )
    (utterance,) = scan(corpus, tmp_path).utterances
    assert (utterance.id, utterance.path.name) == ("mine/niño_é", name)


@pytest.fixture
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    table(tmp_path)
    for path in ("a/1.wav", "a/2.wav", "b/1.wav"):
        trees.record(tmp_path / "speech" / path)
    return tmp_path


ENTRY = '[corpora.mine]\ntable = "mine.csv"\nfolder = "speech"\nlanguage = "greek"\n'


def test_section_of_xlser_toml_is_a_corpus(working: Path) -> None:
    assert "mine" not in corpus_names()
    write(working / "xlser.toml", ENTRY)
    assert "mine" in corpus_names()
    corpus, settings = get_corpus("mine"), Settings.gather(exclude=["mine/a/1"])
    assert locate(corpus, settings) == working / "speech"
    assert len(scan(corpus, locate(corpus, settings), settings.exclude["mine"]).utterances) == 2
    table(working, *ROWS[:2])
    assert len(get_corpus("mine").published()) == 2
    with pytest.raises(UnknownNameError, match="Did you mean 'mine'"):
        get_corpus("mien")


def test_folder_of_a_table_that_is_gone_is_named(working: Path) -> None:
    write(working / "xlser.toml", ENTRY.replace("speech", "gone"))
    with pytest.raises(CorpusNotFoundError, match="gone") as error:
        locate(get_corpus("mine"), Settings.gather())
    assert "[corpora.mine]" in error.value.remedy


def test_section_of_the_name_of_a_known_corpus_is_refused(working: Path) -> None:
    write(working / "xlser.toml", ENTRY.replace("corpora.mine", "corpora.emodb"))
    with pytest.raises(PluginError, match="registered already"):
        get_corpus("emodb")


@pytest.mark.parametrize(
    "text", ['[corpora.mine]\nlanguage = "greek"\n', ENTRY + "labels = 3\n", ENTRY + "tabel = 1\n"]
)
def test_faulty_section_is_named_with_what_it_may_hold(text: str, working: Path) -> None:
    write(working / "xlser.toml", text)
    with pytest.raises(SettingsError, match=r"xlser\.toml cannot be used") as error:
        Settings.gather()
    assert "[corpora.NAME]" in error.value.remedy


def test_corpus_is_added_in_process(working: Path) -> None:
    corpus = add_corpus(TableCorpus("in-process", working / "mine.csv", language="greek"))
    assert "in-process" in corpus_names()
    assert get_corpus("in-process") is corpus
    with pytest.raises(PluginError, match="registers the corpus 'emodb' already"):
        add_corpus(TableCorpus("emodb", working / "mine.csv", language="greek"))


def test_entry_with_all_fields_is_written_as_it_is_read(working: Path) -> None:
    from xlser.corpora.tables.registering import register

    write(working / "xlser.toml", '# mine\n[corpora]\nemodb = "EmoDB"\n')
    entry = OwnCorpus(
        table=Path("mine.csv"),
        folder=Path("speech"),
        language="greek",
        labels={'süß "x"': "calm", "a=b": "a=b"},
        drop=("x y",),
        columns={"speaker": "spk"},
        licence="CC BY 4.0",
    )
    register("my.own", entry)
    settings = Settings.gather()
    placed = {"table": working / "mine.csv", "folder": working / "speech"}
    assert settings.own["my.own"] == entry.model_copy(update=placed)
    assert (working / "xlser.toml").read_text().startswith('# mine\n[corpora]\nemodb = "EmoDB"\n')
    with pytest.raises(SettingsError, match=r"has a corpus 'my\.own' already"):
        register("my.own", entry)
    write(working / "xlser.toml", 'corpora = { emodb = "x" }\n')
    with pytest.raises(SettingsError, match="Nothing can be appended") as error:
        register("mine", entry)
    assert "[corpora.mine]" in error.value.remedy
