"""`xlser corpora add`: a folder tree or a table becomes a corpus, previewed first."""

from pathlib import Path

import pytest
from tests import trees
from typer.testing import CliRunner

from xlser.cli import app
from xlser.corpora.tables.folders import read_folder
from xlser.errors import TableError

MAP = ("--map", "enfado=anger", "--map", "pena=sadness")
PATTERN = ("--pattern", "{speaker}/{emotion}/{name}.wav")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three speakers, two emotions, two recordings each, as people have them."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "speech"
    for seed, speaker in enumerate(("José", "ana maría", "Eva")):
        for shift, emotion in enumerate(("enfado", "pena")):
            trees.record(root / speaker / emotion / "1.WAV", trees.noise(10 * seed + shift))
            trees.record(root / speaker / emotion / "2.flac", trees.noise(10 * seed + shift + 5))
    trees.record(root / "sala.wav")
    (root / "Eva/enfado/._1.WAV").write_bytes(b"AppleDouble")
    (root / "__MACOSX/Eva/enfado").mkdir(parents=True)
    trees.record(root / "__MACOSX/Eva/enfado/1.wav")
    (root / "notes.txt").write_text("none")
    return root


def add(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["corpora", "add", "mio", *arguments])
    if result.exit_code != code and result.exception:
        raise result.exception
    assert result.exit_code == code
    return result.output


def test_preview_writes_nothing() -> None:
    output = add("--folder", "speech", *PATTERN, "--language", "spanish", *MAP)
    assert "12 rows, the first 10" in output
    assert "12 utterances of 3 speakers, spanish" in output
    assert "1 recordings do not fit the pattern and stay out: sala.wav" in output
    assert "caution: Gender unknown for 3 of 3 speakers" in output
    assert "Nothing is written" in output
    assert not Path("xlser.toml").exists()
    assert not Path("mio.csv").exists()


def test_with_yes_every_command_knows_the_corpus() -> None:
    output = add("--folder", "speech", *PATTERN, "--language", "spanish", *MAP, "--yes")
    assert "Next: xlser corpora check mio" in output
    checked = CliRunner().invoke(app, ["corpora", "check", "mio"])
    assert "12 of 12 published files; complete." in checked.output
    assert "anger 6, sadness 6; 3 speakers (3 unknown), 4 to 4 each" in checked.output
    assert "mio" in CliRunner().invoke(app, ["corpora"]).output
    with pytest.raises(Exception, match="has a corpus 'mio' already"):
        add("--folder", "speech", *PATTERN, "--language", "spanish", *MAP)


def test_unmapped_labels_are_shown_and_stop_it() -> None:
    with pytest.raises(TableError, match="'pena' is not mapped"):
        add("--folder", "speech", *PATTERN, "--language", "spanish", *MAP[:2], "--yes")
    result = CliRunner().invoke(
        app, ["corpora", "add", "mio", "--folder", "speech", *PATTERN, "--language", "spanish"]
    )
    assert result.output.count("(not mapped)") == 2
    assert not Path("xlser.toml").exists()


def test_dropped_labels_are_named() -> None:
    options = (*MAP[:2], "--drop", "pena", "--yes")
    output = add("--folder", "speech", *PATTERN, "--language", "spanish", *options)
    assert "left out: 6 rows of 'pena'" in output
    assert 'drop = ["pena"]' in Path("xlser.toml").read_text()


def test_emotion_taken_for_the_speaker_is_cautioned() -> None:
    swapped = ("--pattern", "*/{speaker}/{emotion}.wav")
    output = add(
        *("--folder", "speech", *swapped, "--language", "spanish"),
        *("--map", "1=anger", "--map", "2=2"),
    )
    assert "is the emotion taken for the speaker" not in output  # each has two "emotions"
    one = ("--pattern", "*/{speaker}/{name}_{emotion}.wav")
    for old in Path("speech").rglob("[12].*"):
        if not old.name.startswith("."):
            old.rename(old.with_name(f"{old.stem}_{old.parent.name}{old.suffix}"))
    output = add("--folder", "speech", *one, "--language", "spanish", *MAP)
    assert "is the emotion taken for the speaker" in output


def test_table_of_ones_own_is_referred_to_and_not_copied(folder: Path) -> None:
    rows = ["Eva/enfado/1.wav;eva;enfado", "José/pena/2.flac;jo;pena"]
    Path("t.csv").write_text("file;who;emotion\n" + "\n".join(rows), encoding="utf-8")
    options = ("--column", "path=file", "--column", "speaker=who", "--language", "spanish", *MAP)
    with pytest.raises(TableError, match="row 2, column 'path': there is no file"):
        add("--table", "t.csv", *options)
    add("--table", "t.csv", "--folder", "speech", *options, "--yes")
    assert 'table = "t.csv"\nfolder = "speech"' in Path("xlser.toml").read_text()
    assert not Path("mio.csv").exists()


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--folder", "speech"),
        ("--pattern", "{speaker}/{emotion}.wav"),
        ("--table", "t.csv", "--pattern", "{speaker}/{emotion}.wav"),
        ("--folder", "speech", *PATTERN, "--map", "enfado"),
        ("--folder", "speech", *PATTERN, "--map", "=anger"),
    ],
)
def test_half_said_options_are_refused(options: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match=r"made of a table, of|is not of the form"):
        add(*options, "--language", "spanish")


def test_name_of_a_known_corpus_is_refused() -> None:
    result = CliRunner().invoke(app, ["corpora", "add", "emodb", "--table", "t.csv"])
    assert "There is a corpus 'emodb' already" in str(result.exception)


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{speaker}_{emotion}_{name}.wav", "f1_sad_a_b.wav", ("f1", "sad")),
        ("**/{speaker}-{emotion}.wav", "x/y/f1-sad.ogg", ("f1", "sad")),
        ("**/{speaker}-{emotion}.wav", "f1-sad.ogg", ("f1", "sad")),
        ("{speaker}/{speaker}_{emotion}.wav", "f1/f1_sad.wav", ("f1", "sad")),
        ("{emotion}/{speaker}*", "sad/f.1.wav", ("f", "sad")),
        ("*/{speaker} ({emotion}).*", "x/f1 (sad).WAV", ("f1", "sad")),
    ],
)
def test_patterns(pattern: str, path: str, fields: tuple[str, str], tmp_path: Path) -> None:
    trees.record(tmp_path / "tree" / path, format="WAV")
    (row,) = read_folder(tmp_path / "tree", pattern).frame.to_dict("records")
    assert (row["path"], row["speaker"], row["emotion"]) == (path, *fields)


@pytest.mark.parametrize(
    ("pattern", "problem", "remedy"),
    [
        ("{speeker}/{emotion}.wav", "has a field 'speeker'", "Did you mean {speaker}?"),
        ("{speaker}/{name}.wav", "lacks {emotion}", "--table"),
        ("{speaker}_{emotion}.wav", "No recording in", "such a path"),
        ("{speaker}/{speaker}/{emotion}.wav", "No recording in", "such a path"),
    ],
)
def test_unusable_patterns(pattern: str, problem: str, remedy: str, folder: Path) -> None:
    with pytest.raises(TableError) as error:
        read_folder(folder, pattern)
    assert problem in error.value.problem
    assert remedy in error.value.remedy
