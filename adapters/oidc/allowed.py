"""Who may come in at all, and whose word on an address counts."""

from collections.abc import Iterable

from adapters.oidc.settings import ProviderSettings
from domain.errors import Forbidden
from domain.federation import Proven


def admitted(proven: Proven, settings: ProviderSettings, title: str, organizations: Iterable[str] = ()) -> Proven:
    """`proven`, with the provider's word on its address weighed. Raises Forbidden for somebody who may not come in."""
    if settings.allowed_domains and not _within(proven.email, settings.allowed_domains):
        raise Forbidden(
            f"Only people with a verified address of certain domains may log in by {title}; yours is not one of them."
        )
    allowed = {name.casefold() for name in settings.allowed_organizations}
    if allowed and not allowed & {name.casefold() for name in organizations}:
        raise Forbidden(f"Only members of certain organisations may log in by {title}; you are in none of them.")
    return proven.model_copy(update={"trusted": _within(proven.email, settings.trusted_domains)})


def _within(email: str | None, domains: Iterable[str]) -> bool:
    """The domain itself, not one below it: `evil-example.com` and `x.example.com` are not `example.com`."""
    return email is not None and email.rpartition("@")[2].casefold() in {one.casefold() for one in domains}
