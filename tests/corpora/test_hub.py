"""Corpora from the Hub: parquet of a local hub becomes recordings, byte for byte, and a table."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from tests import trees
from tests.local_hub import serving

from xlser.corpora.hub import CAMEO, HubDataset, cameo_part, fetch_dataset
from xlser.errors import FetchError, UnknownNameError

COMMIT = "38e9e968deb4636377e76b28bbb2062f92b898ab"  # of CAMEO
EMOTIONS = ("anger", "fear", "happiness", "neutral", "sadness", "surprise")
README = """---
configs:
- config_name: default
  data_files:
  - {split: nemo, path: data/nemo-*}
- config_name: labels
  data_files: data/labels-*
- config_name: empty
  data_files: data/empty-*
---
"""


def wav(seed: int, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, trees.noise(seed), trees.RATE, format=kind)
    return file.getvalue()


def parquet(rows: list[dict[str, object]], features: datasets.Features, path: Path) -> bytes:
    pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), path)
    return path.read_bytes()


def cameo_like(path: Path) -> bytes:
    """As CAMEO's parts are: WAV bytes, all columns."""
    text = ("file_id", "emotion", "transcription", "speaker_id", "gender", "age", "dataset")
    features = datasets.Features(
        {name: datasets.Value("string") for name in (*text, "language", "license")}
        | {"audio": datasets.Audio(decode=False)}
    )
    rows: list[dict[str, object]] = [
        {
            "file_id": f"s{n % 4}_{EMOTIONS[n % 6]}_{n}.wav",
            "audio": {"bytes": wav(n), "path": f"{n}.wav"},
            "emotion": EMOTIONS[n % 6],
            "transcription": f"Zdanie, {n // 6}\nćwiczone",
            "speaker_id": f"s{n // 6}",
            "gender": ("female", "male")[n // 6 % 2],
            "age": "30",
            "dataset": "nEMO",
            "language": "Polish",
            "license": "cc-by-nc-sa-4.0",
        }
        for n in range(24)
    ]
    return parquet(rows, features, path)


def with_labels(path: Path) -> bytes:
    """Labels as classes, numbered speakers, names that are neither safe nor unique."""
    features = datasets.Features(
        {
            "sound": datasets.Audio(decode=False),
            "label": datasets.ClassLabel(names=["enfado", "pena"]),
            "who": datasets.Value("int64"),
        }
    )
    names = ["../../a b.wav", "x/a b.flac", None, "ñ.wav"]
    rows: list[dict[str, object]] = [
        {
            "sound": {"bytes": wav(n, "FLAC" if n == 1 else "WAV"), "path": name},
            "label": n % 2,
            "who": n // 2,
        }
        for n, name in enumerate(names)
    ]
    return parquet(rows, features, path)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hub")
    silent = datasets.Features(
        {
            "audio": datasets.Audio(decode=False),
            "emotion": datasets.Value("string"),
            "speaker": datasets.Value("string"),
        }
    )
    nothing: list[dict[str, object]] = [
        {"audio": {"bytes": None, "path": "gone.wav"}, "emotion": "fear", "speaker": "a"}
    ]
    files = {
        "README.md": README.encode(),
        "data/nemo-00000-of-00001.parquet": cameo_like(folder / "a"),
        "data/labels-00000-of-00001.parquet": with_labels(folder / "b"),
        "data/empty-00000-of-00001.parquet": parquet(nothing, silent, folder / "c"),
    }
    with serving(COMMIT) as hub:
        hub.files.update({"datasets/o/n": files, "datasets/amu-cai/CAMEO": files})
        yield hub.address


@pytest.fixture
def xlser(hub: str, tmp_path: Path):
    """Run a command against the local hub: its address is read when huggingface_hub is imported."""

    def run(*arguments: str, code: int = 0) -> str:
        environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "hf")}
        done = subprocess.run(
            [sys.executable, "-m", "xlser", "corpora", *arguments],
            cwd=tmp_path,
            env={**environment, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_part_of_cameo_becomes_a_corpus_that_every_command_knows(xlser, tmp_path: Path) -> None:
    refused = xlser("fetch", "cameo-nemo", "--into", "data", code=2)
    assert "licence: that of the part" in refused
    assert "--accept-licence cameo-nemo" in refused
    assert not (tmp_path / "data").exists()
    done = xlser("fetch", "cameo-nemo", "--into", "data", "--accept-licence", "cameo-nemo")
    assert "24 utterances in" in done
    root = tmp_path / "data/cameo-nemo"
    assert (root / "audio/s0_anger_0.wav").read_bytes() == wav(0)
    source = json.loads((root / "source.json").read_text())
    assert (source["revision"], source["split"]) == (COMMIT, "nemo")
    assert source["licences of its rows"] == ["cc-by-nc-sa-4.0"]
    assert pd.read_csv(root / "table.csv")["sentence"][0] == "Zdanie, 0 ćwiczone"
    checked = xlser("check", "cameo-nemo")
    assert "24 of 24 published files; complete." in checked
    assert "4 speakers (2 female, 2 male), 6 to 6 each" in checked
    again = xlser("fetch", "cameo-nemo", "--into", "x", "--accept-licence", "cameo-nemo", code=2)
    assert "has a corpus 'cameo-nemo' already" in again


def test_any_dataset_becomes_a_corpus(xlser, tmp_path: Path) -> None:
    columns = ("audio=sound", "emotion=label", "speaker=who")
    options = [part for column in columns for part in ("--column", column)]
    options += ["--config", "labels", "--language", "spanish", "--map", "enfado=anger"]
    name = f"o/n@{COMMIT}"
    unmapped = xlser("add", "mio", "--hub", name, *options, code=2)
    assert "'pena' is not mapped" in unmapped
    assert "4 utterances in" in xlser(
        "add", "mio", "--hub", name, *options, "--map", "pena=sadness"
    )
    files = sorted(path.name for path in (tmp_path / "mio/audio").iterdir())
    assert files == ["000002.wav", "a_b.wav", "a_b_000001.flac", "ñ.wav"]
    assert "anger 2, sadness 2; 2 speakers" in xlser("check", "mio")


@pytest.mark.parametrize(
    ("options", "problem", "remedy"),
    [
        (("--hub", f"o/n@{COMMIT}", "--split", "nemo"), "no column 'speaker'; it has", "--column"),
        (
            ("--hub", f"o/n@{COMMIT}", "--split", "none"),
            "cannot be loaded",
            "is there such a split",
        ),
        (("--hub", f"o/n@{COMMIT}", "--config", "empty"), "row 0 has no audio bytes", "--table"),
    ],
)
def test_dataset_that_cannot_be_used(
    options: tuple[str, ...], problem: str, remedy: str, xlser, tmp_path: Path
) -> None:
    output = xlser("add", "mio", *options, "--language", "polish", code=2)
    assert problem in output
    assert remedy in output
    assert not (tmp_path / "mio").exists()
    assert not (tmp_path / "xlser.toml").exists()


def test_what_is_seen_is_in_the_docs() -> None:
    docs = (Path(__file__).parents[2] / "docs/corpora.md").read_text(encoding="utf-8")
    section = docs.partition("## From the Hub")[2].partition("## Fetching")[0]
    seen = ("is not a commit", "no column 'speaker'; it has", "cannot be loaded")
    for problem in (*seen, "row 0 has no audio bytes", "'pena' is not mapped"):
        assert f"`{problem}`" in section


@pytest.mark.parametrize("revision", ["main", "", COMMIT[:7]])
def test_what_is_no_commit_is_refused(revision: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="is not a commit") as error:
        fetch_dataset(HubDataset("o/n", revision), tmp_path / "mio")
    assert "40 hexadecimal digits" in error.value.remedy


def test_parts_of_cameo_are_thirteen_in_eight_languages_all_pinned() -> None:
    assert (len(CAMEO), len(set(CAMEO.values()))) == (13, 8)
    assert {cameo_part(part).revision for part in CAMEO} == {COMMIT}
    with pytest.raises(UnknownNameError, match="part of CAMEO 'nemos'"):
        cameo_part("nemos")


def test_folder_that_is_there_is_not_written_into(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="exists"):
        fetch_dataset(HubDataset("o/n", COMMIT), tmp_path)
