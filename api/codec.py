"""The codec server of encrypted histories: Temporal's Web UI asks it for what it shows.

Its protocol is Temporal's (docs.temporal.io/codec-server): POST …/decode and …/encode, payloads as protobuf JSON. The
Web UI cannot send our keys, so the address itself holds a token that only operators are told (`CCB_API_CODEC_TOKEN`).
"""

import secrets
from typing import Literal

from fastapi import APIRouter, Request, Response
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from temporalio.api.common.v1 import Payloads

from api.services import Wired
from domain.errors import Corrupted, InvalidInput, NotFound

PREFIX = "/temporal/codec"
router = APIRouter(prefix=PREFIX, tags=["temporal"])
_HEADERS = "content-type,x-namespace,authorization,caller-type"


@router.post("/{token}/{direction}", include_in_schema=False)
async def convert(token: str, direction: Literal["decode", "encode"], request: Request, services: Wired) -> Response:
    """Payloads in, payloads out; what is not encrypted stays as it is."""
    codec = services.codec
    expected = services.settings.codec_token
    if codec is None or expected is None or not _same(token, expected.get_secret_value()):
        raise NotFound("There is no codec server here: histories are not encrypted, or the address is not the one.")
    try:
        payloads = Parse(await request.body(), Payloads()).payloads
    except (ParseError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput('The body is not `{"payloads": […]}` as protobuf JSON.', field="payloads") from error
    try:
        done = await (codec.decode(payloads) if direction == "decode" else codec.encode(payloads))
    except Corrupted as error:
        raise InvalidInput(error.message, field="payloads") from error
    return Response(MessageToJson(Payloads(payloads=done)), media_type="application/json", headers=_allowed(services))


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())  # as text it may only be ASCII


@router.options("/{token}/{direction}", include_in_schema=False)
async def preflight(services: Wired) -> Response:
    """The browser asks first, for the Web UI is another origin (fetch.spec.whatwg.org, CORS)."""
    return Response(status_code=204, headers=_allowed(services))


def _allowed(services: Wired) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": services.temporal.ui_url.rstrip("/"),
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": _HEADERS,
        "Vary": "Origin",
    }
