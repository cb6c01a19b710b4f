"""Accounts: what a person logs in with. Who they are and what they may do is in `people`."""

import re
import unicodedata
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, SecretStr, StringConstraints

from domain.base import Data
from domain.ids import PersonId
from domain.people import Role, RoleName

EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=3,
        max_length=254,
        pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$",
    ),
]
"""Shaped like an address (RFC 5322's dot-atom, in ASCII; lengths of RFC 5321 §4.5.3.1).

That it is one is proven by a mail that arrives.
"""

RECOVERY_CODES = 10


class Registration(StrEnum):
    """Who may make an account: anybody, those an operator has invited, or nobody."""

    OPEN = "open"
    INVITE = "invite"
    OFF = "off"


class Purpose(StrEnum):
    """What a token that was mailed is good for, once."""

    VERIFY = "verify"
    INVITE = "invite"
    RESET = "reset"
    MOVE = "move"

    @property
    def lasts(self) -> timedelta:
        return {
            Purpose.VERIFY: timedelta(hours=24),
            Purpose.INVITE: timedelta(days=7),
            Purpose.RESET: timedelta(hours=1),
            Purpose.MOVE: timedelta(hours=24),
        }[self]


class Account(Data):
    """`password` is its Argon2id hash; None where somebody logs in by other means only."""

    person_id: PersonId
    email: str
    password: SecretStr | None = None
    second_factor: bool = False
    created_at: AwareDatetime
    last_login: AwareDatetime | None = None


class Mailed(Data):
    """What goes with a token that was mailed, until it is used or over. `password` is a hash."""

    purpose: Purpose
    email: str
    person_id: PersonId
    organization_id: str
    name: str = ""
    role: RoleName = Role.VIEWER
    password: SecretStr | None = None
    expires_at: AwareDatetime


class Totp(Data):
    """A time-based one-time password's secret (RFC 6238). `step` is the last time step that was used."""

    secret: SecretStr
    confirmed: bool
    step: int = 0


class Letter(Data):
    """A mail to one person."""

    to: str
    subject: str
    text: str


def email_key(address: str) -> str:
    """What two spellings of one address share.

    The part before the @ is folded too: RFC 5321 §2.4 lets servers tell cases apart, and two accounts that differ in
    case alone serve impostors only.
    """
    return unicodedata.normalize("NFKC", address).strip().casefold()


def weakness(password: str, *, email: str, name: str = "") -> str | None:
    """Why a password will not do, or None (NIST SP 800-63B §3.1.1.2: length counts, classes of characters do not)."""
    text = unicodedata.normalize("NFKC", password)
    if not 12 <= len(text) <= 128:
        return "A password has 12 to 128 characters; a few words in a row are good."
    if len(set(text)) < 5:
        return "This password repeats a few characters: take a few words in a row."
    folded = re.sub(r"[^a-z0-9]", "", text.casefold())
    known = [re.sub(r"[^a-z0-9]", "", part.casefold()) for part in (email, email.partition("@")[0], name)]
    if any(part and len(part) >= 4 and folded.replace(part, "").strip("0123456789") == "" for part in known):
        return "This password is the address or name with digits: take a few words in a row."
    return None
