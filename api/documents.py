"""Uploading API documents."""

import asyncio

from fastapi import APIRouter, Request, Response, status

from api.problems import documented
from api.reading import MAX_DOCUMENT
from api.security import Caller, needs
from api.services import Wired
from domain.access import Permission
from domain.artifacts import ArtifactRef
from domain.base import Data
from domain.errors import DocumentTooLarge, InvalidDocument

router = APIRouter(prefix="/api/v1/documents", tags=["documents"])

MEDIA_TYPE = "application/vnd.oai.openapi+json"


class StoredDocument(Data):
    """An API document that was checked and stored. Name `artifact` in a request for an integration."""

    artifact: ArtifactRef
    summary: str


@router.post(
    "",
    dependencies=[needs(Permission.DOCUMENTS_CREATE)],
    status_code=status.HTTP_201_CREATED,
    responses=documented(InvalidDocument, DocumentTooLarge),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"An OpenAPI 3.x document, JSON or YAML, at most {MAX_DOCUMENT // 1_000_000} MB.",
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "application/yaml": {"schema": {"type": "string"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def upload_document(request: Request, response: Response, caller: Caller, services: Wired) -> StoredDocument:
    """Check an OpenAPI document, bring it into canonical JSON and store it. The same document twice is one artifact."""
    data = await request.body()
    # Parsing 20 MB takes seconds of CPU; other requests must not wait for it.
    normalised = await asyncio.to_thread(services.documents.normalise, data)
    summary = await asyncio.to_thread(services.documents.summary, normalised)
    return StoredDocument(artifact=await services.artifacts.put(normalised, MEDIA_TYPE), summary=summary)
