"""Executors as a user chooses them."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import xlser
from xlser.errors import PluginError, SettingsError, UnknownNameError
from xlser.executors import Local, executor_names, get_executor
from xlser.executors.workers import _nth

ELSEWHERE = """
from typing import ClassVar

from xlser.executors import Local


class Elsewhere(Local):
    name: ClassVar[str] = "elsewhere"
"""

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of eight cores, four GiB at hand and three GPUs."""
    monkeypatch.setattr("xlser.executors.local.cpu_count", lambda: 8)
    monkeypatch.setattr("xlser.executors.local.memory_at_hand", lambda: 4 << 30)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 3)
    monkeypatch.setattr("torch.get_num_threads", lambda: 8)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("track", "device", "asked", "runs", "jobs", "threads"),
    [
        ("frozen", CPU, None, 100, 4, 2),  # as many as there is memory for
        ("frozen", CPU, None, 8, 2, 4),  # a worker is worth its start from four runs on
        ("frozen", CPU, None, 1, 1, 8),
        ("frozen", CPU, 6, 100, 6, 1),  # whoever asks is given it
        ("frozen", CPU, 6, 3, 3, 2),
        ("finetune", CPU, None, 100, 1, 8),
        ("finetune", CPU, 2, 100, 2, 4),
        ("finetune", GPU, None, 100, 3, 2),
        ("finetune", torch.device("cuda:1"), None, 100, 1, 8),
    ],
)
def test_jobs_and_threads_are_sized_to_the_machine_and_the_work(
    track: str, device: torch.device, asked: int | None, runs: int, jobs: int, threads: int
) -> None:
    sized = Local(jobs=asked).sized(track, device, runs)
    assert (sized.jobs, sized.threads) == (jobs, threads)


@pytest.mark.usefixtures("machine")
def test_workers_take_turns_at_the_gpus_unless_one_is_named() -> None:
    assert [_nth(GPU, place).index for place in range(5)] == [0, 1, 2, 0, 1]
    assert _nth(torch.device("cuda:1"), 2).index == 1
    assert _nth(CPU, 2) == CPU


def test_an_executor_is_had_by_its_name() -> None:
    assert get_executor("local", {"jobs": 3}) == Local(jobs=3)
    assert executor_names() == ["local", "ray", "slurm"]
    with pytest.raises(UnknownNameError, match="Did you mean 'slurm'"):
        get_executor("slrum", {})


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"job": 2}, "--with job=2: Extra inputs"), ({"jobs": 0}, "--with jobs=0: Input should be")],
)
def test_an_option_that_is_none_says_which_there_are(
    options: dict[str, object], problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        get_executor("local", options)
    assert caught.value.remedy == "Options of local: jobs."


def test_an_engine_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "xlser.executors.ray_cluster", raising=False)
    with pytest.raises(PluginError, match="'ray' needs ray, which is not installed") as caught:
        get_executor("ray", {})
    assert caught.value.remedy == "Run pip install 'xlser[ray]'."


def test_a_package_can_bring_an_executor_of_its_own(
    tmp_path: Path, demo_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves the records that this machine's own does."""
    monkeypatch.setenv("XLSER_CACHE", str(demo_cache))
    site = tmp_path / "site"
    site.mkdir()
    (site / "elsewhere.py").write_text(ELSEWHERE)
    info = site / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[xlser.executors]\nelsewhere = elsewhere:Elsewhere\n")
    monkeypatch.syspath_prepend(str(site))
    grid: dict[str, Any] = {"target": "german", "seeds": 0, "labels": 20}
    found = [
        xlser.run("svm", executor=name, leaderboards=tmp_path / name, **grid).frame
        for name in ("local", "elsewhere")
    ]
    columns = ["row", "metric", "value"]
    assert found[0][columns].equals(found[1][columns])
    with pytest.raises(SettingsError, match="Extra inputs") as caught:
        get_executor("elsewhere", {"rooms": 2})
    assert caught.value.remedy == "Options of elsewhere: jobs."
