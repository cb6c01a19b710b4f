"""Reading the API's document, before anything is promised."""

import asyncio

from temporalio import activity

from domain.errors import InvalidInput
from domain.ports import ApiDocuments, Artifacts
from domain.steps import Examined, ExamineDocument

MEDIA_TYPE = "application/vnd.oai.openapi+json"


class DocumentActivities:
    def __init__(self, documents: ApiDocuments, artifacts: Artifacts) -> None:
        self._documents = documents
        self._artifacts = artifacts

    @activity.defn(name="document.examine")
    async def examine(self, cmd: ExamineDocument) -> Examined:
        """Fetch, check and store the document.

        Raises:
            Unreachable, InvalidDocument, DocumentTooLarge, InvalidInput: each says what to do.
        """
        if cmd.source.artifact is not None:
            data = await self._artifacts.get(cmd.source.artifact)
        elif cmd.source.url is not None:
            data = await self._documents.fetch(cmd.source.url)
        else:
            raise InvalidInput("`document` names neither a `url` nor an `artifact`; give one.", field="document")
        document = await asyncio.to_thread(self._documents.normalise, data)
        base_url = cmd.base_url or self._documents.server(document, fetched_from=cmd.source.url)
        if base_url is None:
            raise InvalidInput(
                "The document names no server, so give the API's `base_url` (for example https://api.example.com/v1).",
                field="base_url",
            )
        return Examined(document=await self._artifacts.put(document, MEDIA_TYPE), base_url=base_url.rstrip("/"))
