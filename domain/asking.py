"""Reading a request out of an issue or a ticket: which document, where the API is, what to call it.

Both ways of writing are understood: `API document: https://…` on a line, and an issue form's `### API document` with
the answer below. Where neither is there, the first link to a JSON or YAML file is the document.
"""

import re

from domain.base import Data

_IN_LINK = r"[^\s<>\"'`)\]]"
_LINK = rf"<?(https?://{_IN_LINK}+)"
_NAME = r"([a-z][a-z0-9-]{1,48}[a-z0-9])"
_ANY_DOCUMENT = re.compile(rf"(https?://{_IN_LINK}+?\.(?:json|ya?ml)(?:\?{_IN_LINK}*)?)", re.IGNORECASE)


class Asked(Data):
    """What an issue or a ticket names. `document` is None where it names none."""

    document: str | None
    base_url: str | None
    name: str | None


def read(body: str) -> Asked:
    document = _field(body, r"(?:API|OpenAPI)(?: document| specification| spec)?|Document", _LINK)
    if document is None and (found := _ANY_DOCUMENT.search(body)):
        document = found[1]
    return Asked(
        document=document, base_url=_field(body, r"Base URL|API URL", _LINK), name=_field(body, r"Name", _NAME)
    )


def _field(body: str, title: str, value: str) -> str | None:
    on_a_line = rf"^[ \t>*-]*(?:{title})[* \t]*:[* \t]*{value}"
    in_a_form = rf"^#+[ \t]*(?:{title})[ \t]*\r?\n\s*{value}"
    found = re.search(f"{on_a_line}|{in_a_form}", body, re.IGNORECASE | re.MULTILINE)
    return next((group for group in found.groups() if group), None) if found else None
