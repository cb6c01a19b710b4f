"""Conversations and workspaces in the artifact store."""

import asyncio

from pydantic import TypeAdapter

from domain.artifacts import ArtifactRef
from domain.conversation import Conversation
from domain.ports import Artifacts

_LISTING = TypeAdapter(dict[str, ArtifactRef])
"""A workspace as it is stored: path → the file."""
_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"


async def load_conversation(artifacts: Artifacts, ref: ArtifactRef) -> Conversation:
    return Conversation.model_validate_json(await artifacts.get(ref))


async def save_conversation(artifacts: Artifacts, conversation: Conversation) -> ArtifactRef:
    return await artifacts.put(conversation.model_dump_json().encode(), _JSON)


async def load_files(artifacts: Artifacts, ref: ArtifactRef) -> dict[str, str]:
    """The workspace's files, by path."""
    listed = _LISTING.validate_json(await artifacts.get(ref))
    contents = await asyncio.gather(*(artifacts.get(file) for file in listed.values()))
    return {path: data.decode() for path, data in zip(listed, contents, strict=True)}


async def save_files(artifacts: Artifacts, files: dict[str, str]) -> ArtifactRef:
    refs = await asyncio.gather(*(artifacts.put(text.encode(), _TEXT) for text in files.values()))
    listed = dict(sorted(zip(files, refs, strict=True)))
    return await artifacts.put(_LISTING.dump_json(listed), _JSON)
