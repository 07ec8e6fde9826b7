"""A local hub: it serves datasets as parquet files, as `datasets` asks for them."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "38e9e968deb4636377e76b28bbb2062f92b898ab"


class _Server(ThreadingHTTPServer):
    files: dict[str, bytes]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if "/resolve/" in path:
            self._file(path.split("/resolve/")[1].partition("/")[2])
        elif "/tree/" in path:
            self._tree(path.split("/tree/")[1].partition("/")[2])
        elif "/paths-info/" in path:
            paths = json.loads(asked)["paths"]
            self._json([self._entry(path) for path in paths if path in self.server.files])
        elif path.startswith("/api/datasets/"):
            siblings = [{"rfilename": path} for path in self.server.files]
            self._json({"id": "o/n", "sha": COMMIT, "siblings": siblings, "private": False})
        else:
            self._send(404, b"")

    def _file(self, path: str) -> None:
        if path not in self.server.files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        content, asked = self.server.files[path], self.headers.get("Range")
        headers = {"ETag": f'"{_digest(content)}"', "X-Repo-Commit": COMMIT}
        if not asked:
            return self._send(200, content, headers)
        first, last = asked.removeprefix("bytes=").split("-")
        part = content[int(first) : int(last or len(content)) + 1]
        end = int(first) + len(part) - 1
        headers["Content-Range"] = f"bytes {first}-{end}/{len(content)}"
        return self._send(206, part, headers)

    def _tree(self, folder: str) -> None:
        start = f"{folder}/" if folder else ""
        inside = [path for path in self.server.files if path.startswith(start)]
        if not inside:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        here = [self._entry(path) for path in inside if "/" not in path[len(start) :]]
        below = {path[len(start) :].split("/")[0] for path in inside} - {
            path[len(start) :] for path in inside
        }
        here += [{"type": "directory", "path": start + name, "oid": "0"} for name in below]
        return self._json(here)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _entry(self, path: str) -> dict[str, object]:
        content = self.server.files[path]
        return {"type": "file", "path": path, "size": len(content), "oid": _digest(content)}


def _digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@contextmanager
def serving_hub(files: dict[str, bytes]) -> Iterator[str]:
    """Serve one dataset, whatever its name; give the address for HF_ENDPOINT.

    Args:
        files: of the repository, by path.
    """

    server = _Server(("127.0.0.1", 0), _Handler)
    server.files = files
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
