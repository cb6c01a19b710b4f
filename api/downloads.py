"""Files to take away: named, marked by what is in them, and in parts where somebody asks for a part."""

import re
from typing import Annotated, Any

from fastapi import Header, Request
from fastapi.responses import Response

from api import etags
from api.problems import PROBLEMS, problem
from domain.artifacts import content_hash

BINARY = {"schema": {"type": "string", "format": "binary"}}
_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

Range = Annotated[
    str | None,
    Header(
        alias="Range",
        description="Only these bytes, one range of them (RFC 9110 §14.2).",
        max_length=200,
        examples=["bytes=0-99"],
    ),
]
IfRange = Annotated[
    str | None,
    Header(
        alias="If-Range",
        description="The `ETag` of the part that the client has: if it is another by now, all of it is sent.",
        max_length=200,
    ),
]


def declared(description: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a file."""
    content = dict.fromkeys(media_types, BINARY)
    headers = {
        **etags.tagged("")["headers"],
        "Content-Disposition": {"schema": {"type": "string"}, "description": "Its file name."},
        "Accept-Ranges": {"schema": {"type": "string"}, "description": "`bytes`"},
    }
    return {
        200: {"description": description, "content": content, "headers": headers},
        206: {"description": "The part that was asked for.", "content": content, "headers": headers},
        416: {
            "description": "`range_not_satisfiable`",
            "content": PROBLEMS,
            "headers": {"Content-Range": {"schema": {"type": "string"}, "description": "How long it is."}},
        },
        **etags.NOT_MODIFIED,
    }


class Download:
    """What a request asks for of a file, as a dependency."""

    def __init__(
        self,
        request: Request,
        if_none_match: etags.IfNoneMatch = None,
        wanted: Range = None,
        if_range: IfRange = None,
    ) -> None:
        self._path = request.url.path
        self._have = if_none_match
        self._range = wanted
        self._if_range = if_range

    def of(self, data: bytes, media_type: str, *, name: str) -> Response:
        """The file, a part of it, or that the client has it. Its tag is the hash of what is in it."""
        tag = f'"{content_hash(data)}"'
        headers = {
            "ETag": tag,
            "Accept-Ranges": "bytes",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        if etags.has(self._have, tag):
            return etags.unchanged(tag)
        bounds = self._bounds(len(data), tag)
        if bounds is None:
            return Response(data, media_type=media_type, headers=headers)
        first, last = bounds
        if first > last:
            return problem(
                self._path,
                status=416,
                code="range_not_satisfiable",
                detail=f"It has {len(data)} bytes; ask for a range within them, or for all by leaving Range out.",
                headers={"Content-Range": f"bytes */{len(data)}"},
            )
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Response(data[first : last + 1], status_code=206, media_type=media_type, headers=headers)

    def _bounds(self, size: int, tag: str) -> tuple[int, int] | None:
        """First and last byte; None for all. What is not one range is no range (RFC 9110 §14.2)."""
        if self._range is None or self._if_range not in (None, tag):
            return None
        found = _ONE_RANGE.fullmatch(self._range.strip())
        if found is None or found[1] == found[2] == "":
            return None
        if found[1] == "":
            return (max(0, size - int(found[2])), size - 1) if int(found[2]) else (size, size - 1)
        first = int(found[1])
        last = min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < first:
            return None
        return (first, last) if first < size else (size, size - 1)
