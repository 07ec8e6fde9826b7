"""EmoBox's table stands beside ours; nothing is compared that is not comparable."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.leaderboards.made import read, under, write

from xlser.methods.provenance.owned import owned
from xlser.protocols import get_protocol, published_utterances
from xlser.records import Predictions, Record, score_predictions
from xlser.site import write_leaderboard
from xlser_emobox.printed import BACKBONES, ENCODERS, PRINTED

EMOVO = get_protocol("emobox-emovo")
CATALOGUE = {"emovo": published_utterances("emovo", EMOVO.classes)}


def record(template: Record, seed: int, fold: int, **changes: Any) -> Record:
    """A record of target-only in which every seventh utterance is taken for another class."""
    scenario = EMOVO.scenario(CATALOGUE, "italian", "all", seed, fold)
    names = [id_.partition("/")[2] for id_ in scenario.target_test]
    truth = [scenario.emotion[id_] for id_ in scenario.target_test]
    answers = [(t + 1) % 7 if i % 7 == 0 else t for i, t in enumerate(truth)]
    parts = (Predictions.of("emovo", "target", names, truth, np.eye(7)[answers]),)
    known = owned("target-only")
    assert known
    stamp = {
        "name": "target-only",
        "target_labels": "all",
        "settings": dict(known.defaults[0]),
        "changed": (),
        "packaged_code": None,
    }
    return template.model_copy(
        update={
            "key": f"{seed}/{fold}/{changes}",
            "protocol": EMOVO.name,
            "protocol_version": EMOVO.version,
            "protocol_digest": EMOVO.digest,
            "scenario": scenario.digest,
            "classes": EMOVO.classes,
            "target": "italian",
            "labels": "all",
            "seed": seed,
            "fold": fold,
            "absent_corpora": (),
            "source_corpora": (),
            "source_figure": EMOVO.source_figure,
            "corpora": {"emovo": EMOVO.digest},  # of no recordings: any digest
            "predictions": parts,
            "scores": score_predictions(parts, 7, EMOVO.source_figure),
            "method": template.method.model_copy(update=stamp),
            **changes,
        }
    )


def page(records: list[Record], folder: Path) -> str:
    write(records, folder)
    return write_leaderboard(EMOVO, folder).page.read_text(encoding="utf-8")


def all_cells(template: Record, **changes: Any) -> list[Record]:
    return [record(template, seed, fold, **changes) for seed, fold in EMOVO.cells]


def test_each_protocol_has_a_line_for_each_of_ten_encoders() -> None:
    assert set(PRINTED) == {f"emobox-{c}" for c in ("cafe", "emovo", "ravdess", "savee")}
    for lines in PRINTED.values():
        assert tuple(lines) == ENCODERS
        scores = [float(s) for p in lines.values() for s in (p.ua, p.accuracy, p.macro_f1)]
        assert all(25 < score < 80 for score in scores)
    balanced = PRINTED["emobox-emovo"].values()  # as many utterances of each class
    assert all(line.ua == line.accuracy for line in balanced)


@pytest.mark.parametrize(
    ("protocol", "encoder", "printed"),
    [
        ("emobox-cafe", "Whisper large v3", ("69.43", "68.84", "68.06")),
        ("emobox-emovo", "wav2vec 2.0 base", ("31.07", "31.07", "27.24")),
        ("emobox-ravdess", "WavLM large", ("72.00", "72.22", "71.42")),
        ("emobox-savee", "HuBERT large", ("71.91", "75.05", "71.83")),
    ],
)
def test_figures_are_those_in_print(protocol: str, encoder: str, printed: tuple[str, ...]) -> None:
    line = PRINTED[protocol][encoder]
    assert (line.ua, line.accuracy, line.macro_f1) == printed


def test_encoders_that_the_suite_has_are_its_backbones() -> None:
    from xlser.registry import names

    assert set(BACKBONES) <= set(ENCODERS)
    assert set(BACKBONES.values()) <= set(names("xlser.backbones"))


def test_our_rows_stand_below_the_printed_ones(template: Record, tmp_path: Path) -> None:
    text = page(all_cells(template), tmp_path)
    (rows,) = read(under(text, "## EmoBox's table and ours"))
    assert [row["encoder"] for row in rows[:10]] == list(ENCODERS)
    assert (rows[9]["UA %"], rows[9]["from"]) == ("57.82", "EmoBox")
    (ours,) = rows[10:]
    assert (ours["encoder"], ours["from"]) == ("logmel-functionals, frozen", "target-only")
    assert ours["accuracy %"].startswith("85.7")
    assert ours["UA %"].startswith(ours["accuracy %"])
    assert ours["seeds"] == "3"
    assert "None of our rows has an encoder of EmoBox's" in text


def test_the_source_that_is_not_has_no_column(template: Record, tmp_path: Path) -> None:
    text = page(all_cells(template), tmp_path)
    (rows,) = read(under(text, "#### all labels"))
    assert list(rows[0]) == ["method", "UA %", "95 % interval", "accuracy %", "seeds"]
    assert "nan" not in text


def test_the_same_encoder_is_named(template: Record, tmp_path: Path) -> None:
    stamp = template.backbone.model_copy(update={"name": "hubert-base"})
    text = page(all_cells(template, backbone=stamp), tmp_path)
    assert "The same weights stand above and below for: HuBERT base." in text


def test_rows_without_all_folds_do_not_stand_beside_print(template: Record, tmp_path: Path) -> None:
    text = page(all_cells(template)[:-1], tmp_path)
    (rows,) = read(under(text, "## EmoBox's table and ours"))
    assert len(rows) == 10
    assert "17 of 18 folds" in text
