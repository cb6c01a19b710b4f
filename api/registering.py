"""How accounts come to be, and how a forgotten password is replaced: each by a token that was mailed.

What is answered, and how long that takes, is the same for an address that is known and for one that is not.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable

from pydantic import SecretStr

from adapters.tokens import Clock, Passwords
from api.letters import Letters
from api.posting import Posting
from api.settings import AccountSettings
from api.throttle import Place, Throttle
from domain import ids
from domain.accounts import Account, Letter, Mailed, Purpose, Registration, weakness
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import DEFAULT_ORGANIZATION
from domain.organizations import Invitation
from domain.people import Person, RoleName
from domain.ports import Logins, People, Sessions

_log = logging.getLogger("ccb.api.accounts")
_NAMESAKES = 20


class Registering:
    """Registration, invitations, resets, and the first account of all."""

    def __init__(
        self,
        *,
        settings: AccountSettings,
        logins: Logins,
        people: People,
        sessions: Sessions,
        passwords: Passwords,
        throttle: Throttle,
        posting: Posting,
        letters: Letters,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._logins = logins
        self._people = people
        self._sessions = sessions
        self._passwords = passwords
        self._throttle = throttle
        self._posting = posting
        self._clock = clock
        self._letters = letters

    async def register(self, email: str, name: str, password: SecretStr, where: Place) -> None:
        """Mail a token to an address. Raises Forbidden unless registration is open, InvalidInput, TooManyRequests."""
        match self._settings.registration:
            case Registration.OFF:
                raise Forbidden("Accounts are not made here by oneself: ask an operator.")
            case Registration.INVITE:
                raise Forbidden("Accounts are made by invitation here: ask an operator for one.")
            case Registration.OPEN:
                pass
        _check(password, email=email, name=name)
        await self._throttle.asking(email, where)
        account = await self._logins.by_email(email)
        hashed = await self._passwords.hash(password)
        if account is None:
            new = Mailed(
                purpose=Purpose.VERIFY,
                email=email,
                person_id=ids.new("per"),
                organization_id=DEFAULT_ORGANIZATION,
                name=name,
                role=self._settings.role,
                password=hashed,
                expires_at=self._clock() + Purpose.VERIFY.lasts,
            )
            self._post(new, lambda token: self._letters.verify(email, token))
        else:
            known = self._reset_of(account)
            self._post(known, lambda token: self._letters.known(account.email, token))

    async def verify(self, token: SecretStr) -> None:
        """Make the account whose address has now been proven. Raises InvalidInput for a token that is not good."""
        mailed = await self._good(token, Purpose.VERIFY)
        await self._admit(mailed, mailed.name, mailed.password, token)

    async def invite(self, email: str, role: RoleName, by: Person, *, person_id: str | None = None) -> None:
        """Mail an invitation into the organisation of `by`, for somebody new if no person is named.

        Raises Forbidden if nobody may have an account.
        """
        if self._settings.registration is Registration.OFF:
            raise Forbidden("Accounts are switched off here: CCB_ACCOUNTS_REGISTRATION says so.")
        mailed = Mailed(
            purpose=Purpose.INVITE,
            email=email,
            person_id=person_id or ids.new("per"),
            organization_id=by.organization_id,
            role=role,
            expires_at=self._clock() + Purpose.INVITE.lasts,
        )
        self._post(mailed, lambda token: self._letters.invite(email, token, by=by.name))

    async def accept(self, token: SecretStr, name: str, password: SecretStr) -> None:
        """Make the account of who was invited: that the token arrived proves the address."""
        mailed = await self._good(token, Purpose.INVITE)
        _check(password, email=mailed.email, name=name)
        await self._admit(mailed, name, await self._passwords.hash(password), token)

    def joining(self, invitation: Invitation, code: SecretStr, by: Person, organization: str) -> None:
        """Mail the code of an invitation to an organisation to the address that it is for."""

        async def write() -> Letter | None:
            to = invitation.email
            if to is None or not await self._throttle.mailing(to):
                _log.warning("an invitation was not mailed", extra={"invitation_id": invitation.id})
                return None
            return self._letters.join(
                to, code.get_secret_value(), by=by.name, organization=organization, role=invitation.role
            )

        self._posting.later(write)

    async def move(self, person: Person, email: str, where: Place) -> None:
        """Mail a token to the address that somebody wants to log in with from now on.

        Raises NotFound for who has no account, TooManyRequests.
        """
        if await self._logins.by_person(person.id) is None:
            raise NotFound("You have no account with an address here.")
        await self._throttle.asking(email, where)
        mailed = Mailed(
            purpose=Purpose.MOVE,
            email=email,
            person_id=person.id,
            organization_id=person.organization_id,
            expires_at=self._clock() + Purpose.MOVE.lasts,
        )
        self._post(mailed, lambda token: self._letters.move(email, token))

    async def moved(self, token: SecretStr) -> None:
        """Log in with the new address from now on; the former one is told. Raises InvalidInput, Conflict."""
        mailed = await self._good(token, Purpose.MOVE)
        former = await self._logins.move(mailed.person_id, mailed.email, self._clock(), digest=_digest(token))

        async def write() -> Letter:
            return self._letters.moved(former, mailed.email)

        self._posting.later(write)

    async def forgot(self, email: str, where: Place) -> None:
        """Mail a token for a new password, if there is such an account."""
        await self._throttle.asking(email, where)

        async def write() -> Letter | None:
            account = await self._logins.by_email(email)
            if account is None or not await self._throttle.mailing(email):
                return None
            code = await self._keep(self._reset_of(account))
            return self._letters.reset(account.email, code)

        self._posting.later(write)

    async def reset(self, token: SecretStr, password: SecretStr) -> None:
        """Set a new password, and end all sessions: who forgot it may have lost more."""
        mailed = await self._good(token, Purpose.RESET)
        _check(password, email=mailed.email)
        hashed = await self._passwords.hash(password)
        await self._logins.set_password(mailed.person_id, hashed, self._clock(), digest=_digest(token))
        await self._sessions.end_all(mailed.person_id)
        self.tell_changed(mailed.email)

    def tell_changed(self, email: str) -> None:
        async def write() -> Letter:
            return self._letters.changed(email)

        self._posting.later(write)

    async def first(self, person: Person, email: str) -> SecretStr | None:
        """The password of the first account of all, made for `person`; None if there is an account already."""
        password = SecretStr("-".join(secrets.token_hex(3) for _ in range(4)))
        account = Account(
            person_id=person.id,
            email=email,
            password=await self._passwords.hash(password),
            created_at=self._clock(),
        )
        return password if await self._logins.create_first(account) else None

    def _reset_of(self, account: Account) -> Mailed:
        return Mailed(
            purpose=Purpose.RESET,
            email=account.email,
            person_id=account.person_id,
            organization_id=DEFAULT_ORGANIZATION,
            expires_at=self._clock() + Purpose.RESET.lasts,
        )

    def _post(self, mailed: Mailed, letter: Callable[[str], Letter]) -> None:
        async def write() -> Letter | None:
            if not await self._throttle.mailing(mailed.email):
                _log.warning("no more mails to an address for now", extra={"person_id": mailed.person_id})
                return None
            return letter(await self._keep(mailed))

        self._posting.later(write)

    async def _keep(self, mailed: Mailed) -> str:
        token = secrets.token_urlsafe(32)
        await self._logins.mail(_digest(SecretStr(token)), mailed)
        return token

    async def _good(self, token: SecretStr, purpose: Purpose) -> Mailed:
        mailed = await self._logins.mailed(_digest(token), purpose, self._clock())
        if mailed is None:
            raise InvalidInput("This code is not known, was used, or is over: ask for a new one.", field="token")
        return mailed

    async def _admit(self, mailed: Mailed, name: str, password: SecretStr | None, token: SecretStr) -> None:
        """The person first, under an id that is the token's, so that a second attempt finds them."""
        person = await self._person(mailed, name)
        account = Account(person_id=person.id, email=mailed.email, password=password, created_at=self._clock())
        await self._logins.create(account, _digest(token))

    async def _person(self, mailed: Mailed, name: str) -> Person:
        if await self._logins.by_email(mailed.email) is not None:
            raise Conflict("There is an account for this address already: log in, or reset its password.")
        for number in range(1, _NAMESAKES):
            called = name if number == 1 else f"{name[:76]} {number}"
            person = Person(
                id=mailed.person_id,
                name=called,
                role=mailed.role,
                organization_id=mailed.organization_id,
                email=mailed.email,
                created_at=self._clock(),
            )
            try:
                return await self._people.add(person)
            except Conflict:
                _log.info("a name is taken", extra={"organization_id": mailed.organization_id})
        raise Conflict(f"Too many here are called {name}: choose another name.", field="name")


def _check(password: SecretStr, *, email: str, name: str = "") -> None:
    reason = weakness(password.get_secret_value(), email=email, name=name)
    if reason is not None:
        raise InvalidInput(reason, field="password")


def checked(password: SecretStr, account: Account) -> None:
    """Raises InvalidInput for a new password that will not do."""
    _check(password, email=account.email)


def _digest(token: SecretStr) -> str:
    return hashlib.sha256(token.get_secret_value().encode(errors="replace")).hexdigest()
