import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.leaderboards.made import over_seeds, results

from xlser.methods import outlined_methods
from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.records.store import read_records
from xlser.site.explorer import explorer_page

V1 = get_protocol("v1")
STRANGE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium, as Debian packs it."""
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")]
    if not any(found):
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=next(filter(None, found)), chromium_sandbox=False
        )
        yield started
        started.close()


@pytest.fixture(scope="session")
def template() -> Record:
    """A record to change by hand: one that is committed, for a run takes longer."""
    results = Path(__file__).parents[2] / "leaderboards" / "v1" / "results" / "italian"
    return next(record for _, record in read_records(results))


def stated(method: str) -> dict[str, Any]:
    """What a record states of a method at its defaults."""
    settings = outlined_methods([method])[method].default_settings()
    return {"name": method, "settings": settings, "changed": ()}


@pytest.fixture(scope="session")
def page_file(template: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two targets, three label budgets, two encoders and five methods."""
    made: list[Record] = []
    for target in ("german", "italian"):
        for backbone in ("audiontt-512", "whisper-base"):
            stamp = template.backbone.model_copy(update={"name": backbone})
            own: dict[str, Any] = {"target": target, "backbone": stamp, "track": "frozen"}
            for labels, right in ((25, 5), (100, 7)):
                made += over_seeds(template, V1, right, labels=labels, method=stated("sft"), **own)
                for name, less in (("mcc", 1), ("svm", -2)):
                    rights = right - less
                    method = stated(name)
                    made += over_seeds(template, V1, rights, labels=labels, method=method, **own)
            bound = stated("upper-bound") | {"target_labels": "all"}
            made += over_seeds(template, V1, 9, labels="all", method=bound, **own)
    strange = {"name": "sft", "settings": {"note": STRANGE}, "changed": ("note",)}
    for target in ("german", "italian"):
        made += over_seeds(
            template, V1, 4, labels=100, method=strange, **(own | {"target": target})
        )
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(explorer_page(results(V1, made)), encoding="utf-8")
    return path


class Opened:
    """A page in a tab, and all that it asked for and complained of.

    Attributes:
        tab: Playwright's page.
        requests: addresses.
        complaints: errors, and what stands in the console.
    """

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.requests: list[str] = []
        self.complaints: list[str] = []
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def cells(self, column: str, table: str = "#results") -> list[str]:
        """The cells of a column, in the order of the table."""
        heads = self.tab.locator(f"{table} thead th").all_text_contents()
        (place,) = [i for i, head in enumerate(heads) if head.startswith(column)]
        rows = self.tab.locator(f"{table} tbody tr").all()
        return [row.locator("> *").nth(place).inner_text() for row in rows]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Any]:
    made = []

    def opened(path: Path, address: str = "", width: int = 1280, **options: Any) -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 844}, **options)
        made.append(context)
        page = Opened(context.new_page())
        page.tab.goto(path.as_uri() + address)
        return page

    yield opened
    for context in made:
        context.close()
