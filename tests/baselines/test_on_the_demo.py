"""Every method of ours through the suite, from the demo's recordings to records."""

from pathlib import Path

import pytest
from tests.demo import Demo, request

from xlser import registry
from xlser.methods import get_method, method_names

OURS = [
    name
    for name in method_names()
    if registry.package_of("xlser.methods", name).startswith("xlser ")
]


def test_there_are_at_least_36_of_them() -> None:
    assert len(OURS) >= 36


@pytest.mark.parametrize("name", OURS)
def test_it_runs_at_every_budget_it_allows(name: str, demo_cache: Path, tmp_path: Path) -> None:
    demo = Demo(demo_cache)
    outcome = demo.run(request([name]), tmp_path)
    assert not outcome.failures
    method = get_method(name)
    allowed = [k for k in demo.protocol.budgets if k >= method.least_labels]
    budgets = {"none": [0], "few": allowed, "all": ["all"]}[method.target_labels]
    assert [record.labels for record in outcome.records] == budgets
    for record in outcome.records:
        assert record.rescored() == dict(record.scores)
        assert record.of_role("target")[0].matrix.std() > 0  # it tells utterances apart
