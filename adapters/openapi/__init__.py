"""OpenAPI documents: fetched, normalised, searched and read."""

from adapters.openapi.comparing import OpenApiComparing
from adapters.openapi.documents import OpenApiDocuments
from adapters.openapi.settings import OpenApiSettings

__all__ = ["OpenApiComparing", "OpenApiDocuments", "OpenApiSettings"]
