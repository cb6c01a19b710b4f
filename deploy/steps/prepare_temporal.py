"""Give Temporal our namespace's retention and search attributes, as `ccb up` does; does nothing if it has them."""  # noqa: INP001

import asyncio
import os
import sys

from adapters.temporal import TemporalSettings
from cli.stack import NotReady
from cli.stack.temporal import prepared


async def prepare() -> None:
    settings = TemporalSettings()
    await prepared(settings.address, settings.namespace)()


def main() -> int:
    try:
        asyncio.run(prepare())
    except NotReady as error:
        print(f"{error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not by way of the interpreter's own end: threads of the Temporal SDK may still be at work then, and abort it.
    os._exit(code)
