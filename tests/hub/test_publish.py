"""Results go to a local hub and come back as they were; what the Hub refuses is put in words."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from tests.cli.commands import xlser as command
from tests.local_hub import Hub, serving, use

import xlser
from xlser.errors import (
    HubAccessError,
    HubError,
    HubNotFoundError,
    HubUnavailableError,
    RecordError,
    SettingsError,
)
from xlser.hub.publication import Publication
from xlser.records.packing import pack, unpack
from xlser.records.store import read_records

COMMITTED = Path(__file__).parents[2] / "leaderboards"
NAME, TO = "agarla2022-4", "datasets/owner/results"
ADDRESS = f"hf://{TO}"
RECORDS = sum(
    pq.read_metadata(path).num_rows for path in (COMMITTED / NAME).glob("results/**/*.parquet")
)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A local hub, an empty cache of its own and a token."""
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    with serving() as hub:
        use(hub.address, tmp_path / "cache", monkeypatch)
        yield hub


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    """A copy of a committed folder of leaderboards."""
    folder = tmp_path / "boards"
    for path in (COMMITTED / NAME).glob("results/**/*.parquet"):
        copy = folder / path.relative_to(COMMITTED)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    shutil.copy(COMMITTED / NAME / "encoders.json", folder / NAME)
    pack(folder / NAME / "results")
    return folder


@pytest.fixture
def publish(boards: Path) -> Callable[..., Publication]:
    return lambda **options: xlser.publish(
        **{"to": "owner/results", "leaderboards": boards, **options}
    )


def texts(results: Path) -> list[bytes]:
    return sorted(record.to_json() for _, record in read_records(results))


def figures(folder: str | Path) -> pd.DataFrame:
    return xlser.load_results(folder).frame.drop(columns="path")


def test_a_dry_run_makes_no_request(hub: Hub, publish: Callable[..., Publication]) -> None:
    dry = publish(space="owner/page")
    assert (dry.records, dry.sent, hub.requests) == (RECORDS, (), [])
    dataset, space = dry.uploads
    assert {*dataset.files} >= {"README.md", f"{NAME}/table.parquet", f"{NAME}/encoders.json"}
    assert {*space.files} == {"README.md", "index.html"}
    assert not publish(pull_request=True).sent
    assert hub.requests == []


def test_what_was_sent_comes_back_equal(
    hub: Hub, publish: Callable[..., Publication], boards: Path
) -> None:
    done = publish(yes=True, private=True, space="owner/page")
    assert done.sent == tuple(
        f"{hub.address}/{name}/commit/{hub.head(name)}" for name in (TO, "spaces/owner/page")
    )
    assert {TO, "spaces/owner/page"} == hub.private
    sent = hub.files[TO]
    packed = [*boards.glob("*/results/**/*.parquet")]
    for path in packed:  # as they are committed, byte for byte
        assert sent[str(path.relative_to(boards))] == path.read_bytes()
    assert len(hub.large) == len(packed) + 1  # and the table
    page = (COMMITTED / NAME / "index.html").read_bytes()
    assert hub.files["spaces/owner/page"]["index.html"] == page

    pd.testing.assert_frame_equal(figures(ADDRESS), figures(boards))
    pd.testing.assert_frame_equal(figures("hf://owner/results"), figures(boards))
    here = Path(xlser.load_results(ADDRESS).frame["path"][0]).parents[3]
    assert texts(here) == texts(boards / NAME / "results")
    assert not (here.parents[1] / "README.md").exists()


def test_the_cards_state_what_the_hub_reads(hub: Hub, publish: Callable[..., Publication]) -> None:
    dataset, space = publish(space="owner/page", licence="cc0-1.0").uploads
    text = dataset.files["README.md"].decode()
    card = yaml.safe_load(text.split("---\n")[1])
    assert (card["license"], "german" in card["tags"]) == ("cc0-1.0", True)
    table, records = card["configs"]
    shown = pd.read_parquet(io.BytesIO(dataset.files[table["data_files"]]))
    best = xlser.load_results(COMMITTED, NAME).tables()[0].rows[0]
    assert shown["method"][0] == best.method
    assert shown["accuracy"][0] == best.scores["target", "accuracy"].mean
    assert [path for path in dataset.files if fnmatch(path, records["data_files"])]
    for stated in (f"{RECORDS} records", "schema 3", "EMO-DB", "@misc{xlser-agarla2022-4", ADDRESS):
        assert stated in text
    of_space = yaml.safe_load(space.files["README.md"].decode().split("---\n")[1])
    assert (of_space["sdk"], of_space["datasets"]) == ("static", ["owner/results"])


def test_records_in_files_of_their_own_are_sent_packed(
    hub: Hub, publish: Callable[..., Publication], boards: Path
) -> None:
    packed = publish().uploads[0].files
    unpack(boards / NAME / "results")
    own = {path: path.read_bytes() for path in boards.rglob("*.json")}
    assert publish().uploads[0].files == packed
    assert {path: path.read_bytes() for path in boards.rglob("*.json")} == own


def test_what_was_interrupted_is_sent_by_the_same_call(
    hub: Hub, publish: Callable[..., Publication], boards: Path, tmp_path: Path
) -> None:
    hub.held = "/commit/"
    code = (
        f"import xlser; xlser.publish(to='owner/results', leaderboards={str(boards)!r}, yes=True)"
    )
    environment = {"HF_ENDPOINT": hub.address, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment})
    ends = time.monotonic() + 120
    while not any("/commit/" in path for path in hub.requests) and time.monotonic() < ends:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert {*hub.files[TO]} == {".gitattributes"}  # nothing, though all files were uploaded

    hub.held = None
    uploaded = [path for path in hub.requests if path.startswith("lfs/")]
    assert uploaded
    first = publish(yes=True)
    assert [path for path in hub.requests if path.startswith("lfs/")] == uploaded
    again = publish(yes=True)
    assert again.sent == first.sent  # the same commit: nothing had changed
    assert len(hub.commits[TO]) == 1
    pd.testing.assert_frame_equal(figures(ADDRESS), figures(boards))


def test_a_packed_file_of_an_earlier_layout_is_replaced(
    hub: Hub, publish: Callable[..., Publication], boards: Path
) -> None:
    publish(yes=True)
    german = f"{NAME}/results/german"
    path = next(path for path in hub.files[TO] if path.startswith(f"{german}/frozen/"))
    former = [f"{german}/records.parquet", f"{path.rpartition('/')[0]}/records.parquet"]
    content = hub.files[TO][path]
    hub.add(TO, dict.fromkeys(former, content) | {f"{NAME}/results/records.md": b"theirs"})
    publish(yes=True)
    assert not {*former} & hub.files[TO].keys()
    assert f"{NAME}/results/records.md" in hub.files[TO]
    pd.testing.assert_frame_equal(figures(ADDRESS), figures(boards))


def test_a_pull_request_holds_what_the_dataset_lacks_and_replaces_nothing(
    hub: Hub, publish: Callable[..., Publication], boards: Path
) -> None:
    italian = boards / NAME / "results/italian"
    mine = shutil.move(italian, boards.parent / "italian")
    publish(yes=True)
    theirs = dict(hub.files[TO])
    shutil.move(mine, italian)

    done = publish(yes=True, pull_request=True)
    assert done.sent == (f"{hub.address}/{TO}/discussions/1",)
    assert hub.files[TO] == theirs
    ((repository, files),) = hub.proposed
    assert repository == TO
    new = set(files) - {f"{NAME}/encoders.json"}
    folder = f"{NAME}/results/italian/finetune/audiontt-512"
    assert {path.rpartition("-")[0] for path in new} == {
        f"{folder}/{path.stem}" for path in italian.rglob("*.parquet")
    }
    assert not set(files) & {"README.md", *theirs} - {f"{NAME}/encoders.json"}
    assert done.records == sum(len(pd.read_parquet(io.BytesIO(files[path]))) for path in new)

    hub.add(TO, files)  # its owner takes it
    pd.testing.assert_frame_equal(
        figures(ADDRESS).sort_values(["key", "role", "metric"], ignore_index=True),
        figures(boards).sort_values(["key", "role", "metric"], ignore_index=True),
    )
    with pytest.raises(SettingsError, match=f"has all of these {RECORDS} records"):
        publish(yes=True, pull_request=True)
    with pytest.raises(SettingsError, match="makes no Space"):
        publish(pull_request=True, space="owner/page")


def test_a_pinned_revision_stays_and_needs_no_network(
    hub: Hub, publish: Callable[..., Publication], boards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(yes=True)
    first, whole = hub.head(TO), figures(boards)
    shutil.rmtree(boards / NAME / "results/italian")
    changed = {path: of for path, of in hub.files[TO].items() if "italian" not in path}
    hub.add(TO, {"x": b""})
    hub.files[TO] = changed
    assert set(figures(ADDRESS)["target"]) == {"german"}
    pd.testing.assert_frame_equal(figures(f"{ADDRESS}@{first}"), whole)
    with pytest.raises(HubNotFoundError, match="has no such revision"):
        figures(f"{ADDRESS}@none")

    use("http://127.0.0.1:9", boards.parent / "cache", monkeypatch)
    pd.testing.assert_frame_equal(figures(f"{ADDRESS}@{first}"), whole)
    assert set(figures(ADDRESS)["target"]) == {"german"}
    with pytest.raises(HubUnavailableError, match="cannot be reached for owner/other"):
        figures("hf://datasets/owner/other")


def test_the_repository_of_a_stranger_is_data(
    hub: Hub, publish: Callable[..., Publication], boards: Path
) -> None:
    publish(yes=True)
    path = f"{NAME}/results/italian/finetune/audiontt-512/k0.parquet"
    code = {f"{NAME}/results/italian/results.py": b"raise SystemExit", "results.py": b"1 / 0"}
    table = pq.read_table(io.BytesIO(hub.files[TO][path]))
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"xlser.records": "99"}), sink)
    hub.add(TO, code | {path: sink.getvalue()})
    results = xlser.load_results(ADDRESS)
    ((left, why),) = results.left_out
    assert str(left).endswith(path)
    assert "schema 99" in why
    assert set(results.frame["target"]) == {"german"}
    assert not [*(boards.parent / "cache").rglob("*.py")]
    hub.files["datasets/owner/else"] = {"README.md": b"", "data/a.parquet": b""}
    with pytest.raises(HubNotFoundError, match="holds no results of xlser"):
        xlser.load_results("hf://datasets/owner/else")


@pytest.mark.parametrize(
    ("refused", "kind", "problem", "remedy"),
    [
        ({"": 401}, HubAccessError, r"refuses this token for owner/results \(401\)", "HF_TOKEN"),
        ({"": 403}, HubAccessError, r"refuses this token for owner/results \(403\)", "--pull-req"),
        ({"": 429}, HubUnavailableError, r"no more requests now \(429\)", "Wait some minutes"),
        ({"commit": 429}, HubUnavailableError, r"no more requests now \(429\)", "the same command"),
        ({"preupload": 503}, HubUnavailableError, r"The Hub failed \(503\)", "the same command"),
        ({"commit": 413}, HubError, r"refused owner/results \(413\)", "Correct"),
    ],
)
def test_what_the_hub_refuses_is_an_error_that_states_what_to_do(
    refused: dict[str, int],
    kind: type[HubError],
    problem: str,
    remedy: str,
    hub: Hub,
    publish: Callable[..., Publication],
) -> None:
    hub.refused = refused
    with pytest.raises(kind, match=problem) as caught:
        publish(yes=True)
    assert remedy in caught.value.remedy


def test_no_token_no_dataset_no_network_no_name(
    hub: Hub, publish: Callable[..., Publication], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(HubNotFoundError, match="owner/results is not on the Hub") as none:
        publish(yes=True, pull_request=True)
    assert "publish one of your own" in none.value.remedy
    with pytest.raises(HubError, match="is no name of a repository"):
        publish(yes=True, to="a/b/c")
    hub.gated.add(TO)
    with pytest.raises(HubAccessError, match="is gated"):
        figures(ADDRESS)
    asked = len(hub.requests)
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "none"))
    with pytest.raises(HubAccessError, match="There is no token") as missing:
        publish(yes=True)
    assert "hf auth login" in missing.value.remedy
    assert len(hub.requests) == asked
    monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
    use("http://127.0.0.1:9", tmp_path / "cache", monkeypatch)
    with pytest.raises(HubUnavailableError, match="cannot be reached"):
        publish(yes=True)


def test_unsound_records_are_not_sent(
    hub: Hub, publish: Callable[..., Publication], boards: Path
) -> None:
    unpack(boards / NAME / "results")
    path = next(boards.glob("*/results/german/**/*.json"))
    stated = json.loads(path.read_bytes())
    path.write_text(json.dumps(stated | {"protocol_version": 7}))
    with pytest.raises(RecordError, match="faults in the records") as caught:
        publish(yes=True)
    assert "xlser validate" in caught.value.remedy
    with pytest.raises(RecordError, match="There are no records"):
        publish(protocol="v1", yes=True)
    assert hub.requests == []


@pytest.mark.parametrize("address", ["hf://owner", "hf://datasets/a/b/c", "hf://a/b@"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="is not the address of a dataset"):
        xlser.load_results(address)


def test_bars_appear_at_a_terminal_alone(
    hub: Hub, publish: Callable[..., Publication], capfd: pytest.CaptureFixture[str]
) -> None:
    publish(yes=True)
    figures(ADDRESS)
    assert capfd.readouterr().err == ""


def test_commands_read_an_address_and_write_to_none(
    hub: Hub, publish: Callable[..., Publication], boards: Path, tmp_path: Path
) -> None:
    environment = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "home")}
    environment |= {"HF_HUB_DISABLE_XET": "1", "no_proxy": "127.0.0.1"}

    def run(*words: str, code: int = 0) -> str:
        done = command(*words, folder=boards.parent, **environment)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    options = ("publish", "--to", "owner/results", "--leaderboards", "boards", "--space", "o/page")
    dry = run(*options)
    assert f"{RECORDS} records. Nothing is sent: the same command with --yes does it." in dry
    assert "to the dataset owner/results, public if it has to be made:" in dry
    assert hub.requests == []
    sent = json.loads(run(*options, "--yes", "--json"))
    assert (sent["records"], len(sent["sent"])) == (RECORDS, 2)
    assert {*sent["uploads"][0]["files"]} <= {*hub.files[TO]}
    assert f"{RECORDS} records: 0 rejected" in run("validate", ADDRESS)
    ours = ("compare", "dann", "hard-pseudo-labels", "--protocol", NAME, "--leaderboards")
    assert run(*ours, ADDRESS) == run(*ours, "boards")
    refused = run("leaderboard", NAME, "--leaderboards", ADDRESS, code=2)
    assert f"{ADDRESS} is on the Hub: results are written into a folder" in refused
    assert "hf download --repo-type dataset owner/results" in refused
