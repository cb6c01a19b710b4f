"""Runs inside the jail, with the integration's own interpreter; its standard input is the runner's control channel.

Nothing of ours and nothing but the standard library and uvicorn is there. The jail has a network of its own with
nothing in it; the way out is a listening socket on its loopback, which is handed to the runner over the control
channel before any of the integration's code is loaded: the runner's proxy answers on it from outside. The way in is
a unix socket that the runner listens on and hands over with its order. When the channel closes, the service is to end.
"""

import json
import os
import signal
import socket
import sys
import threading

import uvicorn

PROXY_PORT = 3128
GRACE_SECONDS = 5
MAX_ORDER_BYTES = 1 << 20


def main() -> None:
    control = socket.socket(fileno=sys.stdin.fileno())
    data, descriptors, _, _ = socket.recv_fds(control, MAX_ORDER_BYTES, 1)
    while not data.endswith(b"\n"):
        data += control.recv(MAX_ORDER_BYTES)
    order = json.loads(data)
    with socket.create_server(("127.0.0.1", PROXY_PORT), backlog=128) as way_out:
        socket.send_fds(control, [b"proxy"], [way_out.fileno()])
    proxy = f"http://127.0.0.1:{PROXY_PORT}"
    os.environ.update({name: proxy for scheme in ("http", "https", "all") for name in _spellings(f"{scheme}_proxy")})
    os.environ.update(order["environment"])
    threading.Thread(target=_end_with, args=(control,), daemon=True).start()
    sys.path.insert(0, order["source"])
    uvicorn.run(
        order["entrypoint"],
        fd=descriptors[0],
        access_log=False,
        log_level="info",
        proxy_headers=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _spellings(name: str) -> tuple[str, str]:
    return name, name.upper()


def _end_with(control: socket.socket) -> None:
    """Ask the server to end in good order once the runner has closed its end, or is dead."""
    while control.recv(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
