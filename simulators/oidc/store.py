"""People, what they were asked, codes and tokens, in SQLite, so that they survive a restart."""

import json
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any

CODE_SECONDS = 60
TOKEN_SECONDS = 3600
PEOPLE = (
    {"login": "alice", "name": "Alice Adams", "email": "alice@example.com", "email_verified": True},
    {"login": "bob", "name": "Bob Brown", "email": "bob@example.com", "email_verified": True},
    {"login": "mallory", "name": "Mallory", "email": "alice@example.com", "email_verified": False},
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS person (login TEXT PRIMARY KEY, number INTEGER UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS kept (
    kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, ends REAL NOT NULL, PRIMARY KEY (kind, name));
"""


class Store:
    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing without syncing; only a machine that loses power does.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)
        for person in PEOPLE:
            if self.person(str(person["login"])) is None:
                self.put_person(dict(person))

    def put_person(self, body: dict[str, Any]) -> dict[str, Any]:
        """Somebody new joins, or changes; `login` names them. Their `number` never changes."""
        login = str(body["login"])
        known = self.person(login)
        number = known["number"] if known else 1000 + self._db.execute("SELECT COUNT(*) FROM person").fetchone()[0]
        name = login.title()
        person = {"name": name, "email": None, "email_verified": False, "organizations": [], **(known or {}), **body}
        person |= {"login": login, "number": number}
        self._db.execute("INSERT OR REPLACE INTO person VALUES (?, ?, ?)", (login, number, json.dumps(person)))
        return person

    def person(self, login: str) -> dict[str, Any] | None:
        row = self._db.execute("SELECT body FROM person WHERE login = ?", (login,)).fetchone()
        return json.loads(row[0]) if row else None

    def people(self) -> list[dict[str, Any]]:
        return [json.loads(row[0]) for row in self._db.execute("SELECT body FROM person ORDER BY number")]

    def keep(self, kind: str, body: dict[str, Any], seconds: float) -> str:
        """Keep something for a while; its unguessable name."""
        name = secrets.token_urlsafe(24)
        self._db.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", (kind, name, json.dumps(body), time.time() + seconds))
        return name

    def kept(self, kind: str, name: str) -> dict[str, Any] | None:
        row = self._db.execute(
            "SELECT body FROM kept WHERE kind = ? AND name = ? AND ends > ?", (kind, name, time.time())
        ).fetchone()
        return json.loads(row[0]) if row else None

    def take(self, kind: str, name: str) -> dict[str, Any] | None:
        """What was kept, once."""
        found = self.kept(kind, name)
        self._db.execute("DELETE FROM kept WHERE kind = ? AND name = ?", (kind, name))
        return found
