"""`python -m simulators.outside --document FILE --port P`: the stand-in, on this machine only."""

import argparse
from pathlib import Path

import uvicorn

from simulators.outside.app import create_app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.outside", description=__doc__)
    parser.add_argument("--document", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    uvicorn.run(
        create_app(given.document.read_bytes()), host="127.0.0.1", port=given.port, log_level="warning", lifespan="off"
    )


if __name__ == "__main__":
    main()
