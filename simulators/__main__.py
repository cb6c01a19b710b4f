"""`python -m simulators --host 127.0.0.1 --port P --state-dir D [--config FILE.json]`."""

import argparse
import json
import sys
from pathlib import Path

from simulators.server import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulators", description="Stand-ins for vendors, on one port.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one; the first line printed names it")
    parser.add_argument("--state-dir", type=Path, required=True, help="where state is kept, made if need be")
    parser.add_argument("--config", type=Path, required=True, help="JSON: one object for each vendor wanted")
    options = parser.parse_args()
    try:
        serve(options.host, options.port, options.state_dir, json.loads(options.config.read_text()))
    except OSError as error:
        sys.stderr.write(f"simulators: {error}\n")
        return 1
    except json.JSONDecodeError as error:
        sys.stderr.write(f"simulators: {options.config} is not JSON: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
