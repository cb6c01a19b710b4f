"""`python -m workers.front --folder F`: the front of the deployment target `docker`, in a container of its own.

It passes requests on as the files of the folder say, knows no key, and keeps nothing.
"""

import argparse
import sys
from pathlib import Path

import uvicorn

from adapters.docker_target.gate import application

GRACE_SECONDS = 30


def main() -> int:
    parser = argparse.ArgumentParser(prog="workers.front", description="The front of the deployment target docker.")
    parser.add_argument("--folder", type=Path, required=True, help="where the stable URLs' files are")
    parser.add_argument("--host", default="0.0.0.0", help="the container's own")  # noqa: S104
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    server = uvicorn.Server(
        uvicorn.Config(
            application(options.folder),
            host=options.host,
            port=options.port,
            log_config=None,
            access_log=False,
            # Both are the integration's to say.
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
