"""Tables of Greek and Arabic corpora as people have them: each works, or is told what to change.

docs/corpora.md lists the kinds; a test compares.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import trees
from typer.testing import CliRunner

from xlser.cli import app
from xlser.corpora import get_corpus
from xlser.errors import XlserError

GREEK = {"θυμός": "anger", "χαρά": "happiness", "λύπη": "sadness"}
ARABIC = {"غضب": "anger", "فرح": "happiness", "حزن": "sadness"}


@dataclass(frozen=True)
class Kind:
    """A table, and what comes of it.

    Attributes:
        table: from the recordings' rows (path, speaker, emotion) to the table's bytes.
        language: whose recordings.
        options: of `xlser corpora add`, besides table, language and map.
        finds: (utterances, speakers, women) of the corpus; None where it is refused.
        problem: part of what is printed, with row, column and value.
        remedy: part of what to do.
        name: of the file.
        mapped: whether --map is given.
    """

    table: Callable[[list[tuple[str, str, str]]], bytes]
    language: str = "greek"
    options: tuple[str, ...] = ()
    finds: tuple[int, int, int] | None = (18, 3, 0)
    problem: str = ""
    remedy: str = ""
    name: str = "table.csv"
    mapped: bool = True


def text(
    header: str = "path,speaker,emotion",
    row: Callable[[str, str, str], str] = lambda *cells: ",".join(cells),
    encoding: str = "utf-8",
    end: str = "\n",
    *,
    before: str = "",
    after: str = "",
) -> Callable[[list[tuple[str, str, str]]], bytes]:
    """Return what writes a text: a header, a line a recording, and lines before and after."""

    def write(rows: list[tuple[str, str, str]]) -> bytes:
        lines = [header, *(row(*cells) for cells in rows)]
        return (before + end.join(lines) + end + after).encode(encoding)

    return write


def windows(path: str) -> str:
    return path.replace("/", "\\")


KINDS: dict[str, Kind] = {
    "UTF-8 with a byte order mark, semicolons": Kind(
        text("path;speaker;emotion", lambda *c: ";".join(c), "utf-8-sig", "\r\n")
    ),
    "UTF-16 with tabs, as Excel's Unicode text": Kind(
        text("path\tspeaker\temotion", lambda *c: "\t".join(c), "utf-16", "\r\n"),
        "arabic", name="table.txt",
    ),
    "cp1253 with `--encoding cp1253`": Kind(
        text(encoding="cp1253"), options=("--encoding", "cp1253")
    ),
    "cp1256 with `--encoding cp1256`": Kind(
        text(encoding="cp1256"), "arabic", options=("--encoding", "cp1256")
    ),
    "cp1253 without it": Kind(
        text(encoding="cp1253"), finds=None,
        problem="table.csv, row 2: byte 0xc5 is not utf-8", remedy="in cp1253 (Greek)",
    ),
    "cp1256 without it": Kind(
        text(encoding="cp1256"), "arabic", finds=None,
        problem="is not utf-8", remedy="in cp1256 (Arabic)",
    ),
    "UTF-16 without a mark": Kind(
        text(encoding="utf-16-le"), finds=None,
        problem="holds NUL bytes", remedy="--encoding utf-16-le",
    ),
    "a first line `sep=;`": Kind(
        text("path;speaker;emotion", lambda *c: ";".join(c), before="sep=;\r\n", end="\r\n")
    ),
    "paths with backslashes": Kind(text(row=lambda p, s, e: f"{windows(p)},{s},{e}"), "arabic"),
    "absolute paths, and the folder named": Kind(
        text(row=lambda p, s, e: f"{Path.cwd() / 'wav' / p},{s},{e}")
    ),
    "absolute paths of this machine, another folder named": Kind(
        text(row=lambda p, s, e: f"{Path.cwd() / 'wav' / p},{s},{e}"), options=("--folder", "."),
    ),
    "absolute paths below no folder named": Kind(
        text(row=lambda p, s, e: f"{Path.cwd() / 'wav' / p},{s},{e}"),
        options=("--folder", "elsewhere"), finds=None, problem="is absolute", remedy="/wav'",
    ),
    "absolute paths of another machine": Kind(
        text(row=lambda p, s, e: f"C:\\corpus\\{windows(p)},{s},{e}"), "arabic", finds=None,
        problem="row 2, column 'path': 'C:\\\\corpus\\\\",
        remedy="Cut the beginning of the paths (C:/corpus/",
    ),
    "other columns besides, two of one name, cells empty": Kind(
        text("id,path,speaker,emotion,note,note,age", lambda *c: f"7,{','.join(c)},,x,")
    ),
    "columns in Greek, named": Kind(
        text("αρχείο,ομιλητής,συναίσθημα"),
        options=("--column", "path=αρχείο", "speaker=ομιλητής", "emotion=ΣΥΝΑΊΣΘΗΜΑ"),
    ),
    "columns in Greek, not named": Kind(
        text("αρχείο,ομιλητής,συναίσθημα"), finds=None,
        problem="has no column 'path', 'speaker', 'emotion'; it has αρχείο, ομιλητής, συναίσθημα",
        remedy="--column path=THEIR_NAME speaker=THEIR_NAME",
    ),
    "labels in another alphabet, not mapped": Kind(
        text(), "arabic", finds=None, mapped=False,
        problem="column 'emotion': 'غضب' is not mapped (and 5 more rows)",
        remedy="--map غضب=TERM فرح=TERM حزن=TERM",
    ),
    "genders in Greek": Kind(
        text("path,speaker,emotion,gender", lambda *c: ",".join([*c, "γυναίκα"])), finds=(18, 3, 3)
    ),
    "genders in Arabic": Kind(
        text("path,speaker,emotion,gender", lambda *c: ",".join([*c, "أنثى"])), "arabic",
        finds=(18, 3, 3),
    ),
    "genders as M, F and empty": Kind(
        text(
            "path,speaker,emotion,gender",
            lambda *c: ",".join([*c, {"Ελένη": "F", "Νίκος": "M"}.get(c[1], "")]),
        ),
        finds=(18, 3, 1),
    ),
    "genders as numbers": Kind(
        text("path,speaker,emotion,gender", lambda *c: ",".join([*c, "1"])), finds=None,
        problem="row 2, column 'gender': '1' is not understood", remedy="female, male or unknown",
    ),
    "speakers as numbers": Kind(
        text(row=lambda p, s, e: f"{p},{['Ελένη', 'Νίκος', 'Μαρία'].index(s) + 1},{e}")
    ),
    "marks of direction around cells": Kind(
        text(row=lambda p, s, e: f"\u200f{p}\u200f,\u202b{s}\u202c,\u200f{e}"), "arabic"
    ),
    "decomposed Unicode": Kind(text(row=lambda p, s, e: f"{p},{s},{decomposed(e)}")),
    "a recording listed twice": Kind(
        text(after="Ελένη/θυμός/1.wav,Ελένη,θυμός\n"), finds=None,
        problem="row 20, column 'path': 'Ελένη/θυμός/1.wav' is listed in row 2 already",
        remedy="List each recording once",
    ),
    "a recording that is not there": Kind(
        text(after="Ελένη/θυμός/99.wav,Ελένη,θυμός\n"), finds=None,
        problem="row 20, column 'path': there is no file 'Ελένη/θυμός/99.wav'",
        remedy="remove rows without a recording",
    ),
    "names without their folders": Kind(
        text(row=lambda p, s, e: f"{p.replace('/', '_')},{s},{e}"), finds=None,
        problem="there is no file", remedy="--folder",
    ),
    "endings in capitals": Kind(
        text(row=lambda p, s, e: f"{p.upper()},{s},{e}"), "arabic",
    ),
    "names without an ending": Kind(
        text(row=lambda p, s, e: f"{p.removesuffix('.wav')},{s},{e}"), finds=None,
        problem="row 2, column 'path': 'Ελένη/θυμός/1' has no ending", remedy=".wav",
    ),
    "an empty speaker": Kind(
        text(after="Ελένη/θυμός/99.wav,,θυμός\n"), finds=None,
        problem="row 20, column 'speaker': empty", remedy="Speakers must be known",
    ),
    "an empty emotion": Kind(
        text(after="Ελένη/θυμός/99.wav,Ελένη,\n"), finds=None,
        problem="row 20, column 'emotion': empty", remedy="Fill in",
    ),
    "lines of more cells than the header": Kind(
        text(after="Ελένη/θυμός/99.wav,Ελένη,θυμός,και,άλλα\n"), finds=None,
        problem="cannot be read as a table", remedy="Quote values",
    ),
    "an Excel workbook named .csv": Kind(
        lambda rows: b"PK\x03\x04\x14\x00", finds=None, problem="is a workbook", remedy="as CSV",
    ),
    "an Excel workbook": Kind(
        lambda rows: b"PK\x03\x04\x14\x00", name="table.xlsx", finds=None,
        problem="no CSV, TSV or Parquet file", remedy="Save the table as CSV",
    ),
    "a language column with a code": Kind(
        text("path,speaker,emotion,language", lambda *c: ",".join([*c, "el"]))
    ),
}  # fmt: skip


def decomposed(word: str) -> str:
    from unicodedata import normalize

    return normalize("NFD", word)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


def recordings(language: str) -> list[tuple[str, str, str]]:
    """Write eighteen recordings of three speakers below `wav`; return path, speaker, emotion."""
    speakers = ("Ελένη", "Νίκος", "Μαρία") if language == "greek" else ("ليلى", "عمر", "سارة")
    labels = GREEK if language == "greek" else ARABIC
    rows = []
    for speaker in speakers:
        for label in labels:
            for number in (1, 2):
                path = f"{speaker}/{label}/{number}.wav"
                trees.record(Path("wav", path), trees.noise(len(rows)))
                rows.append((path, speaker, label))
    return rows


def add(kind: Kind) -> str:
    """Run `xlser corpora add` over a kind of table; return what it prints."""
    rows = recordings(kind.language)
    Path(kind.name).write_bytes(kind.table(rows))
    labels = GREEK if kind.language == "greek" else ARABIC
    mapped = [f"{label}={of}" for label, of in labels.items()] if kind.mapped else []
    command = ["corpora", "add", "mine", "--table", kind.name, "--language", kind.language, "--yes"]
    folder = [] if "--folder" in kind.options else ["--folder", "wav"]
    options = [*folder, *kind.options, *(["--map", *mapped] if mapped else [])]
    result = CliRunner().invoke(app, [*command, *options])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.finds])
def test_a_table_works_as_it_is(name: str) -> None:
    output = add(KINDS[name])
    corpus = get_corpus("mine")
    spoken = corpus.published().values()
    speakers = {s.speaker for s in spoken}
    women = [s for s in speakers if corpus.gender_of(s) == "female"]
    assert (len(spoken), len(speakers), len(women)) == KINDS[name].finds, output
    assert {s.emotion for s in spoken} == {"anger", "happiness", "sadness"}
    checked = CliRunner().invoke(app, ["corpora", "check", "mine"])
    assert "18 of 18 published files; complete." in checked.output


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if not kind.finds])
def test_a_table_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(XlserError) as error:
        add(KINDS[name])
    assert KINDS[name].problem in error.value.problem
    assert KINDS[name].remedy in error.value.remedy
    assert not Path("xlser.toml").exists()


def test_the_docs_list_every_kind() -> None:
    docs = (Path(__file__).parents[2] / "docs/corpora.md").read_text(encoding="utf-8")
    section = docs.partition("### Tables as people have them")[2].partition("\n## ")[0]
    works, refused = section.split("| refused |")
    listed = re.findall(r"^- (.+?)[;.]$", works, re.MULTILINE)
    assert sorted(listed) == sorted(name for name, kind in KINDS.items() if kind.finds)
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", refused, re.MULTILINE)
    assert [name for name, _ in rows if "---" not in name and name != ":--"] == [
        name for name, kind in KINDS.items() if not kind.finds
    ]
