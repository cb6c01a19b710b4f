"""The ports of the front door: sessions, what proves who somebody is, and mail."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from domain.accounts import Account, Letter, Mailed, Purpose, Totp
from domain.sessions import Bearer, ClientInfo, Method, Session, Tokens


class Sessions(Protocol):
    """Sessions and their tokens."""

    async def open(self, person_id: str, *, method: Method, client: ClientInfo, second_factor: bool = False) -> Tokens:
        """Begin a session of somebody whose identity has just been proven by `method`. Raises NotFound."""

    async def refresh(self, token: SecretStr, client: ClientInfo) -> Tokens:
        """The next pair; `token` is used up.

        Raises Unauthenticated if it is unknown or over, or was used before: then its session has ended. A second use
        within seconds of the first, as two tabs of one browser make it, is a Conflict: it ends nothing, and gives none.
        """

    async def person_of(self, access_token: SecretStr) -> Bearer:
        """Raises Unauthenticated for a token that is not ours, is over, or whose session has ended."""

    async def lives(self, session_id: str) -> bool:
        """Whether the session is there and has not ended."""

    async def of(self, person_id: str) -> list[Session]:
        """Those that have not ended, the newest first."""

    async def end(self, session_id: str, *, person_id: str) -> None:
        """Repeated: nothing. Raises NotFound if this person has no such session."""

    async def end_all(self, person_id: str, *, but: str | None = None) -> int:
        """End all of a person's, except the session `but`; how many were ended."""


class SessionStore(Protocol):
    """Where sessions are kept. Refresh tokens are known by their SHA-256 alone."""

    async def begin(self, session: Session, refresh: str, unused_until: datetime) -> None:
        """A new one, with its first refresh token, good until `unused_until`; its person's last login.

        Raises NotFound for an unknown person.
        """

    async def rotate(
        self, refresh: str, fresh: str, client: ClientInfo, *, now: datetime, unused_until: datetime, grace: timedelta
    ) -> Session:
        """Use up `refresh` and keep `fresh` in its place, good until `unused_until`. Raises as `Sessions.refresh`."""

    async def live(self, session_id: str, now: datetime) -> bool:
        """Whether the session is there and has not ended."""

    async def of(self, person_id: str, now: datetime) -> list[Session]:
        """Those that have not ended, the newest first."""

    async def end(self, person_id: str, now: datetime, *, only: str | None = None, but: str | None = None) -> list[str]:
        """End one session or all, except one. Which were ended now; raises NotFound if the `only` one is not there."""


class Logins(Protocol):
    """Accounts, and the tokens that were mailed. A token is known by its SHA-256 alone."""

    async def by_email(self, address: str) -> Account | None: ...

    async def by_person(self, person_id: str) -> Account | None: ...

    async def mail(self, digest: str, mailed: Mailed) -> None:
        """Keep what goes with a token."""

    async def mailed(self, digest: str, purpose: Purpose, now: datetime) -> Mailed | None:
        """None for a token that is unknown, for something else, used or over."""

    async def create(self, account: Account, digest: str | None = None) -> Account:
        """Use up the token and make the account, in one transaction.

        Raises Conflict if the token was used meanwhile, or if the person or the address has an account.
        """

    async def create_first(self, account: Account) -> bool:
        """Make the account if it is the first of all; whether it was."""

    async def set_password(
        self, person_id: str, password: SecretStr, now: datetime, *, digest: str | None = None
    ) -> None:
        """Replace a hash, using up the token in the same transaction. Raises Conflict if it was used meanwhile."""

    async def move(self, person_id: str, email: str, now: datetime, *, digest: str) -> str:
        """Another address, using up the token in the same transaction; the former one.

        Raises Conflict if the token was used meanwhile, or if the address has an account.
        """

    async def rehash(self, person_id: str, former: SecretStr, password: SecretStr) -> None:
        """Replace a hash by one of the same password, if it is still `former`."""

    async def refused(self, person_id: str | None, action: str, now: datetime, *, client: str) -> None:
        """Note in the audit that somebody tried to log in as this person, or with an address that has no account."""

    async def logged_in(self, person_id: str, place: str, now: datetime) -> None:
        """Note that a login came from a place: a network or a device, named by a hash."""

    async def last_from(self, person_id: str, place: str) -> datetime | None:
        """When somebody last logged in from there."""


class Factors(Protocol):
    """Second factors: a TOTP secret, encrypted where it lies, and recovery codes, known by their SHA-256 alone."""

    async def totp(self, person_id: str) -> Totp | None: ...

    async def enrol(self, person_id: str, secret: SecretStr) -> None:
        """Keep a secret that has yet to be confirmed. Raises Conflict if a confirmed one is there, NotFound."""

    async def confirm(self, person_id: str, step: int, codes: Sequence[str], now: datetime) -> None:
        """From now on it is asked for. Raises Conflict if there is nothing to confirm."""

    async def use_step(self, person_id: str, step: int) -> bool:
        """Whether this step, or a later one, had not been used; it has been now."""

    async def use_code(self, person_id: str, code: str, now: datetime) -> bool:
        """Whether this recovery code was good; it is not any more."""

    async def renew_codes(self, person_id: str, codes: Sequence[str]) -> None:
        """These recovery codes in place of the former."""

    async def codes_left(self, person_id: str) -> int: ...

    async def drop(self, person_id: str) -> None:
        """No second factor any more. Repeated: nothing."""


class Mail(Protocol):
    """The post."""

    async def send(self, letter: Letter) -> None:
        """Raises VendorUnavailable, VendorRejected, VendorOutcomeUnknown."""
