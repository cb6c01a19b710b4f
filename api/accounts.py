"""Accounts: registration, login, passwords, second factors."""

from typing import Annotated

from fastapi import APIRouter, Depends, status
from pydantic import AwareDatetime, Field, SecretStr

from api.entering import Enrolment, LoginAnswer
from api.logins import Client, Device, place_of
from api.problems import documented
from api.recent import Recent
from api.rights import may_give
from api.security import Account, Caller, may
from api.services import Services, Wired
from domain.access import Acting, Permission
from domain.accounts import EmailAddress, email_key
from domain.base import Data
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooManyRequests
from domain.ids import PersonId
from domain.organizations import Membership
from domain.people import Person, Role, RoleName, ShownName

router = APIRouter(prefix="/api/v1/auth", tags=["accounts"])
me = APIRouter(prefix="/api/v1/me", tags=["accounts"])

_WRITE_ONLY = {"writeOnly": True}
Address = Annotated[EmailAddress, Field(examples=["ada@example.com"])]
Name = Annotated[ShownName, Field(examples=["Ada"])]
Password = Annotated[SecretStr, Field(min_length=1, max_length=1024, json_schema_extra=_WRITE_ONLY)]
NewPassword = Annotated[Password, Field(json_schema_extra=_WRITE_ONLY | {"minLength": 12, "maxLength": 128})]
"""The lengths are said here and looked at with the rest of what makes a password weak."""
Token = Annotated[SecretStr, Field(min_length=1, max_length=2048, json_schema_extra=_WRITE_ONLY)]
Code = Annotated[str, Field(min_length=6, max_length=40, examples=["123456"])]


class NewAccount(Data):
    email: Address
    name: Name
    password: NewPassword


class MailedToken(Data):
    token: Token


class MailedInvitation(Data):
    """To whom an invitation is mailed, and what they may do in the caller's organisation.

    With `person_id` it gives an account to somebody who is known here already, and has none; their role stays.
    """

    email: Address
    role: RoleName = Role.DEVELOPER
    person_id: PersonId | None = None


class AcceptedInvitation(Data):
    token: Token
    name: Name
    password: NewPassword


class Login(Data):
    email: Address
    password: Password


class SecondFactor(Data):
    """A challenge from the login, with a code of an authenticator app or a recovery code."""

    challenge: Token
    code: Code


class ForgottenPassword(Data):
    email: Address


class ResetPassword(Data):
    token: Token
    password: NewPassword


class ChangedPassword(Data):
    current: Password
    password: NewPassword


class NewAddress(Data):
    email: Address


class Confirmation(Data):
    """The caller's password, once more."""

    password: Password


class OneCode(Data):
    """A code of an authenticator app, or a recovery code."""

    code: Code


class RecoveryCodes(Data):
    """Each is good once, in place of a code of the app. Shown once."""

    codes: list[str]


class FirstAdmin(Data):
    email: Address = "admin@localhost"


class FirstAccount(Data):
    """Shown once: only the password's hash is kept."""

    email: str
    password: str


class User(Data):
    """Who somebody is here. `roles` are those they have anywhere; `organizations` say where."""

    id: PersonId
    name: str
    email: str | None
    roles: list[RoleName]
    organizations: list[Membership]
    created_at: AwareDatetime | None
    last_login: AwareDatetime | None
    second_factor: bool
    recovery_codes_left: int


@me.get("", responses=documented())
async def read_me(caller: Caller, services: Wired) -> User:
    """Who calls: their account, and the organisations they belong to."""
    account = await services.door.logins.by_person(caller.id)
    organizations = await services.organizations.of(caller.id)
    protected = account is not None and account.second_factor
    newest = await services.sessions.of(caller.id) if account is None else []
    return User(
        id=caller.id,
        name=caller.name,
        email=account.email if account else caller.email,
        roles=sorted({one.role for one in organizations}),
        organizations=organizations,
        created_at=caller.created_at,
        last_login=account.last_login if account else next((one.created_at for one in newest), None),
        second_factor=protected,
        recovery_codes_left=await services.door.factors.codes_left(caller.id) if protected else 0,
    )


@router.post("/register", status_code=status.HTTP_202_ACCEPTED, responses=documented(TooManyRequests))
async def register(body: NewAccount, client: Client, services: Wired) -> None:
    """Ask for an account. A code is mailed to the address; the answer does not tell whether it has one already."""
    await services.door.registering.register(body.email, body.name, body.password, place_of(client))


@router.post("/verify", status_code=status.HTTP_204_NO_CONTENT, responses=documented(Conflict))
async def verify_address(body: MailedToken, services: Wired) -> None:
    """Prove the address by the code that was mailed to it. The account is there then: log in."""
    await services.door.registering.verify(body.token)


@router.post(
    "/invitations", status_code=status.HTTP_202_ACCEPTED, responses=documented(NotFound, Conflict, TooManyRequests)
)
async def invite(
    body: MailedInvitation, caller: Annotated[Acting, Depends(may(Permission.PEOPLE_CREATE))], services: Wired
) -> None:
    """Mail an invitation to make an account in the caller's organisation. Nobody can give a role above their own."""
    role = body.role
    if body.person_id is not None:
        role = (await _known_here(body.person_id, body.email, caller, services)).role
    await may_give(caller, role, services)
    await services.door.registering.invite(body.email, role, caller, person_id=body.person_id)


async def _known_here(person_id: str, email: str, caller: Person, services: Services) -> Person:
    """Of this organisation alone: who acts in another as well must not be given a password by this one."""
    person = await services.people.get(person_id, caller.organization_id)
    if person.email is not None and email_key(person.email) != email_key(email):
        raise InvalidInput(f"{person.name} has another address here.", field="email")
    if len(await services.organizations.of(person.id)) > 1:
        raise Forbidden(f"{person.name} belongs to other organisations too: they make their account themselves.")
    if await services.door.logins.by_person(person.id) is not None:
        raise Conflict(f"{person.name} has an account already.")
    return person


@router.post("/invitations/accept", status_code=status.HTTP_204_NO_CONTENT, responses=documented(Conflict))
async def accept_invitation(body: AcceptedInvitation, services: Wired) -> None:
    """Make an account by the code of an invitation. Then log in."""
    await services.door.registering.accept(body.token, body.name, body.password)


@router.post("/login", responses=documented(TooManyRequests))
async def log_in(body: Login, client: Client, device: Device, services: Wired) -> LoginAnswer:
    """Log in by address and password. With a second factor the answer is a challenge for it, good for five minutes."""
    return await services.door.entering.log_in(body.email, body.password, client, device)


@router.post("/second-factor", responses=documented(Conflict, TooManyRequests))
async def prove_second_factor(body: SecondFactor, client: Client, services: Wired) -> LoginAnswer:
    """The second step of a login."""
    return await services.door.entering.second_factor(body.challenge, body.code, client)


@router.post("/password", status_code=status.HTTP_204_NO_CONTENT, responses=documented(NotFound, TooManyRequests))
async def change_password(body: ChangedPassword, caller: Account, client: Client, services: Wired) -> None:
    """Change one's password. All other sessions end."""
    door = services.door
    account = await door.entering.confirmed(caller.id, body.current, client)
    await door.entering.change_password(account, body.password, session_id=caller.session_id)
    door.registering.tell_changed(account.email)


@router.post("/password/forgot", status_code=status.HTTP_202_ACCEPTED, responses=documented(TooManyRequests))
async def forget_password(body: ForgottenPassword, client: Client, services: Wired) -> None:
    """Have a code for a new password mailed. The answer does not tell whether there is such an account."""
    await services.door.registering.forgot(body.email, place_of(client))


@router.post("/password/reset", status_code=status.HTTP_204_NO_CONTENT, responses=documented(Conflict))
async def reset_password(body: ResetPassword, services: Wired) -> None:
    """Set a new password by the code that was mailed. All sessions end; a second factor stays."""
    await services.door.registering.reset(body.token, body.password)


@router.post("/email", status_code=status.HTTP_202_ACCEPTED, responses=documented(NotFound, TooManyRequests))
async def change_address(body: NewAddress, caller: Recent, client: Client, services: Wired) -> None:
    """Log in with another address. A code is mailed to it; until it comes back, nothing changes."""
    await services.door.registering.move(caller, body.email, place_of(client))


@router.post("/email/confirm", status_code=status.HTTP_204_NO_CONTENT, responses=documented(Conflict))
async def confirm_address(body: MailedToken, services: Wired) -> None:
    """Prove the new address by the code that was mailed to it. The former one is told."""
    await services.door.registering.moved(body.token)


@router.post("/totp", status_code=status.HTTP_201_CREATED, responses=documented(NotFound, Conflict, TooManyRequests))
async def begin_second_factor(body: Confirmation, caller: Account, client: Client, services: Wired) -> Enrolment:
    """A secret for an authenticator app. It is asked for once it has been confirmed with a code."""
    account = await services.door.entering.confirmed(caller.id, body.password, client)
    return await services.door.entering.enrol(account)


@router.post("/totp/confirm", responses=documented(Conflict, TooManyRequests))
async def confirm_second_factor(body: OneCode, caller: Account, client: Client, services: Wired) -> RecoveryCodes:
    """Confirm the app with a code of it. From now on every login by password asks for one."""
    return RecoveryCodes(codes=await services.door.entering.confirm(caller.id, body.code, client))


@router.post("/totp/remove", status_code=status.HTTP_204_NO_CONTENT, responses=documented(Conflict, TooManyRequests))
async def remove_second_factor(body: OneCode, caller: Account, client: Client, services: Wired) -> None:
    """Do without a second factor, by a code of it."""
    await services.door.entering.drop_factor(caller.id, body.code, client)


@router.post("/recovery-codes", responses=documented(Conflict, TooManyRequests))
async def renew_recovery_codes(body: OneCode, caller: Account, client: Client, services: Wired) -> RecoveryCodes:
    """New recovery codes, by a code of the second factor; the former are void."""
    return RecoveryCodes(codes=await services.door.entering.renew_codes(caller.id, body.code, client))


@router.post("/first-admin", status_code=status.HTTP_201_CREATED, responses=documented(Conflict))
async def make_first_admin(
    body: FirstAdmin,
    caller: Annotated[Person, Depends(may(Permission.ROLES_UPDATE, house=True))],
    services: Wired,
) -> FirstAccount:
    """The first account of all, for the caller: `ccb up` makes it, once, and shows its password once."""
    password = await services.door.registering.first(caller, body.email)
    if password is None:
        raise Conflict("There are accounts already: log in, or have a password reset mailed.")
    return FirstAccount(email=body.email, password=password.get_secret_value())
