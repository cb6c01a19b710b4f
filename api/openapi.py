"""`python -m api.openapi`: print the OpenAPI document. Nothing is started and nothing is asked."""

import json
import sys

from api.app import bare
from api.described import document


def printed() -> str:
    """As it is kept in `docs/openapi.json`."""
    return json.dumps(document(bare()), indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def main() -> int:
    sys.stdout.write(printed())
    return 0


if __name__ == "__main__":
    sys.exit(main())
