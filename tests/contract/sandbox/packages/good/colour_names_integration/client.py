"""A client of the colours API."""

import os
from urllib.parse import quote

import httpx

from colour_names_integration.models import Colour

DEFAULT_BASE_URL = "https://colours.example.com/v1"


class UpstreamError(Exception):
    """The API answered other than 2xx, or could not be reached; then `status` is None."""

    def __init__(self, message: str, status: int | None = None) -> None:
        """Keep the status for the caller."""
        super().__init__(message)
        self.status = status


class Client:
    """One method an operation."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Read the settings from the environment."""
        self._http = httpx.AsyncClient(
            base_url=os.environ.get("BASE_URL", DEFAULT_BASE_URL),
            headers={"Authorization": f"Bearer {os.environ.get('API_TOKEN', '')}"},
            timeout=10,
            transport=transport,
        )

    async def get_colour(self, name: str) -> Colour:
        """Read a colour."""
        try:
            response = await self._http.get(f"/colours/{quote(name, safe='')}")
        except httpx.TransportError as error:
            raise UpstreamError(str(error)) from error
        if not response.is_success:
            raise UpstreamError(response.text[:200], response.status_code)
        return Colour.model_validate(response.json())
