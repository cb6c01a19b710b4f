"""A stub of the outside API that gives one answer to everything, and knows what it was asked. Runs in the jail."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_MOST_ASKED = 200
_MOST_BODY = 8 << 20


class Outside(ThreadingHTTPServer):
    """`asked` is method and path, without the query, of each request since `answers`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str]] = []
        self.status = 200
        self.body = b"{}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answers(self, status: int, body: bytes) -> None:
        self.asked.clear()
        self.status, self.body = status, body


class _Handler(BaseHTTPRequestHandler):
    server: Outside

    def answer(self) -> None:
        self.rfile.read(min(int(self.headers.get("content-length") or 0), _MOST_BODY))
        if len(self.server.asked) < _MOST_ASKED:
            self.server.asked.append((self.command.lower(), self.path.partition("?")[0]))
        bodiless = self.server.status == 204 or self.command == "HEAD"
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        if not bodiless:
            self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(self.server.body)

    def refuse(self) -> None:
        """TLS cannot be answered here: the integration went past its base URL, by the proxy."""
        self.send_error(502)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 (http.server's)
    do_CONNECT = refuse  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's)
        """Nobody reads it."""
