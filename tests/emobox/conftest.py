from pathlib import Path

import pytest
from tests.demo import Demo, request

from xlser.records import Record


@pytest.fixture(scope="session")
def template(demo_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record to change by hand."""
    results = tmp_path_factory.mktemp("results")
    return Demo(demo_cache).run(request(["svm"], labels=[20]), results).records[0]
