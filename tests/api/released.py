"""`python -m tests.api.released`: keep the contract of the document as it is now, as that of a release."""

import json
from pathlib import Path

from tests.api.breaking import contract

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    document = json.loads((DOCS / "openapi.json").read_text())
    kept = json.dumps(contract(document), indent=1, sort_keys=True, ensure_ascii=False)
    (DOCS / "openapi.released.json").write_text(kept + "\n")


if __name__ == "__main__":
    main()
