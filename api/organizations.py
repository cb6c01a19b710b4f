"""Organisations: one's own, their names, who is invited; and joining one."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, status
from pydantic import Field, SecretStr

from api.problems import documented
from api.repeats import Repeated
from api.rights import may_give
from api.security import Account, Caller, needs
from api.services import Wired
from domain.access import Acting, Permission
from domain.base import Data
from domain.errors import Conflict, NotFound
from domain.organizations import Invitation, Membership, Organization
from domain.people import Person, Role, RoleName, ShownName

router = APIRouter(prefix="/api/v1/organizations", tags=["organizations"])
invitations = APIRouter(prefix="/api/v1/invitations", tags=["organizations"])

INVITED_FOR = timedelta(days=7)

OrganizationId = Annotated[
    str, Path(description="Which; the one acted in.", max_length=100, examples=["org_00000000000000000000000000000000"])
]


class NewOrganization(Data):
    name: ShownName = Field(examples=["Payments"])


class NewMember(Data):
    """Somebody of an organisation of yours, by id. Whoever is in none is invited."""

    person_id: str = Field(max_length=100, examples=["per_01a208b6dbf270b3a0afa79a44221072"])
    role: RoleName = Role.DEVELOPER


class NewInvitation(Data):
    """Who may join as what. With an address, only the person who is known here by it, and it is written to."""

    role: RoleName = Role.DEVELOPER
    email: str | None = Field(default=None, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")


class IssuedInvitation(Data):
    """`code` is shown this once: whoever joins sends it."""

    invitation: Invitation
    code: str


class Acceptance(Data):
    code: SecretStr = Field(min_length=1, max_length=200, json_schema_extra={"writeOnly": True})


@router.get("", responses=documented())
async def list_organizations(caller: Caller, services: Wired) -> list[Membership]:
    """Those that you belong to, your home first, with your role in each."""
    return [
        one
        for one in await services.organizations.of(caller.id)
        if caller.bound_to is None or one.organization.id == caller.bound_to
    ]


@router.post(
    "",
    dependencies=[needs(Permission.ORGANIZATIONS_CREATE, house=True)],
    status_code=status.HTTP_201_CREATED,
    responses=documented(),
)
async def create_organization(body: NewOrganization, caller: Caller, services: Wired) -> Organization:
    """Make an organisation, whose admin you are. It has integrations, people, roles and a monthly limit of its own."""
    return await services.organizations.create(body.name, admin=caller)


@router.get("/{organization}", dependencies=[needs(Permission.ORGANIZATIONS_READ)], responses=documented(NotFound))
async def read_organization(organization: OrganizationId, caller: Caller, services: Wired) -> Organization:
    """The organisation acted in."""
    return await services.organizations.get(_acted_in(organization, caller))


@router.patch("/{organization}", dependencies=[needs(Permission.ORGANIZATIONS_UPDATE)], responses=documented(NotFound))
async def rename_organization(
    organization: OrganizationId, body: NewOrganization, caller: Caller, services: Wired
) -> Organization:
    """Give it another name; its id stays."""
    return await services.organizations.rename(_acted_in(organization, caller), body.name)


@router.post(
    "/{organization}/members",
    dependencies=[needs(Permission.PEOPLE_CREATE)],
    status_code=status.HTTP_201_CREATED,
    responses=documented(NotFound, Conflict),
)
async def add_member(organization: OrganizationId, body: NewMember, caller: Caller, services: Wired) -> Person:
    """Make somebody a member who is in another organisation of yours. Members are listed, and removed, as people."""
    here = _acted_in(organization, caller)
    await may_give(caller, body.role, services)
    if caller.bound_to is not None or not await services.organizations.share(caller.id, body.person_id):
        raise NotFound(f"Nobody of your organisations has the id {body.person_id}.", person_id=body.person_id)
    await services.organizations.join(here, body.person_id, body.role)
    return await services.people.get(body.person_id, here)


@router.get("/{organization}/invitations", dependencies=[needs(Permission.PEOPLE_READ)], responses=documented(NotFound))
async def list_invitations(organization: OrganizationId, caller: Caller, services: Wired) -> list[Invitation]:
    """Those still open, the newest first."""
    return await services.organizations.invitations(_acted_in(organization, caller))


@router.post(
    "/{organization}/invitations",
    dependencies=[needs(Permission.PEOPLE_CREATE)],
    status_code=status.HTTP_201_CREATED,
    responses=documented(NotFound),
)
async def create_invitation(
    organization: OrganizationId, body: NewInvitation, caller: Caller, services: Wired, once: Repeated
) -> IssuedInvitation:
    """Invite somebody, for seven days; an address is mailed the code. Nobody can give a role above their own."""
    here, now = _acted_in(organization, caller), datetime.now(UTC)
    await may_give(caller, body.role, services)
    invitation = Invitation(
        id=once.made("inv"),
        organization_id=here,
        role=body.role,
        email=body.email,
        invited_by=caller.id,
        created_at=now,
        expires_at=now + INVITED_FOR,
    )
    code = await services.organizations.invite(invitation)
    if invitation.email is not None:
        named = (await services.organizations.get(here)).name
        services.door.registering.joining(invitation, code, caller, named)
    return IssuedInvitation(invitation=invitation, code=code.get_secret_value())


@router.delete(
    "/{organization}/invitations/{invitation}",
    dependencies=[needs(Permission.PEOPLE_CREATE)],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(NotFound),
)
async def withdraw_invitation(
    organization: OrganizationId,
    invitation: Annotated[str, Path(description="Which.", max_length=100)],
    caller: Caller,
    services: Wired,
) -> None:
    """Take an open invitation back."""
    await services.organizations.withdraw(_acted_in(organization, caller), invitation)


@invitations.post("/accept", responses=documented(NotFound, Conflict))
async def join_organization(body: Acceptance, caller: Account, services: Wired) -> Membership:
    """Join the organisation that you were invited to. Act there by the header CCB-Organization."""
    accepted = await services.organizations.accept(body.code, caller.id)
    joined = await services.organizations.of(caller.id)
    return next(one for one in joined if one.organization.id == accepted.organization_id)


def _acted_in(organization: str, caller: Acting) -> str:
    """Any other is not there, whether it is or not."""
    if organization != caller.organization_id:
        raise NotFound(
            f"There is no organisation {organization} here; act in it by the header CCB-Organization.",
            organization_id=organization,
        )
    return organization
