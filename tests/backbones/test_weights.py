import io
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from tests.tasks import same_weights

from xlser.backbones import blob_id, find_weights, pretrained
from xlser.backbones.audiontt import AudioNTT512, AudioNTT1024
from xlser.errors import UnknownNameError, WeightsError
from xlser.settings import Settings
from xlser.training import seeded


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


STATE = AudioNTT512().state_dict()
CHECKPOINT = saved(STATE)
FILE = AudioNTT512.weights.file


class Server(ThreadingHTTPServer):
    """Serves one content at any path, and counts how often it was asked."""

    content: bytes = CHECKPOINT
    announced: int | None = None
    asked: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{FILE}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked += 1
        content = self.server.content
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.announced or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of the published checkpoint, which is that of `publish`."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        publish(monkeypatch, CHECKPOINT, server.url)
        yield server
        server.shutdown()
        thread.join()


def publish(monkeypatch: pytest.MonkeyPatch, content: bytes, url: str) -> None:
    """Let `content` at `url` be the published weights of AudioNTT512."""
    published = replace(AudioNTT512.weights, url=url, blob=blob_id(content))
    monkeypatch.setattr(AudioNTT512, "weights", published)


def unreachable() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/{FILE}"


def given(tmp_path: Path, content: bytes) -> Settings:
    """Settings that name a file with `content` as the weights."""
    (tmp_path / "named.pth").write_bytes(content)
    return Settings(cache=tmp_path / "cache", weights=str(tmp_path / "named.pth"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    ],
)
def test_a_blob_id_is_gits(content: bytes, expected: str) -> None:
    assert blob_id(content) == expected


def test_named_weights_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, CHECKPOINT, unreachable())
    backbone = pretrained("audiontt-512", given(tmp_path, CHECKPOINT))
    assert backbone.digest == blob_id(CHECKPOINT)
    assert same_weights(backbone.build().state_dict(), STATE)


def test_backbones_built_from_the_same_weights_share_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, CHECKPOINT, unreachable())
    backbone = pretrained("audiontt-512", given(tmp_path, CHECKPOINT))
    with torch.no_grad():
        for parameter in backbone.build().parameters():
            parameter.zero_()
    assert same_weights(backbone.build().state_dict(), STATE)


def test_other_content_than_the_published_is_refused(tmp_path: Path, server: Server) -> None:
    with pytest.raises(WeightsError, match="holds no checkpoint with the git blob id") as caught:
        pretrained("audiontt-512", given(tmp_path, CHECKPOINT + b" "))
    assert "--weights" in caught.value.remedy
    assert server.asked == 0


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path, server: Server) -> None:
    settings = Settings(cache=tmp_path, weights=str(tmp_path / "nowhere.pth"))
    with pytest.raises(WeightsError, match=r"nowhere\.pth holds no checkpoint"):
        pretrained("audiontt-512", settings)
    assert server.asked == 0


def test_a_folder_is_searched_by_content_not_by_name(tmp_path: Path, server: Server) -> None:
    (tmp_path / FILE).write_bytes(b"something else under the published name")
    (tmp_path / "renamed.pth").write_bytes(CHECKPOINT)
    settings = Settings(cache=tmp_path / "cache", weights=str(tmp_path))
    assert find_weights(AudioNTT512, settings) == tmp_path / "renamed.pth"
    assert same_weights(pretrained("audiontt-512", settings).build().state_dict(), STATE)


def test_a_download_is_verified_and_kept(tmp_path: Path, server: Server) -> None:
    settings = Settings(cache=tmp_path)
    assert find_weights(AudioNTT512, settings) is None
    first = pretrained("audiontt-512", settings)
    again = pretrained("audiontt-512", settings)
    assert server.asked == 1
    assert same_weights(first.build().state_dict(), STATE)
    assert same_weights(again.build().state_dict(), STATE)
    assert find_weights(AudioNTT512, settings) == tmp_path / "weights" / FILE


def test_a_corrupt_cached_file_is_downloaded_anew(tmp_path: Path, server: Server) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / FILE).write_bytes(CHECKPOINT[:-1])
    pretrained("audiontt-512", Settings(cache=tmp_path))
    assert (tmp_path / "weights" / FILE).read_bytes() == CHECKPOINT


def test_a_download_of_something_else_is_refused_and_not_kept(
    tmp_path: Path, server: Server
) -> None:
    server.content = b"<html>Please log in</html>"
    with pytest.raises(WeightsError, match="is not the published checkpoint") as caught:
        pretrained("audiontt-512", Settings(cache=tmp_path))
    assert blob_id(server.content) in caught.value.problem
    assert not list(tmp_path.rglob("*"))


def test_a_download_that_breaks_off_is_an_error(tmp_path: Path, server: Server) -> None:
    server.announced = len(CHECKPOINT) + 1
    with pytest.raises(WeightsError, match="could not be downloaded"):
        pretrained("audiontt-512", Settings(cache=tmp_path))
    assert not list(tmp_path.rglob("*"))


def test_without_a_server_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    publish(monkeypatch, CHECKPOINT, url := unreachable())
    with pytest.raises(WeightsError, match="could not be downloaded") as caught:
        pretrained("audiontt-512", Settings(cache=tmp_path))
    for hint in (FILE, url, "--weights", "XLSER_WEIGHTS", "random", "logmel-functionals"):
        assert hint in caught.value.remedy


class RunsCode:
    """Unpickled, it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("save", [saved, partial(pickle.dumps, protocol=2)], ids=["zip", "pickle"])
def test_a_checkpoint_that_runs_code_is_refused_before_it_does(
    save: Callable[[object], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "the code ran"
    content = save({**STATE, "fc.0.bias": RunsCode(trap)})
    publish(monkeypatch, content, unreachable())
    with pytest.raises(WeightsError, match="cannot be loaded as plain weights"):
        pretrained("audiontt-512", given(tmp_path, content))
    assert not trap.exists()
    with suppress(RuntimeError):  # the trap is one: a careless load would have sprung it
        torch.load(io.BytesIO(content), weights_only=False)
    assert trap.exists()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04rubbish", CHECKPOINT[:5000]], ids=len
)
def test_a_file_that_is_no_checkpoint_is_an_error_of_the_weights(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, content, unreachable())
    with pytest.raises(WeightsError, match="cannot be loaded as plain weights"):
        pretrained("audiontt-512", given(tmp_path, content))


@pytest.mark.parametrize(
    "value",
    [
        {**STATE, "fc.3.bias": torch.zeros(511)},
        {**STATE, "fc.9.bias": torch.zeros(512)},
        {k: v for k, v in STATE.items() if k != "fc.0.bias"},
        {**STATE, "fc.3.bias": 0.5},
        {"state_dict": STATE},
        list(STATE.values()),
        torch.zeros(3),
    ],
    ids=["shape", "one more", "one less", "no tensor", "nested", "list", "tensor"],
)
def test_weights_of_another_network_are_refused(
    value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = saved(value)
    publish(monkeypatch, content, unreachable())
    with pytest.raises(WeightsError, match="does not hold the weights of audiontt-512"):
        pretrained("audiontt-512", given(tmp_path, content))


def test_random_weights_are_used_when_asked_for_by_name(tmp_path: Path, server: Server) -> None:
    settings = Settings(cache=tmp_path, weights="random")
    backbone = pretrained("audiontt-512", settings)
    assert (backbone.digest, backbone.state, server.asked) == ("random", None, 0)
    assert find_weights(AudioNTT512, Settings(cache=tmp_path, weights="random")) is None
    built = []
    for seed in (0, 0, 1):
        with seeded(seed):
            built.append(backbone.build().state_dict())
    assert same_weights(built[0], built[1])
    assert not same_weights(built[0], built[2])


def test_a_backbone_without_weights_needs_none(tmp_path: Path) -> None:
    backbone = pretrained("logmel-functionals", Settings(cache=tmp_path))
    assert (backbone.digest, backbone.state) == ("none", None)
    assert backbone.build().dimension == 192


def test_the_published_checkpoints_are_those_of_serab() -> None:
    assert AudioNTT512.weights.blob == "f4283f224c40a869e7bed9fd64316342ee2809c7"
    assert AudioNTT1024.weights.blob == "f5bcd923cf11ff279f155ba80c73547c10359fa5"
    assert "Neclow/SERAB" in AudioNTT512.weights.url
    assert AudioNTT512.weights.url.endswith(AudioNTT512.weights.file)


def test_an_unknown_backbone_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'audiontt-512'"):
        pretrained("audiont-512", Settings(cache=tmp_path))
