"""The overview of a page to explore: ranks of means over targets."""

import re

from tests.leaderboards.made import made, results

from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.site.explorer import explorer_page


def test_ranks_of_means_are_in_the_order_of_the_means(template: Record) -> None:
    """Where the order over budgets is another than that at one of them."""
    v1 = get_protocol("v1")
    rights = {"pull": {25: 9, 100: 6}, "push": {25: 5, 100: 7}}
    records = [
        made(template, v1, right, target=target, labels=k, seed=seed, method={"name": name})
        for target in ("german", "italian")
        for name, of in rights.items()
        for k, right in of.items()
        for seed in v1.seeds
    ]
    text = explorer_page(results(v1, records))
    shown = re.findall(r'<th scope="row">(\w+)</th><td class="n">([\d.]+) \[[^]]*\] \((\d)\)', text)
    assert {("pull", "90.0", "1"), ("push", "50.0", "2")} <= set(shown)
    assert {("push", "70.0", "1"), ("pull", "60.0", "2")} <= set(shown)
