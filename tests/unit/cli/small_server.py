"""`small_server.py PORT [stubborn] [parent] [late]`: answers HTTP 200; run by path as a part of a stack.

`stubborn` ignores SIGTERM; `parent` has a child of its own, which is stubborn; `late` begins to answer after half a
second. Writes its name and time to `ended` in its folder on SIGTERM.
"""

import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    port, words = int(sys.argv[1]), sys.argv[2:]
    if "parent" in words and os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Event().wait()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in words else lambda *_: sys.exit(0))
    if "late" in words:
        time.sleep(0.5)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
