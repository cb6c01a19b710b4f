"""Requests that are sent again: the first sending's answer is every sending's."""

from pydantic import ConfigDict

from domain.base import Data


class GivenAnswer(Data):
    """An answer as it was given. `headers` are those that belong to it, and not to the sending."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    status: int
    headers: list[tuple[str, str]] = []
    body: bytes = b""


class Claim(Data):
    """Whoever holds it does the work. `request_id` is the same for each sending; `holder` is this one's.

    `again`: an earlier sending was worked on, and what it did is not known.
    """

    request_id: str
    holder: str
    again: bool = False
