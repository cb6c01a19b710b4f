"""The workspace: channels, people and messages, in SQLite, so that they survive a restart."""

import json
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any

TEAM_ID = "T0SIMULATED"
TEAM_DOMAIN = "simulated"
APP_ID = "A0CCB"
BOT_ID = "B0CCB"
BOT_USER_ID = "U0CCBBOT"
BOT_NAME = "ccb"
TRIGGER_SECONDS = 3

CHANNELS = (("C0INTEGRATIONS", "integrations", True), ("C0GENERAL", "general", True), ("C0RANDOM", "random", False))
PEOPLE = ("alice", "bob", "carol", "dave")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS channel (id TEXT PRIMARY KEY, name TEXT UNIQUE, is_member INT);
CREATE TABLE IF NOT EXISTS user (id TEXT PRIMARY KEY, name TEXT UNIQUE, real_name TEXT, is_bot INT);
CREATE TABLE IF NOT EXISTS message (channel TEXT, ts TEXT, body TEXT, deleted INT DEFAULT 0, PRIMARY KEY (channel, ts));
CREATE TABLE IF NOT EXISTS response (
    id INTEGER PRIMARY KEY, token TEXT, channel TEXT, ts TEXT, user TEXT, body TEXT, at REAL);
CREATE TABLE IF NOT EXISTS response_url (token TEXT PRIMARY KEY, channel TEXT, ts TEXT, user TEXT, at REAL);
CREATE TABLE IF NOT EXISTS trigger_of (id TEXT PRIMARY KEY, user TEXT, at REAL, used INT DEFAULT 0);
CREATE TABLE IF NOT EXISTS shown_view (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, user TEXT, body TEXT, is_open INT DEFAULT 1);
CREATE TABLE IF NOT EXISTS about_user (id TEXT PRIMARY KEY, body TEXT);
"""


class Store:
    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing without syncing; only a machine that loses power does.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)
        self._db.executemany("INSERT OR IGNORE INTO channel VALUES (?, ?, ?)", CHANNELS)
        for name in PEOPLE:
            self.ensure_user(name)
        self._db.execute("INSERT OR IGNORE INTO user VALUES (?, ?, ?, 1)", (BOT_USER_ID, BOT_NAME, "Claude Code Bot"))

    def ensure_channel(self, name: str) -> None:
        if self.channel(name) is None:
            channel_id = "C0" + "".join(letter for letter in name.upper() if letter.isalnum())[:20]
            self._db.execute("INSERT INTO channel VALUES (?, ?, 1)", (channel_id, name.removeprefix("#")))

    def channels(self) -> list[dict[str, Any]]:
        return [_channel(row) for row in self._db.execute("SELECT id, name, is_member FROM channel ORDER BY id")]

    def channel(self, name_or_id: str) -> dict[str, Any] | None:
        """By id, or by name with or without `#`."""
        name = name_or_id.removeprefix("#")
        row = self._db.execute(
            "SELECT id, name, is_member FROM channel WHERE id = ? OR name = ?", (name_or_id, name)
        ).fetchone()
        return _channel(row) if row else None

    def users(self) -> list[dict[str, Any]]:
        return [self._user(row) for row in self._db.execute("SELECT id, name, real_name, is_bot FROM user ORDER BY id")]

    def user(self, name_or_id: str) -> dict[str, Any] | None:
        row = self._db.execute(
            "SELECT id, name, real_name, is_bot FROM user WHERE id = ? OR name = ?", (name_or_id, name_or_id)
        ).fetchone()
        return self._user(row) if row else None

    def describe_user(self, user_id: str, about: dict[str, Any]) -> None:
        """Set fields of the person, and `email` of their profile."""
        known = self._about(user_id) | about
        self._db.execute("INSERT OR REPLACE INTO about_user VALUES (?, ?)", (user_id, json.dumps(known)))

    def _about(self, user_id: str) -> dict[str, Any]:
        row = self._db.execute("SELECT body FROM about_user WHERE id = ?", (user_id,)).fetchone()
        return json.loads(row[0]) if row else {}

    def _user(self, row: tuple[str, str, str, int]) -> dict[str, Any]:
        user = _user(row)
        about = self._about(user["id"])
        email = about.pop("email", user["profile"]["email"])
        return {**user, **about, "profile": {**user["profile"], "email": email}}

    def ensure_user(self, name: str) -> dict[str, Any]:
        """The person of this name or id; somebody new joins the workspace."""
        found = self.user(name)
        if found is None:
            user_id = "U0" + "".join(letter for letter in name.upper() if letter.isalnum())[:12]
            if self.user(user_id):
                user_id += secrets.token_hex(3).upper()
            self._db.execute("INSERT INTO user VALUES (?, ?, ?, 0)", (user_id, name, name.title()))
            found = self.user(user_id)
        assert found is not None  # noqa: S101 - it was inserted above
        return found

    def post(self, channel: str, body: dict[str, Any]) -> dict[str, Any]:
        """Store a message under a fresh `ts`: seconds and a sequence that never repeats within the channel."""
        row = self._db.execute("SELECT MAX(ts) FROM message WHERE channel = ?", (channel,)).fetchone()
        micros = time.time_ns() // 1000
        if row[0] is not None:
            seconds, fraction = row[0].split(".")
            micros = max(micros, int(seconds) * 1_000_000 + int(fraction) + 1)
        ts = f"{micros // 1_000_000:010d}.{micros % 1_000_000:06d}"
        message = {"type": "message", **body, "ts": ts}
        self._db.execute("INSERT INTO message VALUES (?, ?, ?, 0)", (channel, ts, json.dumps(message)))
        return message

    def message(self, channel: str, ts: str) -> dict[str, Any] | None:
        row = self._db.execute(
            "SELECT body FROM message WHERE channel = ? AND ts = ? AND NOT deleted", (channel, ts)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def replace(self, channel: str, ts: str, message: dict[str, Any]) -> None:
        self._db.execute("UPDATE message SET body = ? WHERE channel = ? AND ts = ?", (json.dumps(message), channel, ts))

    def delete(self, channel: str, ts: str) -> None:
        self._db.execute("UPDATE message SET deleted = 1 WHERE channel = ? AND ts = ?", (channel, ts))

    def history(self, channel: str, *, oldest: str, latest: str, inclusive: bool, limit: int) -> list[dict[str, Any]]:
        """Newest first; `oldest` and `latest` are excluded unless `inclusive`."""
        low, high = (">=", "<=") if inclusive else (">", "<")
        rows = self._db.execute(
            f"SELECT body FROM message WHERE channel = ? AND NOT deleted AND ts {low} ? AND ts {high} ?"  # noqa: S608 - operators are literals
            " ORDER BY ts DESC LIMIT ?",
            (channel, oldest, latest, limit),
        )
        return [json.loads(row[0]) for row in rows]

    def everything(self, channel: str | None) -> list[dict[str, Any]]:
        """Every message ever posted, oldest first, with `channel` and `deleted`."""
        rows = self._db.execute(
            "SELECT channel, body, deleted FROM message WHERE ? IS NULL OR channel = ? ORDER BY ts", (channel, channel)
        )
        return [{**json.loads(body), "channel": where, "deleted": bool(gone)} for where, body, gone in rows]

    def new_response_url(self, channel: str, ts: str, user: str) -> str:
        token = secrets.token_urlsafe(18)
        self._db.execute("INSERT INTO response_url VALUES (?, ?, ?, ?, ?)", (token, channel, ts, user, time.time()))
        return token

    def response_url(self, token: str) -> tuple[str, str, str, float, int] | None:
        """(channel, ts, user, made at, uses so far)."""
        row = self._db.execute("SELECT channel, ts, user, at FROM response_url WHERE token = ?", (token,)).fetchone()
        if row is None:
            return None
        uses = self._db.execute("SELECT COUNT(*) FROM response WHERE token = ?", (token,)).fetchone()[0]
        return (*row, uses)

    def record_response(self, token: str, channel: str, ts: str, user: str, body: dict[str, Any]) -> None:
        self._db.execute(
            "INSERT INTO response (token, channel, ts, user, body, at) VALUES (?, ?, ?, ?, ?, ?)",
            (token, channel, ts, user, json.dumps(body), time.time()),
        )

    def responses(self) -> list[dict[str, Any]]:
        rows = self._db.execute("SELECT channel, ts, user, body FROM response ORDER BY id")
        return [{"channel": row[0], "ts": row[1], "user": row[2], "body": json.loads(row[3])} for row in rows]

    def new_trigger(self, user: str) -> str:
        trigger = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._db.execute("INSERT INTO trigger_of VALUES (?, ?, ?, 0)", (trigger, user, time.time()))
        return trigger

    def use_trigger(self, trigger: str) -> tuple[str, str | None]:
        """Whose it is, and the error of using it. A trigger lives three seconds and opens one view."""
        row = self._db.execute("SELECT user, at, used FROM trigger_of WHERE id = ?", (trigger,)).fetchone()
        if row is None:
            return "", "invalid_trigger_id"
        if row[2]:
            return row[0], "exchanged_trigger_id"
        if time.time() - row[1] > TRIGGER_SECONDS:
            return row[0], "expired_trigger_id"
        self._db.execute("UPDATE trigger_of SET used = 1 WHERE id = ?", (trigger,))
        return row[0], None

    def add_view(self, view: dict[str, Any], user: str, *, previous: str | None) -> dict[str, Any]:
        """Open it; a home takes the place of the one before."""
        view_id = f"V{secrets.token_hex(5).upper()}"
        stored = {
            "private_metadata": "",
            "callback_id": "",
            "state": {"values": {}},
            "external_id": "",
            **view,
            "id": view_id,
            "team_id": TEAM_ID,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
            "hash": secrets.token_hex(8),
            "previous_view_id": previous,
            "root_view_id": previous or view_id,
        }
        if view["type"] == "home":
            for one in self.views(user, still_open=True):
                if one["type"] == "home":
                    self.close_view(one["id"])
        self._db.execute(
            "INSERT INTO shown_view (id, user, body) VALUES (?, ?, ?)", (view_id, user, json.dumps(stored))
        )
        return stored

    def change_view(self, view_id: str, view: dict[str, Any]) -> dict[str, Any]:
        found = self.view(view_id, "")
        stored = {**(found or {}), **view, "hash": secrets.token_hex(8)}
        self._db.execute("UPDATE shown_view SET body = ? WHERE id = ?", (json.dumps(stored), view_id))
        return stored

    def close_view(self, view_id: str) -> None:
        self._db.execute("UPDATE shown_view SET is_open = 0 WHERE id = ?", (view_id,))

    def view(self, view_id: str, external_id: str) -> dict[str, Any] | None:
        rows = self._db.execute("SELECT body FROM shown_view WHERE is_open ORDER BY number DESC")
        views: list[dict[str, Any]] = [json.loads(row[0]) for row in rows]
        named = (one for one in views if one["id"] == view_id or (external_id and one["external_id"] == external_id))
        return next(named, None)

    def views(self, user: str | None, *, still_open: bool) -> list[dict[str, Any]]:
        """What was opened before this person, or anybody, oldest first."""
        rows = self._db.execute(
            "SELECT body FROM shown_view WHERE (? IS NULL OR user = ?) AND (is_open OR NOT ?) ORDER BY number",
            (user, user, still_open),
        )
        return [json.loads(row[0]) for row in rows]


def _channel(row: tuple[str, str, int]) -> dict[str, Any]:
    return {"id": row[0], "name": row[1], "is_channel": True, "is_archived": False, "is_member": bool(row[2])}


def _user(row: tuple[str, str, str, int]) -> dict[str, Any]:
    user_id, name, real_name, is_bot = row
    return {
        "id": user_id,
        "team_id": TEAM_ID,
        "name": name,
        "real_name": real_name,
        "deleted": False,
        "is_bot": bool(is_bot),
        "is_email_confirmed": not is_bot,
        "profile": {"real_name": real_name, "display_name": name, "email": f"{name}@example.com"},
    }
