"""Logging in by GitHub, over its simulated OAuth."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.oidc import Providers
from domain.errors import Forbidden, Unauthenticated, VendorRejected, VendorUnavailable
from simulators.kit import Simulators
from tests.contract.oidc.conftest import Login

Opened = Callable[..., Providers]


async def test_somebody_is_known_by_their_number(opened: Opened, simulators: Simulators) -> None:
    login = Login(opened().named("github"))
    query = parse_qs(urlsplit(await login.url()).query)
    assert query["scope"] == ["user:email"]
    assert query["code_challenge_method"] == ["S256"]
    proven = await login.finish(await login.answer("alice"))
    assert proven.issuer == f"{simulators.oidc_url}/github"
    assert proven.subject.isdecimal()
    assert (proven.login, proven.email) == ("alice", "alice@example.com")


async def test_only_the_primary_address_if_it_is_verified(opened: Opened, simulators: Simulators) -> None:
    await simulators.act(
        "oidc",
        "people",
        login="carol",
        email="carol@example.com",
        email_verified=False,
        more_emails=[{"email": "carol@acme.example", "verified": True}],
    )
    login = Login(opened().named("github"))
    assert (await login.finish(await login.answer("carol"))).email is None
    login = Login(opened(allowed_domains=["acme.example"]).named("github"))
    with pytest.raises(Forbidden):
        await login.finish(await login.answer("carol"))


async def test_only_members_of_an_organisation(opened: Opened, simulators: Simulators) -> None:
    await simulators.act("oidc", "people", login="dave", organizations=["Acme"])
    providers = opened(allowed_organizations=["acme"])
    login = Login(providers.named("github"))
    assert "read:org" in parse_qs(urlsplit(await login.url()).query)["scope"][0]
    assert (await login.finish(await login.answer("dave"))).login == "dave"
    login = Login(providers.named("github"))
    with pytest.raises(Forbidden):
        await login.finish(await login.answer("alice"))


async def test_a_code_is_good_once_and_for_its_own_login(opened: Opened) -> None:
    provider = opened().named("github")
    login = Login(provider)
    answer = await login.answer("alice")
    with pytest.raises(Unauthenticated):
        await login.finish(answer, verifier=Login(provider).verifier)
    answer = await login.answer("alice")
    await login.finish(answer)
    with pytest.raises(Unauthenticated):
        await login.finish(answer)
    with pytest.raises(Unauthenticated):
        await login.finish(await login.answer("alice"), issuer="https://evil.example")


async def test_a_wrong_secret_is_ours_to_mend(opened: Opened) -> None:
    login = Login(opened(client_secret="wrong").named("github"))
    with pytest.raises(VendorRejected, match="incorrect_client_credentials"):
        await login.finish(await login.answer("alice"))


async def test_an_api_that_fails(opened: Opened, simulators: Simulators) -> None:
    login = Login(opened().named("github"))
    await simulators.fault("oidc", "error", path="/user/emails", status=502)
    with pytest.raises(VendorUnavailable):
        await login.finish(await login.answer("alice"))


async def test_who_refuses_brings_no_code(opened: Opened) -> None:
    answer = await Login(opened().named("github")).answer("")
    assert answer["error"] == "access_denied"
    assert "code" not in answer
