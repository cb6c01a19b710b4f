"""One world for the whole corpus."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from activities.context import Context
from activities.conversations import ConversationActivities
from activities.prompts import PromptActivities
from activities.tools import ToolActivities
from adapters.artifacts import FileArtifacts
from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from adapters.database import Database, DatabaseSettings, SqlBooks, SqlGate, SqlIntegrations, SqlLimits, SqlLive
from adapters.database.migrate import migrate
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from adapters.packages import Packages
from adapters.policy import ProvingSettings
from adapters.sandbox import Environments, SandboxSettings
from adapters.validation.engine import Validation
from simulators.kit import Simulators
from tests.contract.injections.world import CANARY, SECRETS, World, listening
from tests.environ import settings_from


@pytest.fixture(scope="package")
async def world(
    simulators: Simulators, packages: Packages, environments: Environments, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("injections")
    canary = folder / "canary"
    canary.mkdir()
    canary.chmod(0o777)
    (canary / "canary.txt").write_text(CANARY)
    (canary / "canary.txt").chmod(0o666)
    url = f"sqlite+aiosqlite:///{folder}/ccb.db"
    await migrate(url)
    database = await Database.open(DatabaseSettings(url=SecretStr(url)))
    artifacts, documents = FileArtifacts(folder / "artifacts"), OpenApiDocuments(OpenApiSettings())
    settings = ClaudeSettings(
        base_url=simulators.claude_url, api_key=SecretStr(simulators.config["claude"]["api_key"]), max_tokens=64_000
    )
    claude = AnthropicClaude(settings)
    checks = Validation(
        artifacts, environments, packages, [], ProvingSettings().load(), settings=SandboxSettings(seconds=30)
    )
    context = Context(documents, artifacts, SqlIntegrations(database), tokens=settings.context_tokens)
    with settings_from(SECRETS), listening() as listener:
        yield World(
            simulators=simulators,
            artifacts=artifacts,
            documents=documents,
            prompts=PromptActivities(context, artifacts, model=settings.model, max_tokens=settings.max_tokens),
            conversations=ConversationActivities(
                claude, SqlBooks(database, SqlLimits(database)), SqlGate(database), SqlLive(database), artifacts
            ),
            tools=ToolActivities(documents, checks, artifacts),
            checks=checks,
            canary=canary,
            listener=listener,
        )
    await database.close()
