"""The journal: every request a simulator received and how it answered, in SQLite, so that it survives SIGKILL."""

import re
import sqlite3
import time
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time   REAL NOT NULL,
    vendor TEXT NOT NULL,
    method TEXT NOT NULL,
    path   TEXT NOT NULL,
    query  TEXT NOT NULL,
    body   TEXT NOT NULL,
    status INTEGER,
    fault  TEXT,
    agent  TEXT NOT NULL DEFAULT ''
)
"""


class Entry(BaseModel):
    """One request and its answer.

    `number` orders arrivals. `path` is relative to the vendor's mount and percent-decoded; `body` is the request's, as
    UTF-8 with replacements, and `agent` its User-Agent. `status` is None while unanswered, and for good where a fault
    or a kill took the answer away; with `lose_reply` it is what would have been answered.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    time: float
    vendor: str
    method: str
    path: str
    query: str
    body: str
    status: int | None
    fault: str | None
    agent: str = ""


class Journal:
    """`STATE_DIR/journal.db`. Numbers go on rising after a restart."""

    def __init__(self, state_dir: Path) -> None:
        self._db = sqlite3.connect(state_dir / "journal.db", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing with OFF, only a crash of the whole machine does.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(_SCHEMA)
        # A journal that was begun by an earlier release is gone on with.
        if "agent" not in {row["name"] for row in self._db.execute("PRAGMA table_info(journal)")}:
            self._db.execute("ALTER TABLE journal ADD COLUMN agent TEXT NOT NULL DEFAULT ''")

    def begin(self, vendor: str, method: str, path: str, query: str, body: bytes, *, agent: str = "") -> int:
        """Record that a request arrived; returns its number."""
        cursor = self._db.execute(
            "INSERT INTO journal (time, vendor, method, path, query, body, agent) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (time.time(), vendor, method, path, query, body.decode(errors="replace"), agent),
        )
        return cursor.lastrowid or 0

    def end(self, number: int, *, status: int | None, fault: str | None) -> None:
        """Record how it was answered."""
        self._db.execute("UPDATE journal SET status = ?, fault = ? WHERE number = ?", (status, fault, number))

    def entries(self, vendor: str, *, since: int = 0, path: str = "", method: str = "") -> list[Entry]:
        """Entries with a number above `since`, in order; `path` is a regular expression found in the path."""
        rows = self._db.execute(
            "SELECT * FROM journal WHERE vendor = ? AND number > ? AND (? = '' OR method = ?) ORDER BY number",
            (vendor, since, method.upper(), method.upper()),
        )
        return [Entry.model_validate(dict(row)) for row in rows if re.search(path, row["path"])]

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
