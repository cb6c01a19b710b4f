"""The outside API that the integrations of these tests talk to, and where its document is published."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CITIES = [{"name": "Ghent", "people": 270_000}, {"name": "Oslo", "people": 720_000}]
CITY = {"type": "object", "properties": {"name": {"type": "string"}, "people": {"type": "integer"}}}


class Outside:
    """`GET /cities` answers; `publish` adds a document; `hold` keeps one from being answered until `release`."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"
        self._documents: dict[str, bytes] = {}
        self._asked: dict[str, threading.Event] = {}
        self._released: dict[str, threading.Event] = {}
        self.cities_document = self.publish("cities.json", json.dumps(self.described()).encode())

    def described(self, title: str = "Cities") -> dict[str, object]:
        """A tiny OpenAPI document."""
        content = {"application/json": {"schema": {"type": "array", "items": CITY}}}
        listing = {
            "operationId": "listCities",
            "summary": "List the cities.",
            "responses": {"200": {"description": "The cities.", "content": content}},
        }
        return {
            "openapi": "3.0.3",
            "info": {"title": title, "version": "1"},
            "servers": [{"url": self.url}],
            "paths": {"/cities": {"get": listing}},
        }

    def publish(self, name: str, data: bytes) -> str:
        self._documents[f"/{name}"] = data
        return f"{self.url}/{name}"

    def hold(self, name: str) -> threading.Event:
        """From now on the document is not answered; the event says when somebody has asked for it."""
        self._released[f"/{name}"] = threading.Event()
        self._asked[f"/{name}"] = threading.Event()
        return self._asked[f"/{name}"]

    def release(self, name: str) -> None:
        self._released[f"/{name}"].set()

    def answer(self, path: str) -> tuple[int, bytes]:
        if path in self._released:
            self._asked[path].set()
            self._released[path].wait(120)
        if path == "/cities":
            return 200, json.dumps(CITIES).encode()
        found = self._documents.get(path)
        return (404, b"{}") if found is None else (200, found)


@contextmanager
def outside() -> Iterator[Outside]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    world = Outside(server.server_address[1])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = world.answer(self.path)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:  # whoever asked was killed meanwhile
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Pytest's output is for what tests say."""

    server.RequestHandlerClass = Handler
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        serving.join(10)
