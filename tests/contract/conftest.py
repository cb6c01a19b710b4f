"""The simulators as one server for the whole session, and a receiver for what they send."""

import json
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from simulators.kit import Simulators
from tests.contract.receiver import Receiver, receiving
from tests.servers import free_ports, process, ready


@pytest.fixture(scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """Takes GitHub's webhooks at `/github`, and Slack's callbacks and commands at `/slack`."""
    async with receiving() as running:
        yield running


@pytest.fixture(scope="session")
async def simulators(receiver: Receiver) -> AsyncIterator[Simulators]:
    """`python -m simulators` on a free port with a fresh state directory; `.config` holds its tokens and secrets."""
    config = {
        "github": {
            "token": f"ghp_{secrets.token_hex(18)}",
            "webhook_secret": secrets.token_urlsafe(24),
            "webhook_url": f"{receiver.url}/github",
            "repository": "acme/integrations",
        },
        "slack": {
            "token": f"xoxb-{secrets.token_hex(12)}",
            "signing_secret": secrets.token_hex(16),
            "callback_url": f"{receiver.url}/slack",
            "command_url": f"{receiver.url}/slack",
            "channel": "integrations",
        },
        "claude": {"api_key": f"sk-ant-{secrets.token_hex(16)}"},
    }
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="ccb-simulators-") as name:
        home = Path(name)
        (home / "config.json").write_text(json.dumps(config))
        command = [sys.executable, "-m", "simulators", "--port", str(port), "--state-dir", home / "state"]
        with process([*command, "--config", home / "config.json"], log=home / "log") as child:
            async with Simulators(f"http://127.0.0.1:{port}", config=config) as running:
                await ready(running.health, child, home / "log", httpx.HTTPError)
                yield running
