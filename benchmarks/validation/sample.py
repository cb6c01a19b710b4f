"""The package that is looked at: what the simulated Claude wrote for three operations of Temporal's own document.

It is kept, so that figures of different days are of the same files. `python -m benchmarks.validation.sample FOLDER`
puts the files of a folder in its place.
"""

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

_KEPT = Path(__file__).with_name("sample.json")
_KINDS = {".py", ".md", ".toml", ".yaml"}


def sample() -> dict[str, str]:
    """Its files by path."""
    return TypeAdapter(dict[str, str]).validate_json(_KEPT.read_bytes())


def _keep(folder: Path) -> None:
    files = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.*"))
        if path.suffix in _KINDS
    }
    _KEPT.write_text(json.dumps(files, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
