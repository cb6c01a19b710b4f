"""`python -m api`: serve the API until told to stop."""

import asyncio
import sys

import uvicorn
from pydantic import ValidationError

from adapters import telemetry
from api.app import create_app
from api.wiring import ProcessSettings, open_services
from domain.errors import CcbError


async def serve(settings: ProcessSettings) -> None:
    """Open the services, serve, and give the services back."""
    services = await open_services(settings)
    try:
        config = uvicorn.Config(
            create_app(services),
            host=settings.api.host,
            port=settings.api.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        await uvicorn.Server(config).serve()
    finally:
        await services.close()


def main() -> int:
    telemetry.configure("api")
    try:
        asyncio.run(serve(ProcessSettings()))
    except CcbError as error:
        print(error.message, file=sys.stderr)
        return 1
    except ValidationError as error:
        print(f"The settings cannot be used: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
