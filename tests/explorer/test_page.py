import csv
from pathlib import Path
from typing import Any

import pytest
from tests.explorer.conftest import STRANGE

ENCODER = "frozen-audiontt-512-f4283f22"


def test_it_asks_nothing_of_anyone_and_runs_nothing_of_strangers(
    page_file: Path, open_page: Any
) -> None:
    page = open_page(page_file)
    assert page.requests == [page_file.as_uri()]
    assert page.complaints == []
    assert any(STRANGE in cell for cell in page.cells("Method"))
    assert page.tab.locator("img").count() == 0
    policy = page.tab.locator("meta[http-equiv]").get_attribute("content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    page.tab.evaluate("document.body.append(document.createElement('script'))")
    page.tab.evaluate("document.body.lastChild.textContent = 'document.title = 1'")
    assert page.tab.title().startswith("v1")


def test_rows_are_filtered_and_the_address_keeps_the_view(page_file: Path, open_page: Any) -> None:
    page = open_page(page_file)
    assert all(page.tab.locator(".segments label").all_inner_texts())
    everything = page.cells("Method")
    page.tab.get_by_label("Target language").select_option("italian")
    page.tab.get_by_role("radio", name="25", exact=True).check(force=True)
    page.tab.get_by_label("Encoder", exact=True).select_option(index=1)
    page.tab.get_by_label("Family").select_option("classical")
    assert page.cells("Method") == ["svm"]
    page.tab.get_by_label("Family").select_option("")
    page.tab.get_by_label("Find").fill("MC")
    assert page.cells("Method") == ["mcc"]
    assert page.tab.evaluate("document.activeElement.id") == "of-find"

    again = open_page(page_file, "#" + page.tab.url.partition("#")[2])
    assert again.cells("Method") == ["mcc"]
    assert again.tab.get_by_label("Target language").input_value() == "italian"
    again.tab.get_by_role("button", name="Reset").click()
    assert again.cells("Method") == everything
    assert "#" not in again.tab.url


def test_an_address_of_what_does_not_exist_shows_the_usual_view(
    page_file: Path, open_page: Any
) -> None:
    page = open_page(page_file, "#target=klingon&labels=7&encoder=x&family=y&sort=z&a=b&b=c")
    assert page.cells("Method") == open_page(page_file).cells("Method")
    assert page.complaints == []


def test_rows_are_sorted_by_keyboard_and_bounds_stay_at_the_foot(
    page_file: Path, open_page: Any
) -> None:
    page = open_page(page_file, "#target=german&labels=100")
    scores = [float(cell.split()[0]) for cell in page.cells("UA")]
    bounds = [i for i, name in enumerate(page.cells("Method")) if "†" in name]
    assert scores[: bounds[0]] == sorted(scores[: bounds[0]], reverse=True)
    page.tab.get_by_role("button", name="UA %").focus()
    page.tab.keyboard.press("Enter")
    page.tab.keyboard.press("Enter")
    rising = [float(cell.split()[0]) for cell in page.cells("UA")]
    assert rising[: bounds[0]] == sorted(scores[: bounds[0]])
    assert page.tab.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    assert [i for i, name in enumerate(page.cells("Method")) if "†" in name] == bounds


def test_two_rows_are_compared_by_keyboard_alone(page_file: Path, open_page: Any) -> None:
    page = open_page(page_file, "#target=german&labels=100&encoder=" + ENCODER)
    for method in ("svm", "mcc"):
        for _ in range(40):
            page.tab.keyboard.press("Tab")
            label = page.tab.evaluate("document.activeElement.ariaLabel") or ""
            if label.startswith(f"Compare {method},"):
                break
        page.tab.keyboard.press("Space")
        page.tab.evaluate("document.querySelector('#of-find').focus()")
    assert page.tab.locator("#comparison h2").inner_text() == "svm against mcc"
    page.tab.keyboard.press("Escape")
    assert page.tab.locator("#comparison").is_hidden()


def test_rows_that_share_no_recordings_are_not_compared(page_file: Path, open_page: Any) -> None:
    page = open_page(page_file, f"#a=upper-bound@{ENCODER}&b=svm@{ENCODER}")
    assert "nothing can be compared" in page.tab.locator("#comparison").inner_text()


def test_the_rows_shown_are_taken_away_as_csv(
    page_file: Path, open_page: Any, tmp_path: Path
) -> None:
    page = open_page(page_file, "#target=german&labels=100")
    with page.tab.expect_download() as download:
        page.tab.get_by_role("button", name="CSV of the rows shown").click()
    download.value.save_as(tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(page.cells("Method"))
    best = max((row for row in rows if row["labels"] == "100"), key=lambda row: float(row["ua"]))
    assert best["method"] == "svm"
    assert best["protocol"] == "v1"


def test_without_scripts_all_scores_and_the_citation_are_there(
    page_file: Path, open_page: Any
) -> None:
    page = open_page(page_file, java_script_enabled=False)
    assert page.tab.locator("#explorer").is_hidden()
    table = page.tab.locator("#overview table").first
    assert table.is_visible()
    assert "Italian" in table.inner_text()
    assert page.tab.locator("#citation").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(page_file: Path, open_page: Any, scheme: str) -> None:
    address = f"#target=german&labels=100&a=svm@{ENCODER}&b=mcc@{ENCODER}"
    page = open_page(page_file, address, width=390, color_scheme=scheme)
    assert page.tab.locator("#comparison h2").inner_text() == "svm against mcc"
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= 390
    results = page.tab.evaluate(
        "[...document.querySelectorAll('#results, .differences')].map(e => e.scrollWidth)"
    )
    assert max(results) <= 390
    shade = page.tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (shade == "rgb(255, 255, 255)") == (scheme == "light")
