"""Tiny random models of each family, as folders and on a local hub."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_SMALL = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
          "intermediate_size": 64}  # fmt: skip
_CONVOLUTIONS = {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 8,
                 "num_conv_pos_embedding_groups": 2}  # fmt: skip
_LAYER_NORM = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True}
_TRAINING = {"layerdrop": 0.5, "mask_time_prob": 0.5, "apply_spec_augment": True}
_WHISPER = {"d_model": 32, "encoder_layers": 3, "encoder_attention_heads": 4, "decoder_layers": 1,
            "encoder_ffn_dim": 64, "decoder_attention_heads": 4, "decoder_ffn_dim": 64,
            "vocab_size": 20, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
            "decoder_start_token_id": 1, "encoder_layerdrop": 0.5}  # fmt: skip

# Family and layout -> class of transformers, configuration, whether samples are normalised.
MODELS: Mapping[str, tuple[str, dict[str, Any], bool | None]] = {
    "whisper": ("WhisperModel", _WHISPER, None),
    "wav2vec2": ("Wav2Vec2Model", {**_SMALL, **_CONVOLUTIONS, **_TRAINING}, True),
    "xls-r": ("Wav2Vec2Model", {**_SMALL, **_CONVOLUTIONS, **_LAYER_NORM, **_TRAINING}, True),
    "hubert": ("HubertModel", {**_SMALL, **_CONVOLUTIONS, **_TRAINING}, True),
    "wavlm": ("WavLMModel", {**_SMALL, **_CONVOLUTIONS, **_TRAINING}, False),
    "w2v-bert": ("Wav2Vec2BertModel", {**_SMALL, **_TRAINING}, None),
}


def model(name: str) -> torch.nn.Module:
    """Return a random model of transformers; the same at every call."""
    import transformers

    kind, values, _ = MODELS[name]
    made = getattr(transformers, kind)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network: torch.nn.Module = made(made.config_class(**values))
        with torch.no_grad():  # as they begin, norms and biases do nothing
            for parameter in network.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
    return network.eval()


def save(name: str, folder: Path) -> Path:
    """Write a model as `save_pretrained` does, with its preprocessor where it has one."""
    model(name).save_pretrained(folder)
    normalised = MODELS[name][2]
    if normalised is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": normalised}))
    return folder


@dataclass
class Hub:
    """What a local hub serves.

    Attributes:
        address: for HF_ENDPOINT.
        files: content by path, of the repositories by name.
        gated: names of repositories that are.
        requests: paths asked for.
    """

    address: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)

    def put(self, repository: str, folder: Path) -> None:
        """Serve the files of a folder as a repository."""
        self.files[repository] = {path.name: path.read_bytes() for path in folder.iterdir()}


class _Server(ThreadingHTTPServer):
    hub: Hub


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.server.hub, self.path.partition("?")[0].strip("/")
        hub.requests.append(path)
        repository, _, rest = path.partition("/resolve/")
        revision, _, file = rest.partition("/")
        if repository in hub.gated:
            return self._send(403, code="GatedRepo")
        if repository not in hub.files:
            return self._send(401, code="RepoNotFound")
        if revision not in ("main", COMMIT):
            return self._send(404, code="RevisionNotFound")
        if file not in hub.files[repository]:
            return self._send(404, code="EntryNotFound", commit=COMMIT)
        return self._send(200, hub.files[repository][file], commit=COMMIT)

    def _send(self, status: int, body: bytes = b"", code: str = "", commit: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-Error-Code", code)
        if commit:
            self.send_header("X-Repo-Commit", commit)
        if body:
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def serving() -> Iterator[Hub]:
    """Run a local hub while the block runs."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.hub = Hub(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.hub
        finally:
            server.shutdown()
            thread.join()
