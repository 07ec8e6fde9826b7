"""A local Hugging Face Hub: the part of its API by which files are read, and by which they come."""

import hashlib
import json
import re
import threading
from base64 import b64decode
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_API = re.compile(r"api/(models|datasets|spaces)/([^/]+/[^/]+)/?(.*)")
_RESOLVE = re.compile(r"(.+?)/resolve/([^/]+)/(.+)")
_LARGE = (".parquet",)  # goes through LFS

Files = dict[str, bytes]


@dataclass
class Hub:
    """What a local hub serves. A repository's name begins with its kind, `datasets/`, `spaces/`.

    Attributes:
        address: for HF_ENDPOINT.
        commit: of repositories that no request made.
        files: content by path, of the repositories by name.
        commits: earlier and present content by commit, of repositories by name.
        heads: newest commit, of repositories by name.
        private: names of repositories that were made so.
        proposed: pull requests: name of the repository and files.
        large: content by SHA-256 that came through LFS.
        gated: names of repositories that are.
        refused: part of a path -> status that requests for it get.
        held: part of a path; requests for it are never answered.
        requests: paths asked for.
    """

    address: str = ""
    commit: str = COMMIT
    files: dict[str, Files] = field(default_factory=dict)
    commits: dict[str, dict[str, Files]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    proposed: list[tuple[str, Files]] = field(default_factory=list)
    large: dict[str, bytes] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    held: str | None = None
    requests: list[str] = field(default_factory=list)

    def put(self, repository: str, folder: Path) -> None:
        """Serve the files of a folder as a repository."""
        self.files[repository] = {path.name: path.read_bytes() for path in folder.iterdir()}

    def head(self, repository: str) -> str:
        return self.heads.get(repository, self.commit)

    def named(self, repository: str, revision: str) -> str:
        """Return the commit that a revision is."""
        return revision if re.fullmatch(r"[0-9a-f]{40}", revision) else self.head(repository)

    def content(self, repository: str, revision: str) -> Files | None:
        if revision in ("main", self.head(repository)):
            return self.files[repository]
        return self.commits.get(repository, {}).get(revision)

    def add(
        self, repository: str, files: Mapping[str, bytes], without: Collection[str] = ()
    ) -> str:
        """Make a commit; return its name."""
        self.commits.setdefault(repository, {})[self.head(repository)] = self.files[repository]
        whole = self.files[repository] | dict(files)
        self.files[repository] = {path: whole[path] for path in whole if path not in without}
        made = f"{repository} {len(self.commits[repository])}"
        self.heads[repository] = hashlib.sha1(made.encode()).hexdigest()
        return self.heads[repository]


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

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hub, path = self.server.hub, unquote(self.path.partition("?")[0].strip("/"))
        hub.requests.append(path)
        if hub.held and hub.held in path:
            self.close_connection = True
            return None
        for part, status in hub.refused.items():
            if part in path:
                return self._send(status, json.dumps({"error": f"refused, {status}"}).encode())
        if path.startswith("lfs/"):
            return self._take_large(path.removeprefix("lfs/"))
        if path.endswith(".git/info/lfs/objects/batch"):
            return self._where_to_put()
        if path == "api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if path == "api/repos/create":
            return self._create(json.loads(self.body))
        if found := _API.fullmatch(path):
            kind, name, rest = found.groups()
            return self._api(name if kind == "models" else f"{kind}/{name}", name, rest)
        if found := _RESOLVE.fullmatch(path):
            return self._resolve(*found.groups())
        return self._send(404)

    def _api(self, repository: str, name: str, rest: str) -> None:
        hub = self.server.hub
        if not self._is_open(repository):
            return None
        what, _, of = rest.partition("/")
        revision, _, folder = of.partition("/")
        if what == "preupload":
            return self._modes(repository)
        if what == "commit":
            return self._commit(repository)
        files = hub.content(repository, revision or "main")
        if files is None:
            return self._send(404, code="RevisionNotFound")
        if what == "tree":
            return self._tree(files, folder, "recursive=true" in self.path.lower())
        if what == "paths-info":
            asked = json.loads(self.body)["paths"]
            return self._json([_entry(path, files[path]) for path in asked if path in files])
        sha = hub.named(repository, revision)
        siblings = [{"rfilename": path} for path in files]
        private = repository in hub.private
        return self._json({"id": name, "sha": sha, "siblings": siblings, "private": private})

    def _is_open(self, repository: str) -> bool:
        hub = self.server.hub
        if repository in hub.gated:
            self._send(403, code="GatedRepo")
        elif repository not in hub.files:
            self._send(401 if "Authorization" not in self.headers else 404, code="RepoNotFound")
        else:
            return True
        return False

    def _resolve(self, repository: str, revision: str, path: str) -> None:
        hub = self.server.hub
        if not self._is_open(repository):
            return None
        files, commit = hub.content(repository, revision), hub.named(repository, revision)
        if files is None:
            return self._send(404, code="RevisionNotFound")
        if path not in files:
            return self._send(404, code="EntryNotFound", commit=commit)
        content, asked = files[path], self.headers.get("Range")
        known = {"ETag": f'"{_entry(path, content)["oid"]}"'}
        if not asked:
            return self._send(200, content, commit=commit, headers=known)
        first, last = asked.removeprefix("bytes=").split("-")
        part = content[int(first) : int(last or len(content)) + 1]
        known["Content-Range"] = f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
        return self._send(206, part, commit=commit, headers=known)

    def _tree(self, files: Files, folder: str, recursive: bool) -> None:
        start = f"{folder}/" if folder else ""
        inside = [path for path in files if path.startswith(start)]
        if not inside:
            return self._send(404, code="EntryNotFound")
        here = [p for p in inside if recursive or "/" not in p[len(start) :]]
        below = {p[len(start) :].split("/")[0] for p in inside if "/" in p[len(start) :]}
        folders = [{"type": "directory", "path": start + name, "oid": "0"} for name in below]
        return self._json([*(_entry(path, files[path]) for path in here), *folders])

    def _create(self, asked: Mapping[str, Any]) -> None:
        kind = {"model": "", "dataset": "datasets/", "space": "spaces/"}[asked.get("type", "model")]
        repository = f"{kind}{asked['organization']}/{asked['name']}"
        hub = self.server.hub
        made = json.dumps({"url": f"{hub.address}/{repository}", "name": asked["name"]}).encode()
        if repository in hub.files:
            return self._send(409, made)
        hub.files[repository] = {".gitattributes": b"*.parquet filter=lfs\n"}
        if asked.get("private") or asked.get("visibility") == "private":
            hub.private.add(repository)
        return self._send(200, made)

    def _modes(self, repository: str) -> None:
        files, answers = self.server.hub.files[repository], []
        for asked in json.loads(self.body)["files"]:
            path = asked["path"]
            mode = "lfs" if path.endswith(_LARGE) else "regular"
            entry = {"path": path, "uploadMode": mode, "shouldIgnore": False}
            if path in files:
                stated = _entry(path, files[path])
                entry["oid"] = stated["lfs"]["oid"] if "lfs" in stated else stated["oid"]
            answers.append(entry)
        return self._json({"files": answers})

    def _where_to_put(self) -> None:
        hub, objects = self.server.hub, []
        for asked in json.loads(self.body)["objects"]:
            href = {"href": f"{hub.address}/lfs/{asked['oid']}"}
            new = asked["oid"] not in hub.large
            objects.append({**asked, **({"actions": {"upload": href}} if new else {})})
        return self._json({"transfer": "basic", "objects": objects})

    def _take_large(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return self._send(400)
        self.server.hub.large[oid] = self.body
        return self._send(200)

    def _commit(self, repository: str) -> None:
        hub, sent, deleted = self.server.hub, Files(), list[str]()
        for line in self.body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                sent[value["path"]] = b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                sent[value["path"]] = hub.large[value["oid"]]
            elif operation["key"] == "deletedFile":
                deleted.append(value["path"])
        page = f"{hub.address}/{repository}"
        if "create_pr=1" in self.path:
            hub.proposed.append((repository, sent))
            pull = f"{page}/discussions/{len(hub.proposed)}"
            commit = {"commitUrl": f"{page}/commit/{COMMIT}", "commitOid": COMMIT}
            return self._json({**commit, "pullRequestUrl": pull})
        made = hub.add(repository, sent, deleted)
        return self._json({"commitUrl": f"{page}/commit/{made}", "commitOid": made})

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), headers={"Content-Type": "application/json"})

    def _send(
        self,
        status: int,
        body: bytes = b"",
        code: str = "",
        commit: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        named = {"X-Error-Code": code, "X-Repo-Commit": commit, **(headers or {})}
        for name, value in named.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _entry(path: str, content: bytes) -> dict[str, Any]:
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": git}
    if path.endswith(_LARGE):
        sha256 = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"oid": sha256, "size": len(content), "pointerSize": 1}
    return entry


@contextmanager
def serving(commit: str = COMMIT) -> Iterator[Hub]:
    """Run a local hub while the block runs.

    Args:
        commit: of repositories that no request makes.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.hub = Hub(f"http://127.0.0.1:{server.server_port}", commit)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.hub
        finally:
            server.shutdown()
            thread.join()


def use(address: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let huggingface_hub, which reads the environment when it is imported, ask a local hub.

    Args:
        address: of the hub.
        cache: folder for what is downloaded.
        monkeypatch: that undoes it.
    """
    from huggingface_hub import constants

    path = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", path)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
