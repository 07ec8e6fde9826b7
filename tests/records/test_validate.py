"""Records that were tampered with, one of each kind, are rejected by what was done to them."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.cli.commands import xlser
from tests.records.committed import PLACE, all_files, record

from xlser.records import Record
from xlser.records.validate import identity, validate
from xlser.system.files import digest_json


@pytest.fixture
def original() -> Record:
    return record("sft-k100-s0-")


@pytest.fixture
def laid_down(tmp_path: Path) -> Callable[[Record], Path]:
    def lay_down(record: Record) -> Path:
        """Write a record where its key, figures and name say it belongs."""
        record = record.model_copy(update={"scores": record.rescored()})
        record = record.model_copy(update={"key": digest_json(identity(record))})
        method = record.method.name
        name = f"{method}-k{record.labels}-s{record.seed}-{record.key[:8]}.json"
        path = tmp_path / PLACE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        record.write(path)
        return path

    return lay_down


def whats(*paths: Path) -> list[str]:
    return [fault.what for fault in validate(paths).faults]


def changed_text(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def of_target(record: Record, **changes: Any) -> Record:
    """Change fields of the predictions for the target; utterances, emotions, predicted, levels."""
    part, *others = record.predictions
    changed = part.model_copy(update=changes)
    return record.model_copy(update={"predictions": (changed, *others)})


def test_all_committed_records_are_sound() -> None:
    found = validate(all_files())
    assert found.records > 1500
    assert not found.faults


def test_a_sound_record_passes(original: Record, laid_down: Callable[[Record], Path]) -> None:
    found = validate([laid_down(original)])
    assert (found.records, found.faults) == (1, [])
    assert found.incomplete == [
        "v1, german, frozen, audiontt-512, fp32, sft, 100 labels: seeds 0 of 0, 1, 2"
    ]


def test_a_changed_score(original: Record, laid_down: Callable[[Record], Path]) -> None:
    path = laid_down(original)
    ua = original.rescored()["target"].ua
    (what,) = whats(changed_text(path, f'"ua": {ua!r}', '"ua": 0.99'))
    assert "states figures that its predictions do not give" in what


def test_swapped_predictions(original: Record, laid_down: Callable[[Record], Path]) -> None:
    part = original.predictions[0]
    truth, predicted, levels = part.truth, part.prediction, part.level_matrix.copy()
    right = int(np.flatnonzero(predicted == truth)[0])
    other = (predicted != truth[right]) & (truth != truth[right])
    wrong = int(np.flatnonzero((predicted != truth) & other)[0])
    levels[[right, wrong]] = levels[[wrong, right]]
    predicted[[right, wrong]] = predicted[[wrong, right]]
    path = laid_down(original)
    swapped = of_target(
        original, predicted="".join(map(str, predicted)), levels=levels.tobytes()
    ).model_copy(update={"key": Record.parse(path).key, "scores": original.scores})
    swapped.write(path)
    (what,) = whats(path)
    assert "states figures that its predictions do not give" in what


def utterance_missing(record: Record) -> tuple[Record, str]:
    part = record.predictions[0]
    changed = of_target(
        record,
        utterances=" ".join(part.names[1:]),
        emotion=part.emotion[1:],
        predicted=part.predicted[1:],
        levels=part.levels[5:],
    )
    return changed, f"It lacks 1 test utterances: emodb/{part.names[0]}."


def utterance_of_training(record: Record) -> tuple[Record, str]:
    names = ["03a01Fa", *record.predictions[0].names[1:]]
    changed = of_target(record, utterances=" ".join(names))
    return changed, "It has 1 utterances that are not tested: emodb/03a01Fa."


def utterance_twice(record: Record) -> tuple[Record, str]:
    names = record.predictions[0].names
    names[1] = names[0]
    changed = of_target(record, utterances=" ".join(names))
    return changed, f"It has 1 utterances more than once: emodb/{names[0]}."


def other_order(record: Record) -> tuple[Record, str]:
    part = record.predictions[0]
    turned = of_target(
        record,
        utterances=" ".join(part.names[::-1]),
        emotion=part.emotion[::-1],
        predicted=part.predicted[::-1],
        levels=part.level_matrix[::-1].tobytes(),
    )
    return turned, (
        f"Its utterances are not in the protocol's order: emodb/{part.names[-1]} stands where "
        f"emodb/{part.names[0]} does."
    )


def other_emotion(record: Record) -> tuple[Record, str]:
    part = record.predictions[0]
    emotion = part.emotion[:3] + str((int(part.emotion[3]) + 1) % 5) + part.emotion[4:]
    return of_target(record, emotion=emotion), (
        f"It states another emotion for 1 utterances: emodb/{part.names[3]}."
    )


def corpus_missing(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"predictions": record.predictions[:-1]}), (
        "It has predictions for emodb (target), ravdess (source), not for emodb (target), "
        "ravdess (source), tess (source)."
    )


def other_seed(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"seed": 1}), (
        "Its digest of who trained, who was labelled and who was tested is not that of german, "
        "100 labels, seed 1."
    )


def other_labels(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"labels": 50}), "is not that of german, 50 labels, seed 0."


def unknown_budget(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"labels": 33}), "v1 has no label budget of 33."


def unknown_target(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"target": "klingon"}), "There is no target language of v1"


def unknown_protocol(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"protocol": "v9"}), "There is no protocol 'v9'."


def other_version(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"protocol_version": 2}), "It is of v1 version 2 ("


def other_protocol_data(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"protocol_digest": "0" * 64}), "It is of v1 version 1 (00000"


def other_class_order(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"classes": record.classes[::-1]}), (
        "Its classes are sadness, neutral, happiness, fear, anger, not anger, fear,"
    )


def complete_by_its_own_word(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"absent_corpora": ()}), (
        "It states that these source corpora were absent: none; by the corpora it trained on they "
        "were: savee."
    )


def excluded_by_its_own_word(record: Record) -> tuple[Record, str]:
    name = record.predictions[0].names[0]
    return record.model_copy(update={"excluded": {"emodb": (name,)}}), (
        f"It has 1 utterances that are not tested: emodb/{name}."
    )


def other_source_figure(record: Record) -> tuple[Record, str]:
    return record.model_copy(update={"source_figure": "pooled"}), (
        "Its source figure is 'pooled', not 'mean over corpora'."
    )


@pytest.mark.parametrize(
    "tamper",
    [
        utterance_missing,
        utterance_of_training,
        utterance_twice,
        other_order,
        other_emotion,
        corpus_missing,
        other_seed,
        other_labels,
        unknown_budget,
        unknown_target,
        unknown_protocol,
        other_version,
        other_protocol_data,
        other_class_order,
        complete_by_its_own_word,
        excluded_by_its_own_word,
        other_source_figure,
    ],
)
def test_figures_digests_and_names_made_to_fit_do_not_help(
    tamper: Callable[[Record], tuple[Record, str]],
    original: Record,
    laid_down: Callable[[Record], Path],
) -> None:
    record, expected = tamper(original)
    assert any(expected in what for what in whats(laid_down(record))), whats(laid_down(record))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"precision": "fp32"', '"precision": "bf16"'),
        ('"name": "sft"', '"name": "dann"'),
        ('"weights": "f4283f22', '"weights": "04283f22'),
    ],
)
def test_what_defines_a_run_is_under_its_key(
    old: str, new: str, original: Record, laid_down: Callable[[Record], Path]
) -> None:
    found = whats(changed_text(laid_down(original), old, new))
    assert any(what.startswith("Its key is ") for what in found)


def test_a_record_in_another_place_or_under_another_name(
    original: Record, laid_down: Callable[[Record], Path], tmp_path: Path
) -> None:
    path = laid_down(original)
    moved = tmp_path / PLACE.replace("german", "italian") / path.name
    moved.parent.mkdir(parents=True)
    moved.write_bytes(path.read_bytes())
    assert whats(moved) == [f"It was moved: it belongs to {PLACE}/{path.name}."]
    renamed = path.with_name("sft.json")
    renamed.write_bytes(path.read_bytes())
    assert whats(renamed) == [f"It was renamed: it belongs into a file named {path.name}."]


def test_the_same_run_twice(
    original: Record, laid_down: Callable[[Record], Path], tmp_path: Path
) -> None:
    path = laid_down(original)
    other = tmp_path / "w1" / path.name
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    assert whats(path, other) == [f"It is a copy, byte for byte, of {path}."]
    copied = Record.read(path)
    copied.model_copy(update={"seconds": {"fit": 1.0}}).write(other)
    assert whats(path, other) == [f"It is of the same run as {path}."]


def broken() -> Iterator[tuple[str, bytes]]:
    content = record("sft-k100-s0-").to_json()
    yield "half", content[: len(content) // 2]
    yield "empty", b""
    yield "text", b"not a record"
    yield "list", b"[]"
    yield "schema", re.sub(rb'"schema_version": \d', b'"schema_version": 7', content)
    yield "field", content.replace(b'"seed": 0', b'"seed": 0, "grade": "A"')
    yield "base64", content.replace(b'"levels": "', b'"levels": "*')
    yield "predicted", content.replace(b'"predicted": "', b'"predicted": "9')
    yield "number", content.replace(b'"seed": 0', b'"seed": ' + b"9" * 30)
    yield "emotion", content.replace(b'"emotion": "', b'"emotion": "\xc3\xa9')


@pytest.mark.parametrize(("kind", "content"), list(broken()))
def test_what_is_no_record(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"{kind}.json"
    path.write_bytes(content)
    (what,) = whats(path)
    assert f"{path} is not a record of schema 3" in what


def sum_of_256(levels: npt.NDArray[np.uint8]) -> str:
    levels[2, levels[2].argmin()] += 1
    return "do not sum to 255 with the largest at the predicted class"


def largest_elsewhere(levels: npt.NDArray[np.uint8]) -> str:
    levels[2] = np.roll(levels[2], 1)
    return "do not sum to 255 with the largest at the predicted class"


@pytest.mark.parametrize("tamper", [sum_of_256, largest_elsewhere])
def test_levels_that_are_none(
    tamper: Callable[[npt.NDArray[np.uint8]], str],
    original: Record,
    laid_down: Callable[[Record], Path],
) -> None:
    levels = original.predictions[0].level_matrix.copy()
    expected = tamper(levels)
    (what,) = whats(laid_down(of_target(original, levels=levels.tobytes())))
    assert expected in what
    assert original.predictions[0].names[2] in what


def test_the_command_names_what_it_rejects_and_exits_with_1(
    original: Record, laid_down: Callable[[Record], Path], tmp_path: Path
) -> None:
    path = laid_down(original)
    passed = xlser("validate", "v1", folder=tmp_path)
    assert passed.returncode == 0
    assert "1 records: 0 rejected, 1 rows without all seeds" in passed.stderr
    assert xlser("validate", "v1", "--complete", folder=tmp_path).returncode == 1
    (path.parent / "broken.json").write_text("{}")
    failed = xlser("validate", "v1", "--json", folder=tmp_path)
    assert failed.returncode == 1
    answer = json.loads(failed.stdout)
    assert answer["records"] == 2
    assert [Path(fault["path"]).name for fault in answer["faults"]] == ["broken.json"]


def test_the_command_wants_records(tmp_path: Path) -> None:
    done = xlser("validate", folder=tmp_path)
    assert done.returncode == 2
    assert "There are no records at leaderboards." in done.stderr
