"""The service."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from colour_names_integration.client import Client, UpstreamError
from colour_names_integration.models import Colour

app = FastAPI(title="colour-names", version="1.0.0")


def client() -> Client:
    """Make the client; tests put their own in its place."""
    return Client()


@app.exception_handler(UpstreamError)
async def upstream_failed(request: Request, error: Exception) -> JSONResponse:
    """Answer 404 for an upstream 404, else 502."""
    missing = isinstance(error, UpstreamError) and error.status == 404
    return JSONResponse({"detail": str(error)}, status_code=404 if missing else 502)


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the service runs."""
    return {"status": "ok", "name": "colour-names", "version": "1.0.0"}


@app.get("/colours/{name}")
async def get_colour(name: str, colours: Annotated[Client, Depends(client)]) -> Colour:
    """One colour by its name."""
    return await colours.get_colour(name)
