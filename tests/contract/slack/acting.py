"""What people do in Slack, and what is there for them to do it to."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.database import SqlIntegrations
from adapters.slack.client import SlackChat
from domain import ids
from domain.artifacts import ArtifactRef, content_hash
from domain.intents import (
    Intent,
)
from domain.lifecycle import Stage
from domain.people import Actor, Channel
from domain.registry import Version
from domain.runs import CreateIntegration, DocumentSource, IntegrationRequest
from domain.vendors import Button, ChatMessage
from simulators.kit import Simulators
from tests.contract.slack.conftest import CHANNEL, REF

LATER = ArtifactRef(hash=content_hash(b"later"), size=5)
WALK = (Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.REVIEWING)
FILLED = {"title": "List the cities", "document": "https://example.com/openapi.json", "name": "cities"}


Read = Callable[..., Awaitable[Intent]]


async def reviewing(
    integrations: SqlIntegrations, name: str = "weather", organization: str = ids.DEFAULT_ORGANIZATION
) -> str:
    """An integration that waits for a review."""
    cmd = CreateIntegration(
        integration_id=ids.new("int"),
        organization_id=organization,
        request=IntegrationRequest(title="x", name=name, document=DocumentSource(url="https://example.com/x")),
        requester=Actor(channel=Channel.API, name="ada"),
        repository="acme/integrations",
    )
    await integrations.accept(cmd, workflow_id=f"w/{name}", run_id="r")
    for stage in WALK:
        await integrations.enter(cmd.integration_id, stage, key=stage)
    await record(integrations, cmd.integration_id, REF)
    return cmd.integration_id


async def record(integrations: SqlIntegrations, integration_id: str, content: ArtifactRef) -> None:
    version = Version(
        integration_id=integration_id, version="1.0.0", content_hash=content.hash, files=content, plan=content
    )
    await integrations.record_version(version, key=f"version/{content.hash}")


async def type_(simulators: Simulators, text: str, user: str = "bob", **more: Any) -> None:
    await simulators.act("slack", "command", user=user, channel=CHANNEL, command="/ccb", text=text, **more)


async def click(
    simulators: Simulators, chat: SlackChat, action: str, integration: str, user: str = "bob", content: str = REF.hash
) -> None:
    value = json.dumps({"integration_id": integration, "content_hash": content})
    buttons = [Button(text="B", action=action, value=value)]
    ref = await chat.post(CHANNEL, ChatMessage(title="Review", text="…", buttons=buttons), key=ids.new("key"))
    await simulators.act("slack", "click", user=user, channel=CHANNEL, ts=ref.ts, action=action)
