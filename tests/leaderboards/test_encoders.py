"""What pages say of encoders: their training data and licence, and which corpora they know."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.leaderboards.made import over_seeds, results, under, write

from xlser import registry
from xlser.backbones import TrainedOn, get_backbone
from xlser.backbones.functionals import LogMelFunctionals
from xlser.errors import RecordError
from xlser.leaderboards.rendering import page_as_markdown
from xlser.leaderboards.sections.encoders import FILE, Encoder, Encoders, encoders_of
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site.folder import Leaderboards
from xlser.site.pages.conditions import condition_page
from xlser.site.pages.languages import language_page
from xlser.site.pages.protocol import protocol_page

V1 = get_protocol("v1")
COMMITTED = Path(__file__).parents[2] / "leaderboards"
OURS = Encoder(
    data="the web | all of it",
    corpora=(),
    listed=True,
    licence="MIT",
    weights=None,
    parameters=20_600_000,
    citation="Nobody (2026)",
)
FLAG = "**The encoder"


def page(template: Record, facts: Encoder | None, weights: str = "none") -> str:
    backbone = template.backbone.model_copy(update={"name": "mine", "weights": weights})
    records = over_seeds(template, V1, 7, backbone=backbone, target="german")
    records += over_seeds(template, V1, 7, backbone=backbone, target="italian")
    found = results(V1, records)
    encoders = Encoders(V1, {"mine": facts} if facts else {})
    (summary,) = found.summaries()
    shown = [
        protocol_page(found, encoders=encoders),
        condition_page(V1, summary, encoders),
        *(language_page(found, target, encoders=encoders) for target in ("german", "italian")),
    ]
    return "\n" + "\n".join(map(page_as_markdown, shown))


def row(text: str) -> list[str]:
    (line,) = [
        line for line in under(text, "## Encoders").splitlines() if line.startswith("| mine")
    ]
    return [cell.strip() for cell in line.replace("\\|", "/").strip("|").split("|")]


def test_a_page_states_size_training_data_and_licence(template: Record) -> None:
    text = page(template, OURS)
    assert row(text) == ["mine", "20.6 M", "the web / all of it", "MIT", "Nobody (2026)", "none"]
    assert FLAG not in text


def test_rows_of_an_encoder_that_knows_their_target_are_flagged(template: Record) -> None:
    text = page(template, replace(OURS, corpora=("emodb", "iemocap")))
    flag = "**The encoder mine was trained on EMO-DB.**"
    assert row(text)[-1] == "**EMO-DB**"
    german, italian = (
        under(text, "# German (EMO-DB) under v1"),
        under(text, "# Italian (EMOVO) under v1"),
    )
    assert (flag in german, flag in italian) == (True, False)
    assert flag in under(text, "# v1: frozen track; mine (weights none); fp32")


def test_rows_of_an_encoder_that_knows_the_source_are_flagged_everywhere(template: Record) -> None:
    text = page(template, replace(OURS, corpora=("ravdess", "emovo")))
    assert "was trained on RAVDESS.**" in under(text, "# German (EMO-DB) under v1")
    assert "was trained on RAVDESS, EMOVO.**" in under(text, "# Italian (EMOVO) under v1")


def test_random_weights_were_trained_on_nothing(template: Record) -> None:
    text = page(template, replace(OURS, corpora=("emodb",)), weights="random")
    assert row(text)[0] == "mine (random weights)"
    assert (row(text)[2], row(text)[-1]) == ("nothing", "none")
    assert "trained on EMO-DB" not in text


def test_what_is_not_known_is_not_denied(template: Record) -> None:
    assert row(page(template, None))[1:] == ["–", *["not known here"] * 2, "–", "not known"]
    assert row(page(template, replace(OURS, listed=False)))[-1] == "not known"


def test_facts_come_from_the_class_once_and_then_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Known(LogMelFunctionals):
        name = "known"
        trained_on = TrainedOn("EMO-DB", corpora=("emodb",))
        licence = "CC0"

    with monkeypatch.context() as patch:
        patch.setattr(registry, "load", lambda *args: Known)
        found = encoders_of(V1, ["known"], tmp_path).known
    assert found["known"].corpora == ("emodb",)
    assert found["known"].parameters == 0
    assert encoders_of(V1, ["known", "nobody-has-it"], tmp_path).known == found
    assert list(json.loads((tmp_path / FILE).read_bytes())) == ["known"]


@pytest.mark.parametrize("content", ["", "[]", '{"mine": {}}', '{"mine": 1}', "\xff"])
def test_a_file_that_states_no_facts_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(content, encoding="latin-1")
    with pytest.raises(RecordError, match="does not state what encoders were trained on"):
        encoders_of(V1, ["mine"], tmp_path)


def test_a_leaderboard_keeps_the_facts_beside_its_page(template: Record, tmp_path: Path) -> None:
    write(over_seeds(template, V1, 7, target="german"), tmp_path)
    Leaderboards(tmp_path).write(V1)
    stated = json.loads((tmp_path / "v1" / FILE).read_bytes())
    assert stated["logmel-functionals"]["data"] == "nothing"
    assert "## Encoders" in (tmp_path / "v1" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", sorted(COMMITTED.glob(f"*/{FILE}")), ids=lambda p: p.parent.name)
def test_committed_facts_are_what_the_classes_state(path: Path, tmp_path: Path) -> None:
    stated = json.loads(path.read_bytes())
    ours = [name for name in stated if name in registry.names("xlser.backbones")]
    assert ours
    again = encoders_of(get_protocol(path.parent.name), ours, tmp_path).known
    assert {name: Encoder.of_json(stated[name]) for name in ours} == again


def test_our_encoder_was_trained_on_audioset() -> None:
    kind = get_backbone("audiontt-512")
    assert "AudioSet" in kind.trained_on.data
    assert kind.terms() == "MIT (Neclow/SERAB)"
