"""What is asked: signed deliveries, each a new one, and reads."""

import hashlib
import hmac
import itertools
import json
import random
from collections.abc import Sequence

from benchmarks.front_door.load import Next
from domain import ids

SIZE = 8_000
"""Bytes of a delivery, about what GitHub sends for an issue."""

_USER = {"login": "ada", "id": 1, "type": "User"}


def deliveries(secret: str) -> Next:
    """Issues that were opened, no two alike, signed as GitHub signs."""
    numbers, run = itertools.count(1), ids.new("delivery")

    def following() -> bytes:
        number = next(numbers)
        body = _issue(number, run)
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        head = (
            "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            "User-Agent: GitHub-Hookshot/044aadd\r\nX-GitHub-Event: issues\r\n"
            f"X-GitHub-Delivery: {run}-{number}\r\nX-Hub-Signature-256: sha256={digest}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return following


def _issue(number: int, run: str) -> bytes:
    issue = {
        "number": number,
        "title": f"Integration {number}",
        "body": "",
        "html_url": f"https://github.com/acme/integrations/issues/{number}",
        "state": "open",
        "created_at": "2026-11-20T10:00:00Z",
        "user": _USER,
        "labels": [{"name": "integration"}],
    }
    about = {
        "action": "opened",
        "run": run,
        "repository": {"full_name": "acme/integrations", "default_branch": "main"},
        "sender": _USER,
    }
    bare = len(json.dumps({**about, "issue": issue}))
    return json.dumps({**about, "issue": {**issue, "body": "x" * (SIZE - bare)}}).encode()


def reads(paths: Sequence[str], key: str, *, seed: int = 5) -> Next:
    """Of `paths`, in no order, with an API key."""
    chosen = random.Random(seed)
    made = [f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n".encode() for path in paths]
    return lambda: chosen.choice(made)
