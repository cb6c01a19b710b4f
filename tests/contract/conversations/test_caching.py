"""From the second turn on nearly all of what is sent is read from the cache, as the simulator accounts it.

By the published rules: at least 1,024 tokens to an entry, found up to 20 blocks back from a breakpoint, kept for five
minutes (simulators/claude/accounting.py).
"""

import pytest

from adapters.openapi import OpenApiDocuments, OpenApiSettings
from domain.conversation import Text
from tests.contract.conversations.talking import Talking, a_finding, asking, big, cached_share, small
from tests.contract.openapi.conftest import temporal_http

__all__ = ["temporal_http"]

BASE = "https://api.example.com/v1"
WANTED = 0.8


@pytest.fixture(scope="session")
async def published(temporal_http: str) -> bytes:
    """The demo's default document: what a Temporal server publishes about itself."""
    documents = OpenApiDocuments(OpenApiSettings(allow_private=True, total_timeout=20))
    return documents.normalise(await documents.fetch(f"{temporal_http}/openapi.yaml"))


WORDS = {
    "small": "Please list the cities (`listCities`).",
    "modern": "Please build an integration that offers its main read operations.",
    "published": "We want `ListNamespaces`, `DescribeNamespace` and `ListWorkflowExecutions`.",
    "big": "We want `listThings17`, `getThing17` and `listThings301`.",
}


@pytest.mark.parametrize("which", WORDS)
async def test_most_of_what_is_sent_is_read_from_the_cache(
    talking: Talking, modern: bytes, published: bytes, which: str
) -> None:
    """Over a whole analysis and generation, with findings to mend once."""
    data = {"small": small(), "modern": modern, "published": published, "big": big()}[which]
    wanted = asking(f"An integration for a {which} document", WORDS[which])
    analysis = await talking.analysis(data, wanted, BASE)
    assert analysis.ending is not None
    assert analysis.ending.plan is not None
    generation = await talking.generation(data, wanted, analysis.ending.plan, findings=[a_finding(3)])
    assert generation.ending is not None
    assert generation.ending.kind == "finished"
    assert generation.cached_share >= WANTED
    assert cached_share([*analysis.usages[1:], *generation.usages[1:]]) >= WANTED
    # A plan that needs nothing to be read is handed in at once, and has no second turn.
    for usage in [*analysis.usages[1:], *generation.usages[1:]]:
        assert usage.cache_read_input_tokens >= 1024


async def test_another_run_reads_instructions_and_registry_from_the_cache(talking: Talking) -> None:
    """What holds for every run comes first; only what is this run's own is written anew."""
    await talking.analysis(small(), asking("One", "Please list the cities (`listCities`)."), BASE)
    another = await talking.analysis(big(), asking("Two", "We want `listThings17`."), BASE)
    first = another.usages[0]
    assert first.cache_read_input_tokens >= 1024
    assert another.conversation is not None
    system = sum(len(part) for part in another.conversation.system)
    assert first.cache_read_input_tokens > system / 4.5


async def test_every_turn_says_again_exactly_what_was_said_before(talking: Talking) -> None:
    """One changed byte of a prefix makes all behind it dear: the first message stays as it was sent."""
    wanted = asking("List the cities", "Please list the cities (`listCities`).")
    analysis = await talking.analysis(small(), wanted, BASE)
    again = await talking.analysis(small(), wanted, BASE)
    assert analysis.conversation is not None
    assert again.conversation is not None
    assert again.conversation.messages[0] == analysis.conversation.messages[0]
    assert again.usages[0].cache_creation_input_tokens == 0
    last = analysis.conversation.messages[0].content[-1]
    assert isinstance(last, Text)
    assert last.text.startswith("<request>")


async def test_a_new_integration_in_the_registry_leaves_the_instructions_cached(talking: Talking) -> None:
    """Tools and instructions are an entry of their own."""
    analysis = await talking.analysis(small(), asking("One", "Please list the cities (`listCities`)."), BASE)
    assert analysis.conversation is not None
    begun = analysis.conversation.model_copy(update={"messages": analysis.conversation.messages[:1]})
    changed = begun.model_copy(update={"system": [begun.system[0], f"{begun.system[1]}\n- another 1.0.0"]})
    usage = (await talking.claude.answer(changed, on_piece=lambda _: None)).usage
    assert 1024 <= usage.cache_read_input_tokens < analysis.usages[1].cache_read_input_tokens
