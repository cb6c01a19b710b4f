"""State in SQLite: records as JSON, git objects, refs. What was acknowledged survives SIGKILL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from simulators.github.models import Record

R = TypeVar("R", bound=Record)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    kind TEXT, repo TEXT, key TEXT, parent TEXT, id INTEGER, data TEXT NOT NULL, PRIMARY KEY (kind, repo, key)
);
CREATE INDEX IF NOT EXISTS records_by_parent ON records (kind, repo, parent, id);
CREATE TABLE IF NOT EXISTS objects (repo TEXT, sha TEXT, kind TEXT, data BLOB NOT NULL, PRIMARY KEY (repo, sha));
CREATE TABLE IF NOT EXISTS refs (repo TEXT, name TEXT, sha TEXT NOT NULL, PRIMARY KEY (repo, name));
CREATE TABLE IF NOT EXISTS counter (value INTEGER NOT NULL);
INSERT INTO counter (value) SELECT 1000000 WHERE NOT EXISTS (SELECT 1 FROM counter);
"""


class Store:
    """`STATE_DIR/github.db`. One connection, used from the event loop's thread only."""

    def __init__(self, state_dir: Path) -> None:
        self._db = sqlite3.connect(state_dir / "github.db", isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing with OFF, only a crash of the whole machine does.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def new_id(self) -> int:
        value: int = self._db.execute("UPDATE counter SET value = value + 1 RETURNING value").fetchone()[0]
        return value

    def put(self, record: Record, repo: str = "") -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?)",
            (type(record).__name__, repo, record.key, record.parent, record.id, record.model_dump_json()),
        )

    def get(self, kind: type[R], key: str | int, repo: str = "") -> R | None:
        row = self._db.execute(
            "SELECT data FROM records WHERE kind = ? AND repo = ? AND key = ?", (kind.__name__, repo, str(key))
        ).fetchone()
        return kind.model_validate_json(row["data"]) if row else None

    def all(self, kind: type[R], repo: str = "", parent: str | None = None) -> list[R]:
        """In the order they were made."""
        rows = self._db.execute(
            "SELECT data FROM records WHERE kind = ? AND repo = ? AND (? IS NULL OR parent = ?) ORDER BY id",
            (kind.__name__, repo, parent, parent),
        )
        return [kind.model_validate_json(row["data"]) for row in rows]

    def count(self, kind: type[Record], repo: str, parent: str) -> int:
        value: int = self._db.execute(
            "SELECT count(*) FROM records WHERE kind = ? AND repo = ? AND parent = ?", (kind.__name__, repo, parent)
        ).fetchone()[0]
        return value

    def delete(self, record: Record, repo: str = "") -> None:
        self._db.execute(
            "DELETE FROM records WHERE kind = ? AND repo = ? AND key = ?", (type(record).__name__, repo, record.key)
        )

    def put_object(self, repo: str, sha: str, kind: str, data: bytes) -> None:
        self._db.execute("INSERT OR IGNORE INTO objects VALUES (?, ?, ?, ?)", (repo, sha, kind, data))

    def object(self, repo: str, sha: str) -> tuple[str, bytes] | None:
        row = self._db.execute("SELECT kind, data FROM objects WHERE repo = ? AND sha = ?", (repo, sha)).fetchone()
        return (row["kind"], row["data"]) if row else None

    def ref(self, repo: str, name: str) -> str | None:
        row = self._db.execute("SELECT sha FROM refs WHERE repo = ? AND name = ?", (repo, name)).fetchone()
        return row["sha"] if row else None

    def refs(self, repo: str, prefix: str = "refs/") -> dict[str, str]:
        rows = self._db.execute("SELECT name, sha FROM refs WHERE repo = ? ORDER BY name", (repo,))
        return {row["name"]: row["sha"] for row in rows if row["name"].startswith(prefix)}

    def set_ref(self, repo: str, name: str, sha: str | None) -> None:
        """None deletes it."""
        if sha is None:
            self._db.execute("DELETE FROM refs WHERE repo = ? AND name = ?", (repo, name))
        else:
            self._db.execute("INSERT OR REPLACE INTO refs VALUES (?, ?, ?)", (repo, name, sha))
