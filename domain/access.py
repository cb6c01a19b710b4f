"""Who may do what: permissions, roles that grant them, conditions on what they are granted for.

Everything is refused that no grant allows. There is no expression language: a condition is an attribute and the values
that it may have, and one that is not known here (a newer version wrote it) is not met.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from domain.base import Data
from domain.people import Person, Role, RoleName


class Permission(StrEnum):
    """`resource:action`: all that can be allowed here. Every route needs one of these, or is listed as needing none."""

    INTEGRATIONS_READ = "integrations:read"
    INTEGRATIONS_CREATE = "integrations:create"
    INTEGRATIONS_UPDATE = "integrations:update"
    INTEGRATIONS_RETIRE = "integrations:retire"
    INTEGRATIONS_TEST = "integrations:test"
    INTEGRATIONS_DEPLOY = "integrations:deploy"
    INTEGRATIONS_ROLLBACK = "integrations:rollback"
    DOCUMENTS_CREATE = "documents:create"
    VERSIONS_READ = "versions:read"
    VERSIONS_ANNOTATE = "versions:annotate"
    LOGS_READ = "logs:read"
    HEALTH_READ = "health:read"
    REGISTRY_READ = "registry:read"
    RUNS_READ = "runs:read"
    RUNS_STEER = "runs:steer"
    RUNS_REVIEW = "runs:review"
    RUNS_FUND = "runs:fund"
    SECRETS_READ = "secrets:read"
    SECRETS_UPDATE = "secrets:update"
    LIMITS_READ = "limits:read"
    LIMITS_UPDATE = "limits:update"
    SCHEDULES_READ = "schedules:read"
    SCHEDULES_UPDATE = "schedules:update"
    PEOPLE_READ = "people:read"
    PEOPLE_CREATE = "people:create"
    PEOPLE_UPDATE = "people:update"
    PEOPLE_REMOVE = "people:remove"
    SESSIONS_READ = "sessions:read"
    SESSIONS_REVOKE = "sessions:revoke"
    KEYS_READ = "keys:read"
    KEYS_CREATE = "keys:create"
    KEYS_REVOKE = "keys:revoke"
    ROLES_READ = "roles:read"
    ROLES_UPDATE = "roles:update"
    ORGANIZATIONS_READ = "organizations:read"
    ORGANIZATIONS_CREATE = "organizations:create"
    ORGANIZATIONS_UPDATE = "organizations:update"
    AUDIT_READ = "audit:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_REPLAY = "webhooks:replay"


class Attribute(StrEnum):
    """What a condition can ask of a thing. `owner` is `self` for what the person themselves answers for now."""

    OWNER = "owner"
    NAME = "name"
    STAGE = "stage"
    ENVIRONMENT = "environment"


class Condition(Data):
    """The attribute has one of the values; in those of `name`, `*` stands for any characters.

    What has no such attribute (a list has none) does not meet it.
    """

    attribute: str = Field(max_length=40, examples=["environment"])
    values: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9*_-]{1,50}$")], ...] = Field(
        min_length=1, max_length=50, examples=[["staging"]]
    )

    def met(self, about: Mapping[str, str]) -> bool:
        value = about.get(self.attribute)
        match self.attribute:
            case _ if value is None:
                return False
            case Attribute.NAME:
                return any(fnmatchcase(value, pattern) for pattern in self.values)
            case Attribute.OWNER | Attribute.STAGE | Attribute.ENVIRONMENT:
                return value in self.values
        return False


Conditions = tuple[Condition, ...]
"""All of them have to be met."""


class Grant(Data):
    """One permission, and for what: for everything in the organisation if it has no conditions."""

    resource: str = Field(max_length=40, examples=["integrations"])
    action: str = Field(max_length=40, examples=["deploy"])
    conditions: Conditions = Field(default=(), max_length=10)

    @property
    def permission(self) -> str:
        return f"{self.resource}:{self.action}"


class RoleDefinition(Data):
    """A role: built in, or an organisation's own."""

    name: RoleName
    permissions: tuple[Grant, ...] = Field(max_length=200)
    built_in: bool = False


def _said_in_the_schema(schema: dict[str, Any]) -> None:
    """Which actions each resource has, and what conditions can ask for."""
    actions: dict[str, list[JsonValue]] = {}
    for one in Permission:
        resource, _, action = one.partition(":")
        actions.setdefault(resource, []).append(action)
    known: list[JsonValue] = [
        {"properties": {"resource": {"const": resource}, "action": {"enum": found}}}
        for resource, found in actions.items()
    ]
    asked: JsonValue = {"items": {"properties": {"attribute": {"enum": [*Attribute]}}}}
    permissions = schema["properties"]["permissions"]
    permissions["items"] = {"allOf": [permissions["items"], {"anyOf": known, "properties": {"conditions": asked}}]}


class NewRole(Data):
    """What a role of one's own allows. Only what is known here can be given."""

    model_config = ConfigDict(json_schema_extra=_said_in_the_schema)

    permissions: tuple[Grant, ...] = Field(max_length=200)

    @model_validator(mode="after")
    def _known(self) -> Self:
        permissions, attributes = set(Permission), set(Attribute)
        for grant in self.permissions:
            if grant.permission not in permissions:
                raise ValueError(f"there is no permission {grant.permission}; GET /api/v1/permissions lists them all")
            for condition in grant.conditions:
                if condition.attribute not in attributes:
                    raise ValueError(f"{condition.attribute} is none of {', '.join(Attribute)}")
        return self


@dataclass(frozen=True)
class Rights:
    """For each permission the ways to have it, of which one is enough. Without conditions: for everything."""

    grants: Mapping[str, tuple[Conditions, ...]]

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> Self:
        ways: dict[str, tuple[Conditions, ...]] = {}
        for grant in grants:
            ways[grant.permission] = (*ways.get(grant.permission, ()), grant.conditions)
        return cls(ways)

    def has(self, permission: Permission) -> bool:
        """For something at least."""
        return permission in self.grants

    def depends(self, permission: Permission) -> bool:
        """Whether it depends on the thing."""
        return all(self.grants.get(permission, ()))

    def allow(self, permission: Permission, about: Mapping[str, str]) -> bool:
        """For a thing with these attributes."""
        ways = self.grants.get(permission, ())
        return any(all(condition.met(about) for condition in way) for way in ways)

    def cover(self, other: "Rights") -> bool:
        """Whether all that `other` allows is allowed here too, as far as can be told from the conditions' names."""
        return all(
            any(set(mine) <= set(theirs) for mine in self.grants.get(permission, ()))
            for permission, ways in other.grants.items()
            for theirs in ways
        )

    def within(self, scopes: Collection[str] | None) -> "Rights":
        """Only what the scopes name; None names everything."""
        if scopes is None:
            return self
        return Rights({name: ways for name, ways in self.grants.items() if name in scopes})

    @cached_property
    def names(self) -> list[str]:
        return sorted(self.grants)


NONE = Rights({})

_P = Permission
_ADDED: dict[Role, tuple[Permission, ...]] = {
    Role.VIEWER: (
        _P.INTEGRATIONS_READ,
        _P.VERSIONS_READ,
        _P.LOGS_READ,
        _P.HEALTH_READ,
        _P.REGISTRY_READ,
        _P.RUNS_READ,
        _P.SECRETS_READ,
        _P.SCHEDULES_READ,
        _P.PEOPLE_READ,
        _P.ROLES_READ,
        _P.ORGANIZATIONS_READ,
    ),
    Role.DEVELOPER: (
        _P.INTEGRATIONS_CREATE,
        _P.INTEGRATIONS_UPDATE,
        _P.INTEGRATIONS_TEST,
        _P.DOCUMENTS_CREATE,
        _P.VERSIONS_ANNOTATE,
        _P.RUNS_STEER,
    ),
    Role.REVIEWER: (_P.RUNS_REVIEW,),
    Role.OPERATOR: (
        _P.INTEGRATIONS_DEPLOY,
        _P.INTEGRATIONS_ROLLBACK,
        _P.INTEGRATIONS_RETIRE,
        _P.RUNS_FUND,
        _P.SECRETS_UPDATE,
        _P.LIMITS_READ,
        _P.LIMITS_UPDATE,
        _P.SCHEDULES_UPDATE,
        _P.PEOPLE_CREATE,
        _P.PEOPLE_UPDATE,
        _P.PEOPLE_REMOVE,
        _P.SESSIONS_READ,
        _P.SESSIONS_REVOKE,
        _P.KEYS_READ,
        _P.KEYS_CREATE,
        _P.KEYS_REVOKE,
        _P.AUDIT_READ,
        _P.WEBHOOKS_READ,
        _P.WEBHOOKS_REPLAY,
    ),
    Role.ADMIN: (_P.ROLES_UPDATE, _P.ORGANIZATIONS_CREATE, _P.ORGANIZATIONS_UPDATE),
}
"""What each role has beside what the one before it has."""


def _built_in(role: Role) -> RoleDefinition:
    ranks = list(Role)[: list(Role).index(role) + 1]
    permissions = [permission for rank in ranks for permission in _ADDED[rank]]
    grants = [Grant(resource=one.partition(":")[0], action=one.partition(":")[2]) for one in permissions]
    return RoleDefinition(name=role, permissions=tuple(grants), built_in=True)


BUILT_IN: dict[str, RoleDefinition] = {role: _built_in(role) for role in Role}
RIGHTS: dict[str, Rights] = {name: Rights.of(role.permissions) for name, role in BUILT_IN.items()}


class Acting(Person):
    """A person as they act in one request: in one organisation, with the rights that their credential leaves them.

    `narrow`: their key has scopes or an end. `bound_to`: the organisation where alone it is good.
    """

    rights: Rights = Field(default=NONE, exclude=True, repr=False)
    key_id: str | None = Field(default=None, exclude=True)
    session_id: str | None = Field(default=None, exclude=True)
    narrow: bool = Field(default=False, exclude=True)
    bound_to: str | None = Field(default=None, exclude=True)

    @property
    def limited(self) -> bool:
        """Whether their credential is less than they are."""
        return self.narrow or self.bound_to is not None

    def may(self, permission: Permission, about: Mapping[str, str] | None = None) -> bool:
        return self.rights.allow(permission, about or {})


class ApiKey(Data):
    """A key, without the key: `prefix` is how it begins. `scopes` null: all that its owner may.

    `organization_id`: where alone it is good; null: wherever its owner is a member.
    """

    id: str
    person_id: str
    label: str
    prefix: str
    scopes: tuple[str, ...] | None = None
    organization_id: str | None = None
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    last_used_at: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
