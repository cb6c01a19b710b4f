"""Small pieces that all written modules share, and their formatting."""

import os
import subprocess
import sysconfig
import tempfile
import textwrap
from functools import lru_cache
from pathlib import Path

_RUFF = Path(sysconfig.get_path("scripts")) / ("ruff.exe" if os.name == "nt" else "ruff")
WIDTH = 100


def docstring(text: str, indent: int) -> str:
    """A docstring over as many lines as it needs. `text` is plain ASCII without double quotes."""
    space = " " * indent
    if len(text) + indent + 6 <= WIDTH:
        return f'{space}"""{text}"""'
    lines = textwrap.wrap(text, WIDTH - indent - 6, break_long_words=True, break_on_hyphens=False)
    return f'{space}"""' + f"\n{space}".join(lines) + f'\n{space}"""'


def imported(module: str, names: list[str]) -> str:
    """An import of names; nothing where there are none."""
    return f"from {module} import {', '.join(sorted(names))}" if names else ""


@lru_cache(maxsize=256)
def _formatted(files: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files:
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        common = ["--isolated", "--line-length", str(WIDTH), "--target-version", "py311", "--no-cache", "--quiet", "."]
        for command in (["check", "--select", "I,UP034,UP037", "--fix"], ["format"]):
            subprocess.run([_RUFF, command[0], *command[1:], *common[1:], common[0]], cwd=folder, check=True)  # noqa: S603 ours
        return tuple((path, Path(folder, path).read_text(encoding="utf-8")) for path, _ in files)


def formatted(files: dict[str, str]) -> dict[str, str]:
    """The files as ruff would have them: imports sorted, lines broken at 100."""
    return dict(_formatted(tuple(sorted(files.items()))))
