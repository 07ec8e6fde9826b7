"""A local web server that misbehaves as asked: it breaks off, lies, redirects, forgets ranges."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 400
"""Of a file to download: every value of a byte, 400 times."""


@dataclass
class File:
    """What the server gives at one address.

    Attributes:
        content: the bytes.
        breaks: bytes after which each response ends early; 0: never.
        status: answered instead, as often as `times` says.
        times: of `status`.
        size: Content-Length that is stated; None: the true one.
        ranges: whether Range requests are understood.
        etag: version of the content.
        lie: whether a range request is answered by another range.
        chunks: whether no length is stated.
    """

    content: bytes
    breaks: int = 0
    status: int = 0
    times: int = 10**6
    size: int | None = None
    ranges: bool = True
    etag: str = '"1"'
    lie: bool = False
    chunks: bool = False


@dataclass
class Site:
    """The server's files by path, and the requests it got: (path, Range)."""

    address: str
    files: dict[str, File] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def put(self, path: str, content: bytes, **how: object) -> str:
        """Serve a file; return its address."""
        self.files[path] = File(content, **how)
        return f"{self.address}{path}"


@contextmanager
def serving() -> Iterator[Site]:
    """Run the server while the block runs."""
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            site.requests.append((self.path, asked))
            file = site.files.get(self.path)
            if file is None:
                return self._error(404)
            if file.status and file.times > 0:
                file.times -= 1
                return self._error(file.status)
            start = int(match[1]) if (match := re.match(r"bytes=(\d+)-", asked)) else 0
            same = self.headers.get("If-Range", file.etag) == file.etag
            if not (file.ranges and same):
                start = 0
            if start and start >= len(file.content):
                return self._error(416)
            body = file.content[start:]
            self.send_response(206 if start else 200)
            if start:
                begin = start + 1 if file.lie else start
                self.send_header(
                    "Content-Range", f"bytes {begin}-{len(file.content) - 1}/{len(file.content)}"
                )
            if not file.chunks:
                length = file.size if file.size is not None and not start else len(body)
                self.send_header("Content-Length", str(length))
            self.send_header("ETag", file.etag)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body[: file.breaks] if file.breaks else body)
            self.close_connection = True
            return None

        def _error(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
