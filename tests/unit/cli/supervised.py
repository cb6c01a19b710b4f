"""`supervised.py DATA_DIR PORT PORT [late]`: a supervisor in a process of its own, to be killed and told to stop."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.stack import Addresses, Part, Stack, StackError, StackOptions, serve
from cli.stack.layout import Layout
from cli.stack.probes import http

SERVER = Path(__file__).with_name("small_server.py")


def two_servers(ports: list[int], words: list[str]) -> list[Part]:
    return [
        Part(
            name=f"server-{n}",
            command=[sys.executable, "-S", str(SERVER), str(port), *words],
            environment=dict(os.environ),
            ready=http(f"http://127.0.0.1:{port}/"),
            grace=0.5,
        )
        for n, port in enumerate(ports)
    ]


def main() -> None:
    data_dir, ports, words = Path(sys.argv[1]), [int(port) for port in sys.argv[2:4]], sys.argv[4:]

    def layout(_: StackOptions, folder: Path, __: Mapping[str, str]) -> Layout:
        addresses = Addresses.model_construct(pid=os.getpid(), data_dir=folder)
        return Layout(parts=two_servers(ports, words), addresses=addresses)

    stack = Stack(
        StackOptions.on_free_ports(data_dir),
        layout=layout,
        on_event=lambda event: print(event.part, event.state, event.pid or "", flush=True),
    )
    try:
        asyncio.run(serve(stack, on_ready=lambda _: print("all ready", flush=True)))
    except StackError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
