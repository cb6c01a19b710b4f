"""The Slack app's manifest asks for what the code uses, and for no more."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.slack import commands, webhooks
from api import webhooks_slack
from simulators.slack import methods

ROOT = Path(__file__).parents[3]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "deploy/slack/manifest.yaml").read_text())

# https://docs.slack.dev/reference/methods: the bot scopes that each method needs.
SCOPES = {
    "auth_test": set(),
    "chat_delete": {"chat:write"},
    "chat_getPermalink": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "metadata.message:read"},
    "conversations_list": {"channels:read", "groups:read"},
    "users_info": {"users:read", "users:read.email"},
    "views_open": set(),
    "views_publish": set(),
}
# https://docs.slack.dev/reference/events
EVENT_SCOPES = {"app_mention": {"app_mentions:read"}}


def called() -> set[str]:
    """The methods of the Web API that the adapter calls."""
    found = set()
    for file in (ROOT / "adapters/slack").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "_client"
            ):
                found.add(node.attr)
    return found - {"proxy"}


def test_the_scopes_are_those_of_what_is_called() -> None:
    assert called() == set(SCOPES)
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    needed = set.union(*(SCOPES[method] for method in called()), *(EVENT_SCOPES.get(event, set()) for event in events))
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed | {"commands"}


def test_the_events_are_those_that_are_read() -> None:
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == webhooks.EVENTS


def test_the_command_and_the_address_are_ours() -> None:
    (command,) = MANIFEST["features"]["slash_commands"]
    assert command["command"] == commands.COMMAND
    for verb in commands.Verb:
        assert verb in command["usage_hint"]
    paths = {route.path for route in webhooks_slack.router.routes}  # type: ignore[attr-defined]
    settings = MANIFEST["settings"]
    urls = [command["url"], settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]]
    assert {url.removeprefix("https://YOUR-HOST") for url in urls} == paths


@pytest.mark.parametrize("method", sorted(SCOPES))
def test_the_simulated_slack_has_what_is_called(method: str) -> None:
    assert f'"{method.replace("_", ".", 1)}"' in Path(methods.__file__).read_text()
