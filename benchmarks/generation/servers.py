"""The product that is measured: the stack of `ccb up --simulate`, with the simulated Claude or the real one."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from cli.stack import Part, Stack, StackOptions
from cli.stack.layout import Layout, standard

CLAUDE: Final = "CCB_CLAUDE_"
KEY: Final = "CCB_CLAUDE_API_KEY"

_KEPT: Final = ("CCB_PACKAGES_", "CCB_OSV_", "CCB_SANDBOX_", "CCB_POLICY_FILE")
"""Settings of the validators that hold for what is measured too; others are of a stack that may run here."""

_FAST: Final = {"CCB_WORKER_CLAUDE_PER_SECOND": "10000"}
"""The rate of a paid service is a policy, not a cost of ours; with the real Claude it holds."""

_PATIENCE: Final = 180.0


@asynccontextmanager
async def product(folder: Path, *, real: bool) -> AsyncIterator[Stack]:
    """The stack on free ports. `real`: Claude is the one that the environment names; all else is simulated."""
    environ = _environment() | ({} if real else _FAST)
    options = StackOptions.on_free_ports(folder, simulate=True).model_copy(update={"start_timeout": _PATIENCE})
    async with Stack(options, environ=environ, layout=with_real_claude if real else standard) as stack:
        yield stack


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CCB_") or name.startswith(_KEPT)}


def with_real_claude(options: StackOptions, data_dir: Path, environ: Mapping[str, str]) -> Layout:
    """The product with simulators, but for Claude."""
    made = standard(options, data_dir, environ)
    return replace(made, parts=[_told_real(part) if KEY in part.environment else part for part in made.parts])


def _told_real(part: Part) -> Part:
    """A part that is told of Claude, told of the real one."""
    others = {name: value for name, value in part.environment.items() if not name.startswith(CLAUDE)}
    ours = {name: value for name, value in os.environ.items() if name.startswith(CLAUDE)}
    return replace(part, environment=others | ours)
