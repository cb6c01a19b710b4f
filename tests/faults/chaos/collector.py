"""Where the traces go: an OTLP receiver that keeps what it is sent as files, to be swept."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def collector(folder: Path) -> Iterator[str]:
    """Yields its URL, for OTEL_EXPORTER_OTLP_ENDPOINT."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            try:
                (folder / f"{next(numbers):06d}.otlp").write_bytes(self.rfile.read(length))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except ConnectionError:  # whoever sent it was killed meanwhile
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Standard error is for the progress."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        serving.join(10)
