from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from tests.leaderboards.made import over_seeds, write

from xlser.protocols import Protocol, get_protocol
from xlser.records import Record
from xlser.results.inference.statistics import Estimate
from xlser.site import write_leaderboard

_HARD = {"name": "hard-pseudo-labels", "settings": {"tau": 0.5}}


def drawn(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "figures").iterdir())}


def paper_records(template: Record, protocol: Protocol, right: int = 7) -> list[Record]:
    bound = {"name": "lower-bound", "target_labels": "none"}
    records = over_seeds(template, protocol, right, labels=0, method=bound)
    return records + over_seeds(template, protocol, {0: 6, 1: 7}, method=_HARD)


def texts(svg: bytes) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_same_records_give_the_same_bytes_whatever_the_users_style(
    template: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = get_protocol("agarla2022")
    write(paper_records(template, paper), tmp_path)
    write_leaderboard(paper, tmp_path)
    first = drawn(tmp_path / paper.name)
    monkeypatch.setitem(matplotlib.rcParams, "axes.facecolor", "red")
    write_leaderboard(paper, tmp_path)
    assert drawn(tmp_path / paper.name) == first
    assert matplotlib.rcParams["axes.facecolor"] == "red"


def test_last_bits_of_figures_which_machines_differ_in_change_no_picture(
    template: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    v1 = get_protocol("v1")
    rights = {0: 5, 1: 6, 2: 7}
    records = over_seeds(template, v1, rights) + over_seeds(template, v1, rights, target="italian")
    write(records, tmp_path)
    write_leaderboard(v1, tmp_path)
    first = drawn(tmp_path / v1.name)
    interval = Estimate.interval.fget

    def nudged(estimate: Estimate) -> tuple[float, float]:
        low, high = interval(estimate)
        return float(np.nextafter(low, -100)), float(np.nextafter(high, 200))

    monkeypatch.setattr(Estimate, "interval", property(nudged))
    write_leaderboard(v1, tmp_path)
    assert drawn(tmp_path / v1.name) == first


def test_pictures_state_no_date_and_no_version(template: Record, tmp_path: Path) -> None:
    paper = get_protocol("agarla2022")
    write(paper_records(template, paper), tmp_path)
    write_leaderboard(paper, tmp_path)
    files = drawn(tmp_path / paper.name)
    assert len(files) == 3
    for content in files.values():
        assert matplotlib.__version__.encode() not in content
        assert b"<metadata>" not in content


def test_the_page_shows_each_picture_with_words_for_it(template: Record, tmp_path: Path) -> None:
    paper = get_protocol("agarla2022")
    write(paper_records(template, paper), tmp_path)
    text = write_leaderboard(paper, tmp_path).page.read_text(encoding="utf-8")
    shown = [line for line in text.splitlines() if line.startswith("![")]
    assert len(shown) == 2
    for line in shown:
        words, _, link = line.removeprefix("![").partition("](")
        assert len(words) > 50
        assert (tmp_path / paper.name / link.removesuffix(")")).is_file()


def test_the_summary_has_a_row_a_method_in_the_tables_order(
    template: Record, tmp_path: Path
) -> None:
    v1 = get_protocol("v1")
    records = []
    for target in ("german", "persian"):
        records += over_seeds(template, v1, 5, target=target, method={"name": "worse"})
        records += over_seeds(template, v1, 7, target=target, method={"name": "better"})
        records += over_seeds(template, v1, 8, target=target, labels=0, method={"name": "zero"})
    write(records, tmp_path)
    write_leaderboard(v1, tmp_path)
    words = texts(drawn(tmp_path / "v1")["summary-frozen-logmel-functionals.svg"])
    assert [w for w in words if w in ("worse", "better", "zero")] == ["better", "worse", "zero"]
    assert "UA %, mean over German and Persian" in words
    assert [w for w in words if w.endswith(" labels")] == ["0 labels", "100 labels"]


def test_a_file_name_tells_every_setting_apart(template: Record, tmp_path: Path) -> None:
    v1 = get_protocol("v1")
    settings = [
        {},
        {"track": "finetune"},
        {"precision": "bf16"},
        {"backbone": template.backbone.model_copy(update={"weights": "random"})},
        {"backbone": template.backbone.model_copy(update={"weights": "f4283f22" + "0" * 32})},
        {"absent_corpora": ("savee",)},
        {"excluded": {"emodb": ("03a01Fa",)}},
        {"excluded": {"emodb": ("03a01Nc",)}},
    ]
    records = []
    for setting in settings:
        for target in ("german", "italian"):
            records += over_seeds(template, v1, 7, target=target, **setting)
    write(records, tmp_path)
    write_leaderboard(v1, tmp_path)
    names = [path.stem for path in (tmp_path / "v1" / "figures").glob("summary-*.svg")]
    assert len(names) == len(settings)
    assert "summary-frozen-logmel-functionals" in names
    assert "summary-frozen-logmel-functionals-f4283f22" in names
    assert "summary-frozen-logmel-functionals-without-savee" in names


def test_a_picture_no_longer_made_is_removed_and_other_files_stay(
    template: Record, tmp_path: Path
) -> None:
    paper = get_protocol("agarla2022")
    write(paper_records(template, paper), tmp_path)
    figures = tmp_path / paper.name / "figures"
    figures.mkdir()
    for name in ("figure-2-old.svg", "figure-2-old.png", "notes.txt"):
        (figures / name).write_bytes(b"")
    write_leaderboard(paper, tmp_path)
    names = set(drawn(tmp_path / paper.name))
    assert "notes.txt" in names
    assert not {"figure-2-old.svg", "figure-2-old.png"} & names


def test_confusions_are_of_the_best_ranked_row_of_each_budget_and_the_upper_bound(
    template: Record, tmp_path: Path
) -> None:
    v1 = get_protocol("v1")
    records = over_seeds(template, v1, 5) + over_seeds(template, v1, 7, method={"name": "better"})
    records += over_seeds(template, v1, {0: 9}, method={"name": "seedless"})
    records += over_seeds(template, v1, 3, labels=0, method={"name": "zero"})
    for name in ("target-only", "upper-bound"):
        bound = {"name": name, "target_labels": "all"}
        records += over_seeds(template, v1, 10, labels="all", method=bound)
    write(records, tmp_path)
    write_leaderboard(v1, tmp_path)
    words = texts(drawn(tmp_path / "v1")["confusions-german-frozen-logmel-functionals.svg"])
    rows = {"sft", "better", "seedless", "zero", "target-only", "upper-bound"}
    assert [word for word in words if word in rows] == ["zero", "better", "upper-bound"]
    assert words.count("happiness") == 1 + 3
