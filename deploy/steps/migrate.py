"""Bring the database at CCB_DATABASE_URL to the newest schema; does nothing if it is there."""  # noqa: INP001

import asyncio
import sys

from pydantic import ValidationError

from adapters.database import DatabaseSettings
from adapters.database.migrate import migrate
from domain.errors import CcbError


def main() -> int:
    try:
        asyncio.run(migrate(DatabaseSettings().url.get_secret_value()))
    except CcbError as error:
        print(error.message, file=sys.stderr)
        return 1
    except ValidationError as error:
        print(f"The settings cannot be used: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
