"""What other packages add to pages: metrics, sections, columns and blocks."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from tests.cli.test_commands import invoke
from tests.costs import opened
from tests.leaderboards.made import over_seeds, read, under, write
from tests.packages import Package

from xlser.errors import PluginError, UnknownNameError
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site import Leaderboards, write_leaderboard

V1 = get_protocol("v1")
SLUG = "frozen-logmel-functionals"

PLUGIN = """
    from xlser.leaderboards import PagePlugin
    from xlser.leaderboards.model import Column, Paragraph, Section


    class OtherPaper(PagePlugin):
        name = "other-paper"
        protocols = ("v1",)

        def introduction(self, results):
            return [Paragraph("Beside the scores of another paper.")]

        def sections(self, results, results_of):
            demo = results_of("demo")
            return [Section("Another paper", [Paragraph(f"{len(demo.tables())} tables of demo")])]

        def columns(self, results, table, rows):
            printed = {("german", "sft", 100): "71.2"}
            cells = [printed.get((table.target, row.method, row.labels), "–") for row in rows]
            return [Column("other paper", cells)]

        def blocks(self):
            return {"quoted PROTOCOL": self._quoted}

        def _quoted(self, results_of, protocol):
            return [Paragraph(f"{protocol}: {len(results_of(protocol).tables())} tables")]
"""

METRIC = """
    from xlser.metrics import ConfusionMetric


    class WorstRecall(ConfusionMetric):
        name, title, source = "worst-recall", "worst recall", "ours"
        averages_classes = True

        def of_confusion(self, counts):
            return (counts.diagonal(axis1=-2, axis2=-1) / counts.sum(axis=-1)).min(axis=-1)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    return Package(site)


def test_a_package_adds_to_the_pages_of_its_protocol(
    template: Record, tmp_path: Path, package: Package
) -> None:
    package.install("other_paper", PLUGIN, group="xlser.pages", **{"other-paper": "OtherPaper"})
    write(over_seeds(template, V1, 7), tmp_path)
    write(over_seeds(template, get_protocol("demo"), 7), tmp_path)
    text = write_leaderboard(V1, tmp_path).page.read_text(encoding="utf-8")
    assert "\nBeside the scores of another paper.\n" in text
    assert under(text, "## Another paper").strip() == "1 tables of demo"
    (row,), *_ = read(text)
    assert list(row)[-1] == "other paper"
    assert row["other paper"] == "71.2"
    readme = tmp_path / "README.md"
    readme.write_text("<!-- quoted v1 -->\n<!-- end -->", encoding="utf-8")
    Leaderboards(tmp_path).write_readme(["v1"])
    assert readme.read_text(encoding="utf-8") == (
        "<!-- quoted v1 -->\n\nv1: 1 tables\n\n<!-- end -->"
    )
    demo = write_leaderboard(get_protocol("demo"), tmp_path).page.read_text(encoding="utf-8")
    assert "other paper" not in demo


def test_a_block_of_a_name_that_is_taken_is_refused(
    template: Record, tmp_path: Path, package: Package
) -> None:
    code = PLUGIN.replace("quoted PROTOCOL", "cost PROTOCOL")
    package.install("taken", code, group="xlser.pages", **{"other-paper": "OtherPaper"})
    (tmp_path / "README.md").write_text("<!-- cost -->\n<!-- end -->", encoding="utf-8")
    with pytest.raises(PluginError, match="'cost' of strangers"):
        Leaderboards(tmp_path).write_readme(["v1"])


def test_a_page_plugin_that_is_none_is_named(
    template: Record, tmp_path: Path, package: Package
) -> None:
    package.install("none", "class A: name = 'a'", group="xlser.pages", a="A")
    write(over_seeds(template, V1, 7), tmp_path)
    with pytest.raises(PluginError, match="PagePlugin"):
        write_leaderboard(V1, tmp_path)


def test_a_metric_of_a_package_shows_on_pages_of_older_records(
    template: Record, tmp_path: Path, package: Package
) -> None:
    write(over_seeds(template, V1, {0: 6, 1: 7, 2: 8}), tmp_path)
    package.install("ours", METRIC, group="xlser.metrics", **{"worst-recall": "WorstRecall"})
    # Two utterances of each class; the first 6, 7 and 8 of 10 are right.
    invoke("leaderboard", "v1", "--leaderboards", str(tmp_path))
    (row,), *_ = read((tmp_path / "v1/README.md").read_text(encoding="utf-8"))
    assert "worst recall %" not in row
    details = (tmp_path / f"v1/details/german-{SLUG}.md").read_text(encoding="utf-8")
    (row,), _ = read(under(details, "## 100 labels"))
    assert row["worst recall %"] == "50.0 ± 0.0"
    invoke("leaderboard", "v1", "--metrics", "worst-recall, ece", "--leaderboards", str(tmp_path))
    (row,), *_ = read((tmp_path / "v1/README.md").read_text(encoding="utf-8"))
    assert (row["worst recall %"], row["English worst recall %"]) == ("50.0 ± 0.0",) * 2
    assert row["ECE %"] == "30.0 ± 10.0"
    assert "English ECE %" not in row


def test_a_metric_that_is_not_registered_is_named(template: Record, tmp_path: Path) -> None:
    write(over_seeds(template, V1, 7), tmp_path)
    with pytest.raises(UnknownNameError, match="metric 'beauty'"):
        Leaderboards(tmp_path).write(V1, ["beauty"])


def test_all_pages_are_written_from_one_reading_of_each_record(
    template: Record, tmp_path: Path
) -> None:
    lower = {"name": "lower-bound", "target_labels": "none"}
    for name in ("v1", "agarla2022", "agarla2022-4"):
        protocol = get_protocol(name)
        made = over_seeds(template, protocol, 7, method={"name": "hard-pseudo-labels"})
        made += over_seeds(template, protocol, 5, labels=0, method=lower)
        if name == "v1":
            made += over_seeds(template, protocol, 6, target="italian", labels=0, method=lower)
        write(made, tmp_path)
    blocks = [
        *(f"best v1 {SLUG}", f"conditions v1 {SLUG} {SLUG}", "cost"),
        *(f"differences agarla2022 {SLUG}", f"corpora v1 {SLUG} german", "print"),
    ]
    text = "\n".join(f"<!-- {block} -->\n<!-- end -->" for block in blocks)
    (tmp_path / "README.md").write_text(text, encoding="utf-8")
    with opened(tmp_path, ".json") as times:
        invoke("leaderboard", "--leaderboards", str(tmp_path))
    records = {path: n for path, n in times.items() if path.parent.name == "results"}
    assert len(records) == 21
    assert set(records.values()) == {1}


def test_without_the_papers_package_all_other_pages_are_written(
    template: Record, tmp_path: Path
) -> None:
    for name in ("v1", "demo"):
        write(over_seeds(template, get_protocol(name), 7), tmp_path)
    (tmp_path / "README.md").write_text("<!-- cost -->\n<!-- end -->", encoding="utf-8")
    code = """
        import importlib.metadata, sys

        points = importlib.metadata.entry_points
        importlib.metadata.entry_points = lambda **chosen: [
            point for point in points(**chosen) if not point.value.startswith("xlser_agarla2022")
        ]
        sys.modules["xlser_agarla2022"] = None
        from xlser.cli import main

        main()
    """
    command = [sys.executable, "-c", dedent(code), "leaderboard"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "No records under leaderboards/" in done.stdout + done.stderr
    command += ["--leaderboards", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout + done.stderr).count("wrote ") == 3
    assert (tmp_path / "demo/README.md").is_file()
    assert (tmp_path / "v1/README.md").is_file()
    assert "core-h" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_documented_examples_are_the_tested_ones() -> None:
    docs = (Path(__file__).parents[2] / "docs/pages.md").read_text(encoding="utf-8")
    for code in (PLUGIN, METRIC):
        assert f"```python\n{dedent(code).strip()}\n```" in docs
