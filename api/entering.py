"""Logging in by password and second factor, and changing either.

An address that is not known costs the same hash as one that is, and is answered alike.
"""

import hashlib
import logging
import secrets
from datetime import timedelta

from pydantic import SecretStr

from adapters.tokens import Clock, Passwords, Signer, accepted_step, fresh_codes, fresh_secret, normalised, otpauth
from adapters.tokens.signing import Kind
from api.clients import neighbourhood
from api.registering import checked
from api.throttle import Place, Throttle, place
from domain.accounts import Account
from domain.base import Data
from domain.errors import Conflict, NotFound, Unauthenticated
from domain.ports import Factors, Logins, Sessions
from domain.sessions import ClientInfo, Method, Tokens

_log = logging.getLogger("ccb.api.accounts")

CHALLENGE = timedelta(minutes=5)
_NOBODY = "per_" + "0" * 32
_ISSUER = "Claude Code Bot"


class LoginAnswer(Data):
    """Either `tokens`, or a `challenge` to be sent with a second factor.

    `device_token` is given to a device that has none: sent with later logins, failed attempts of others do not count.
    """

    tokens: Tokens | None = None
    challenge: str | None = None
    device_token: str | None = None


class Enrolment(Data):
    """A secret for an authenticator app, as text and as the address in its QR code. Shown once."""

    secret: str
    uri: str


class Entering:
    """All raise Unauthenticated for what is not right, and TooManyRequests for too many attempts."""

    def __init__(
        self,
        *,
        logins: Logins,
        factors: Factors,
        sessions: Sessions,
        passwords: Passwords,
        signer: Signer,
        throttle: Throttle,
        clock: Clock,
    ) -> None:
        self._logins = logins
        self._factors = factors
        self._sessions = sessions
        self._passwords = passwords
        self._signer = signer
        self._throttle = throttle
        self._clock = clock

    async def log_in(
        self, email: str, password: SecretStr, client: ClientInfo, device: SecretStr | None = None
    ) -> LoginAnswer:
        account = await self._logins.by_email(email)
        where = await self._place(account, client, device)
        person_id = account.person_id if account else _NOBODY
        # Under the address and not the person, so that one that is not known is counted alike.
        await self._throttle.attempt(email.casefold(), where, await self._logins.last_from(person_id, where.name))
        right = await self._passwords.good(account.password if account else None, password)
        if account is None or not right:
            _log.warning("login refused", extra={"person_id": person_id, "ip": client.ip})
            await self._refused("login.refused", email.casefold(), account, client, where)
            raise Unauthenticated("Address or password is not right. If it is forgotten, have a reset mailed.")
        if account.password is not None and self._passwords.outdated(account.password):
            await self._logins.rehash(person_id, account.password, await self._passwords.hash(password))
        if account.second_factor:
            claims = {"device": where.name} if where.known else {}
            now = self._clock()
            return LoginAnswer(challenge=self._signer.sign(Kind.CHALLENGE, person_id, claims, now=now, lasts=CHALLENGE))
        return await self._opened(account, client, where)

    async def second_factor(self, challenge: SecretStr, code: str, client: ClientInfo) -> LoginAnswer:
        claims = self._signer.read(Kind.CHALLENGE, challenge, now=self._clock())
        account = await self._logins.by_person(claims["sub"])
        if account is None:
            raise Unauthenticated("This account is no more.")
        network = neighbourhood(client.ip)
        device = claims.get("device")
        where = Place(device or place("network", network), network, known=device is not None)
        try:
            await self.proven(account.person_id, code, where)
        except Unauthenticated:
            await self._refused("second_factor.refused", account.person_id, account, client, where)
            raise
        return await self._opened(account, client, where, second_factor=True)

    async def _refused(self, action: str, key: str, account: Account | None, client: ClientInfo, where: Place) -> None:
        """In the audit: the same work whether there is such an account or not."""
        if await self._throttle.noting(key, where):
            person_id = account.person_id if account else None
            await self._logins.refused(person_id, action, self._clock(), client=client.ip)

    async def proven(self, person_id: str, code: str, where: Place) -> None:
        """Use up a code of the second factor: one of an app, or a recovery code."""
        await self._throttle.code(person_id, where, await self._logins.last_from(person_id, where.name))
        totp = await self._factors.totp(person_id)
        if totp is None or not totp.confirmed:
            raise Conflict("There is no second factor: log in again.")
        step = accepted_step(totp.secret, code, self._clock())
        if step is not None:
            used = await self._factors.use_step(person_id, step)
        else:
            used = await self._factors.use_code(person_id, code_digest(code), self._clock())
        if not used:
            _log.warning("second factor refused", extra={"person_id": person_id})
            raise Unauthenticated("This code is not right, or was used before: wait for the next one.")

    async def _opened(
        self, account: Account, client: ClientInfo, where: Place, *, second_factor: bool = False
    ) -> LoginAnswer:
        fresh = None if where.known else secrets.token_urlsafe(32)
        tokens = await self._sessions.open(
            account.person_id, method=Method.PASSWORD, client=client, second_factor=second_factor
        )
        now = self._clock()
        await self._logins.logged_in(account.person_id, where.name, now)
        if fresh is not None:
            await self._logins.logged_in(account.person_id, place("device", fresh), now)
        return LoginAnswer(tokens=tokens, device_token=fresh)

    async def _place(self, account: Account | None, client: ClientInfo, device: SecretStr | None) -> Place:
        network = neighbourhood(client.ip)
        person_id = account.person_id if account else _NOBODY
        if device is not None:
            name = place("device", device.get_secret_value())
            if await self._logins.last_from(person_id, name) is not None:
                return Place(name, network, known=True)
        return Place(place("network", network), network)

    # Of somebody who is logged in

    async def confirmed(self, person_id: str, password: SecretStr, client: ClientInfo) -> Account:
        """Whose password it is: what is taken over by a session alone must not outlast it."""
        account = await self.account(person_id)
        where = await self._place(account, client, None)
        await self._throttle.attempt(person_id, where, await self._logins.last_from(person_id, where.name))
        if not await self._passwords.good(account.password, password):
            raise Unauthenticated("The password is not right.")
        return account

    async def account(self, person_id: str) -> Account:
        """Raises NotFound for somebody who has none."""
        account = await self._logins.by_person(person_id)
        if account is None:
            raise NotFound("You have no account with a password here; your keys and other ways to log in stay good.")
        return account

    async def change_password(self, account: Account, password: SecretStr, *, session_id: str | None) -> None:
        """End all sessions but the one that asks."""
        checked(password, account)
        await self._logins.set_password(account.person_id, await self._passwords.hash(password), self._clock())
        await self._sessions.end_all(account.person_id, but=session_id)

    async def enrol(self, account: Account) -> Enrolment:
        secret = fresh_secret()
        await self._factors.enrol(account.person_id, secret)
        uri = otpauth(secret, account=account.email, issuer=_ISSUER)
        return Enrolment(secret=secret.get_secret_value(), uri=uri)

    async def confirm(self, person_id: str, code: str, client: ClientInfo) -> list[str]:
        """From now on a code is asked for. The recovery codes, shown once."""
        where = await self._place(None, client, None)
        await self._throttle.code(person_id, where, await self._logins.last_from(person_id, where.name))
        totp = await self._factors.totp(person_id)
        if totp is None or totp.confirmed:
            raise Conflict("There is no second factor to confirm: begin with a new secret.")
        step = accepted_step(totp.secret, code, self._clock())
        if step is None:
            raise Unauthenticated("This code is not right: check the clock of your device, and try the next one.")
        codes = fresh_codes()
        await self._factors.confirm(person_id, step, [code_digest(one) for one in codes], self._clock())
        return codes

    async def renew_codes(self, person_id: str, code: str, client: ClientInfo) -> list[str]:
        """Recovery codes in place of the former, shown once."""
        await self.proven(person_id, code, await self._place(None, client, None))
        codes = fresh_codes()
        await self._factors.renew_codes(person_id, [code_digest(one) for one in codes])
        return codes

    async def drop_factor(self, person_id: str, code: str, client: ClientInfo) -> None:
        await self.proven(person_id, code, await self._place(None, client, None))
        await self._factors.drop(person_id)

    async def codes_left(self, person_id: str) -> int:
        return await self._factors.codes_left(person_id)


def code_digest(code: str) -> str:
    return hashlib.sha256(normalised(code).encode(errors="replace")).hexdigest()
