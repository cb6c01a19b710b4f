"""Conversations over the simulated Messages API, a real database and the artifacts in a folder."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.claude.client import AnthropicClaude
from adapters.claude.settings import ClaudeSettings
from adapters.database import Database
from adapters.openapi import OpenApiDocuments, OpenApiSettings
from simulators.kit import Simulators
from tests.contract.conversations.talking import Talking
from tests.unit.simulators.executor import load

_MODERN = Path(__file__).parents[2] / "unit" / "simulators" / "documents" / "modern.yaml"


@pytest.fixture(scope="session")
def modern() -> bytes:
    """A document of a few operations, with what OpenAPI 3.1 has that 3.0 has not."""
    return OpenApiDocuments(OpenApiSettings()).normalise(json.dumps(load(_MODERN), default=str).encode())


@pytest.fixture
async def claude(simulators: Simulators) -> AsyncIterator[AnthropicClaude]:
    await simulators.reset_faults("claude")
    await simulators.act("claude", "forget")
    settings = ClaudeSettings(api_key=simulators.config["claude"]["api_key"], base_url=simulators.claude_url)
    adapter = AnthropicClaude(settings)
    yield adapter
    await adapter.close()


@pytest.fixture(scope="session")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    opened = await Talking.database(tmp_path_factory.mktemp("database"))
    yield opened
    await opened.close()


@pytest.fixture
def talking(claude: AnthropicClaude, database: Database, tmp_path: Path) -> Talking:
    return Talking(claude, database, tmp_path)
