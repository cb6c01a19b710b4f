"""OpenAPI documents: fetched, normalised, searched and read."""

from adapters.openapi.documents import OpenApiDocuments
from adapters.openapi.settings import OpenApiSettings

__all__ = ["OpenApiDocuments", "OpenApiSettings"]
