"""`python -m api`: serve the API until told to stop."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from types import FrameType

import uvicorn
from pydantic import ValidationError

from adapters import telemetry
from adapters.policy import explained
from api.app import create_app
from api.protocol import configured
from api.settings import ApiSettings
from api.wiring import ProcessSettings, open_services
from domain.errors import CcbError, InvalidInput


class _Server(uvicorn.Server):
    """Ends quietly: uvicorn's own way raises SIGTERM again, which would end the process before it has tidied up."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._closing.set()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def serve(settings: ProcessSettings) -> None:
    """Open the services, serve, and give the services back."""
    listening = bound(settings.api)
    services = await open_services(settings)
    try:
        app = create_app(services)
        config = configured(app, patience=settings.edge.read_timeout)
        await _Server(config, app.state.closing).serve(sockets=[listening])
    finally:
        await services.close()


def bound(settings: ApiSettings) -> socket.socket:
    """Raises InvalidInput if somebody else listens there."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise InvalidInput(
            f"The API cannot listen on {settings.host} port {settings.port} ({error.strerror}): "
            "end what listens there, or choose another with CCB_API_PORT."
        ) from error
    # asyncio does this for sockets that it makes itself; a connection has it from the socket that listens. Without it
    # the second part of an answer waits for the client's delayed acknowledgement, 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def main() -> int:
    telemetry.configure("api")
    try:
        asyncio.run(serve(ProcessSettings()))
    except CcbError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except ValidationError as error:
        sys.stderr.write(f"{explained(error)}\n")
        return 2
    return 0


if __name__ == "__main__":
    telemetry.leave(main())
