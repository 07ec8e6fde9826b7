"""Trees as people have them: accepted, or diagnosed for what they are."""

import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import trees
from tests.trees import Tiny

from xlser.audio import check_corpus
from xlser.corpora import get_corpus, scan, survey
from xlser.corpora.diagnosis import diagnose
from xlser.errors import IncompleteCorpusError

Rename = Callable[[str], str]


def tree(corpus: str, root: Path, rename: Rename) -> Path:
    """Plant every published name of a corpus under another."""
    return trees.plant(root, [rename(name) for name in get_corpus(corpus).published()])


ACCEPTED: list[tuple[str, Rename]] = [
    ("emodb", lambda n: f"WAV/{n.upper()}.WAV"),
    ("emodb", lambda n: f"wav/{n.lower()}.Wav"),
    ("emodb", lambda n: f"{n.swapcase()}.flac"),
    ("shemo", lambda n: f"male/{n}.wav.wav"),
    ("tess", lambda n: f"{n.upper()}.mp3.WAV"),
    ("cremad", lambda n: f"{n}.wav.wav.flac"),
    ("savee", lambda n: f"audiodata/{n[:2].lower()}/{n[3:].upper()}.wav"),
    ("savee", lambda n: f"all/{n.lower()}.wav.wav"),
    ("casia", lambda n: "/".join(reversed(n.upper().split("-"))) + ".WAV"),
    ("turev", lambda n: f"{unicodedata.normalize('NFD', n)}.wav"),
]


@pytest.mark.parametrize(("corpus", "rename"), ACCEPTED)
def test_other_case_and_doubled_endings_are_accepted(
    corpus: str, rename: Rename, tmp_path: Path
) -> None:
    root = tree(corpus, tmp_path / corpus, rename)
    published = get_corpus(corpus).published()
    assert {u.name for u in scan(get_corpus(corpus), root).utterances} == set(published)


DIAGNOSED: list[tuple[str, Rename, str]] = [
    ("emodb", lambda n: f"wav\\{n}.wav", r"535 audio files are there with a backslash"),
    ("emodb", lambda n: f"emodb\\wav\\{n.lower()}.WAV", r"535 audio files .* with a backslash"),
    ("casia", lambda n: "\\".join(reversed(n.split("-"))) + ".wav", r"1200 .* with a backslash"),
    ("emodb", lambda n: f"wav/{n} (2).wav", r"'03a01Fa \(2\)\.wav' would be 03a01Fa"),
    ("emodb", lambda n: f"wav/{n} - Copy.wav", r"'03a01Fa - Copy\.wav' would be 03a01Fa"),
    ("emodb", lambda n: f"wav/{n.upper()}(1).wav", r"'03A01FA\(1\)\.wav' would be 03a01Fa"),
    ("ravdess", lambda n: f"01{n[2:]}.wav", r"1440 audio files are there with '1' where .* '3'"),
    ("emodb", lambda n: f"emo_{n}.wav", r"with 'emo_' where .*'emo_03a01Fa\.wav' would be 03a01Fa"),
    ("emodb", lambda n: f"{n}_16k.wav", r"with '_16k' where .* would be 03a01Fa"),
    ("tess", lambda n: f"{n.replace('_', '-', 1)}.wav", r"2800 audio files .* with '-' where"),
]


@pytest.mark.parametrize(("corpus", "rename", "line"), DIAGNOSED)
def test_other_names_are_paired_with_what_is_missing(
    corpus: str, rename: Rename, line: str, tmp_path: Path
) -> None:
    root = tree(corpus, tmp_path / corpus, rename)
    kind = get_corpus(corpus)
    with pytest.raises(IncompleteCorpusError, match=line) as error:
        scan(kind, root)
    assert "Rename those files" in error.value.remedy
    found = survey(kind, root)
    wanted = {root / rename(name): name for name in kind.published()}
    assert diagnose(found).pairs == wanted


def test_names_that_fit_several_utterances_are_not_paired(tmp_path: Path) -> None:
    count: dict[str, int] = {}

    def numbered(name: str) -> str:
        count[name[3:]] = k = count.get(name[3:], 0) + 1
        return f"{name[3:]}.wav" if k == 1 else f"{name[3:]} ({k}).wav"

    root = tree("savee", tmp_path / "savee", numbered)
    with pytest.raises(IncompleteCorpusError, match=r"480 unexpected .* 'a01 \(2\)\.wav'"):
        scan(get_corpus("savee"), root)
    assert diagnose(survey(get_corpus("savee"), root)).pairs == {}


def test_two_files_that_may_be_one_utterance_are_not_paired(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "ann-anger-1.wav").rename(root / "ann-anger-1 (2).wav")
    shutil.copy(root / "ann-anger-1 (2).wav", root / "ann-anger-1 (3).wav")
    assert diagnose(survey(Tiny(), root)).pairs == {}


def test_check_pairs_each_file_and_sums_up(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "ann-anger-1.wav").rename(root / "ann-anger-1 (2).wav")
    (root / "ann-fear-1.wav").rename(root / "Ann-Fear-1.WAV.wav")
    report = check_corpus(Tiny(), root)
    assert report.faults == ("ann-anger-1: missing",)
    stray, taken = root / "ann-anger-1 (2).wav", root / "Ann-Fear-1.WAV.wav"
    assert f"{stray}: unexpected, not a published name, perhaps ann-anger-1" in report.remarks
    assert any(f"{taken} for ann-fear-1" in line for line in report.remarks)


def test_exact_name_goes_before_one_in_other_case(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    other = trees.record(root / "other/ANN-ANGER-1.WAV", trees.noise(seed=99))
    found = survey(Tiny(), root)
    assert found.files["ann-anger-1"] == (root / "ann-anger-1.wav",)
    assert found.unexpected == (other,)


def test_two_editions_side_by_side_are_named(tmp_path: Path) -> None:
    root = tmp_path / "cafe"
    cafe = get_corpus("cafe")
    for seed, edition in enumerate(("CaFE_192k", "CaFE_48k")):
        sound = trees.record(tmp_path / f"{seed}.wav", trees.noise(seed))
        for name in cafe.published():
            file = root / edition / f"Emotion {name[3]}" / f"{name}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            os.link(sound, file)
    line = r"Two editions lie side by side: 936 utterances are in 'CaFE_192k' and.* 'CaFE_48k'"
    with pytest.raises(IncompleteCorpusError, match=line):
        scan(cafe, root)
    assert any("Two editions" in remark for remark in check_corpus(cafe, root).remarks)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ([], "The folder is empty"),
        (["tiny.zip"], r"but 1 others \(1 with \.zip\)\. Unpack the archive"),
        (["a.txt", "b.txt", "c.csv"], r"but 3 others \(2 with \.txt, 1 with \.csv\)"),
    ],
)
def test_what_lies_there_instead_is_said(files: list[str], line: str, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    for name in files:
        (tmp_path / "tiny" / name).touch()
    with pytest.raises(IncompleteCorpusError, match=line):
        scan(Tiny(), tmp_path / "tiny")


@pytest.mark.parametrize("ending", [".m4a", ".wma", ".mp4"])
def test_utterances_in_formats_that_cannot_be_read_are_said_to_be_there(
    ending: str, tmp_path: Path
) -> None:
    root = trees.plant(tmp_path / "tiny", (f"{name}{ending}" for name in Tiny().names()))
    with pytest.raises(IncompleteCorpusError, match=r"24 audio files are there in a form that"):
        scan(Tiny(), root)


@pytest.mark.skipif(os.geteuid() != 0, reason="taking another user id needs root")
@pytest.mark.parametrize("mode", [0o000, 0o100, 0o400])
def test_folder_that_may_not_be_read_is_named(mode: int, tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "closed").mkdir()
    for file in root.glob("ann-*"):
        file.rename(root / "closed" / file.name)
    (root / "closed").chmod(mode)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.owner() == "root":
            folder.chmod(folder.stat().st_mode | 0o005)
    script = (
        "import os, sys; from pathlib import Path; from tests.trees import Tiny; "
        "from xlser.corpora import survey; from xlser.corpora.diagnosis import diagnose; "
        "Tiny().published(); root = Path(sys.argv[1]); from xlser.corpora.names import is_audio; "
        "is_audio(Path('a.wav')); os.setgid(12345); os.setuid(12345); "
        "print(*diagnose(survey(Tiny(), root)).lines, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert f"'{root / 'closed'}' cannot be read (Permission denied)." in done.stdout
