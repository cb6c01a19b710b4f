"""JSON documents by kind and id, in SQLite, so that they survive a restart."""

import json
import sqlite3
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, id TEXT, body TEXT, UNIQUE (kind, id))
"""


class Documents:
    """In the order in which they were first put."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing without syncing; only a machine that loses power does.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(_SCHEMA)

    def put(self, kind: str, key: str, body: dict[str, Any]) -> None:
        self._db.execute(
            "INSERT INTO document (kind, id, body) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(body)),
        )

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        row = self._db.execute("SELECT body FROM document WHERE kind = ? AND id = ?", (kind, key)).fetchone()
        return dict(json.loads(row[0])) if row else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        rows = self._db.execute("SELECT body FROM document WHERE kind = ? ORDER BY number", (kind,))
        return [json.loads(row[0]) for row in rows]

    def remove(self, kind: str, key: str) -> None:
        self._db.execute("DELETE FROM document WHERE kind = ? AND id = ?", (kind, key))

    def next(self, kind: str) -> int:
        """A number that rises, and is never given twice."""
        number = int((self.get("next", kind) or {"last": 0})["last"]) + 1
        self.put("next", kind, {"last": number})
        return number
