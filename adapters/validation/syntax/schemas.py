"""The JSON schemas of an integration's own files, as editors read them: `python -m adapters.validation.syntax.schemas`.

They are made from the models that the files are checked with, so that they say the same.
"""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from adapters.validation.syntax.manifests import PyProject
from domain.manifest import Manifest

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path("docs", "schemas")


def schemas() -> dict[str, str]:
    """Each file's name and text."""
    models: dict[str, type[BaseModel]] = {"integration": Manifest, "pyproject": PyProject}
    return {
        f"{name}.schema.json": json.dumps({"$schema": _DIALECT, **model.model_json_schema()}, indent=2) + "\n"
        for name, model in models.items()
    }


def main() -> None:
    """Write them below the folder given, or `docs/schemas`."""
    folder = Path(*sys.argv[1:2]) if sys.argv[1:] else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
