"""Calling the app back: signed requests, and what becomes of the answers.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack and /apis/events-api/#retries
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from simulators.slack.arguments import SlackError

# Slack gives an app three seconds; a loaded machine of ours gets more, and is told how long it took.
CALLBACK_SECONDS = 10.0
RETRIES = 3
NAMED = {"callback_url", "command_url", "event_url"}


class Calling:
    """`config`: `signing_secret`, `callback_url`, and where they differ from it `command_url` and `event_url`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = dict(config)

    def configure(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Where the app is from now on."""
        if set(changes) - NAMED:
            raise SlackError("invalid_arguments")
        self._config.update(changes)
        return {name: self._config.get(name) for name in sorted(NAMED)}

    async def form(self, url_name: str, form: dict[str, str], asked: dict[str, Any]) -> dict[str, Any]:
        return await self._send(url_name, urlencode(form), "application/x-www-form-urlencoded", asked, {})

    async def event(self, body: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Sent until it is taken, at most four times; all of them here at once, where Slack waits for minutes.

        `repeat` sends it that often again although it was taken, as Slack does when the answer is late.
        """
        attempts: list[dict[str, Any]] = []
        reason = ""
        while True:
            number = len(attempts)
            headers = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason} if number else {}
            try:
                answer = await self._send("event_url", body, "application/json", asked, headers)
            except SlackError:
                answer = {"status": 0, "body": "", "headers": {}}
            attempts.append(answer)
            taken = 200 <= answer["status"] < 300
            reason = "http_timeout" if taken else "http_error" if answer["status"] else "connection_failed"
            wanted = number < int(asked.get("repeat", 0)) if taken else number < RETRIES
            if not wanted or answer["headers"].get("x-slack-no-retry") == "1":
                return {**answer, "attempts": [{"status": one["status"], "body": one["body"]} for one in attempts]}

    async def _send(
        self, url_name: str, body: str, content_type: str, asked: dict[str, Any], more: dict[str, str]
    ) -> dict[str, Any]:
        url = asked.get("callback_url") or self._config.get(url_name) or self._config.get("callback_url")
        if not url:
            raise SlackError("no_callback_url")
        timestamp = str(asked.get("timestamp") or int(time.time()))
        secret = str(asked.get("secret") or self._config["signing_secret"])
        digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": f"v0={digest}",
            **more,
        }
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=CALLBACK_SECONDS, trust_env=False) as client:
            try:
                answer = await client.post(str(url), content=body, headers=headers)
            except httpx.TransportError as error:
                raise SlackError("operation_timeout", messages=[f"{type(error).__name__}: {error}"]) from error
        return {
            "status": answer.status_code,
            "body": answer.text,
            "headers": dict(answer.headers),
            "seconds": round(time.monotonic() - began, 4),
            "sent": {"headers": headers, "body": body},
        }
