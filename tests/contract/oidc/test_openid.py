"""The OpenID adapter over the simulated provider: who it is, and everything that must not be believed."""

from collections.abc import Callable

import pytest

from adapters.oidc import OidcSettings, Providers
from domain.errors import Forbidden, NotFound, Unauthenticated, VendorRateLimited, VendorRejected, VendorUnavailable
from simulators.kit import Simulators
from tests.contract.oidc.conftest import Login

Opened = Callable[..., Providers]


async def test_somebody_is_who_they_say(opened: Opened, simulators: Simulators) -> None:
    login = Login(opened().named("sim"))
    answer = await login.answer("alice")
    assert answer["state"] == login.state
    proven = await login.finish(answer)
    assert proven.issuer == simulators.oidc_url
    assert proven.subject.startswith("sub-")
    assert (proven.name, proven.email, proven.trusted) == ("alice", "alice@example.com", False)
    token = (await simulators.journal("oidc", path="^/token$"))[-1]
    assert "client_secret" not in token.body
    assert f"code_verifier={login.verifier}" in token.body


async def test_an_address_that_is_not_verified_is_not_told(opened: Opened) -> None:
    login = Login(opened().named("sim"))
    proven = await login.finish(await login.answer("mallory"))
    assert proven.email is None


@pytest.mark.parametrize(
    "how",
    [
        *("wrong_iss", "wrong_aud", "many_audiences", "wrong_nonce", "no_nonce", "expired", "from_the_future"),
        *("alg_none", "public_key_as_secret", "unknown_key", "forged_key", "wrong_at_hash", "wrong_subject"),
    ],
)
async def test_what_must_not_be_believed(opened: Opened, simulators: Simulators, how: str) -> None:
    providers = opened(cache=0)
    login = Login(providers.named("sim"))
    answer = await login.answer("alice")
    await simulators.act("oidc", "misbehave", how=how)
    with pytest.raises(Unauthenticated) as refused:
        await login.finish(answer)
    assert "alice" not in refused.value.message
    again = Login(providers.named("sim"))
    assert (await again.finish(await again.answer("alice"))).email == "alice@example.com"


async def test_a_code_is_good_once_for_its_own_login(opened: Opened) -> None:
    provider = opened().named("sim")
    login, other = Login(provider), Login(provider)
    answer = await login.answer("alice")
    with pytest.raises(Unauthenticated):  # a code that was injected into another login: PKCE
        await login.finish(answer, verifier=other.verifier)
    answer = await login.answer("alice")
    with pytest.raises(Unauthenticated):
        await login.finish(answer, nonce=other.nonce)
    answer = await login.answer("alice")
    await login.finish(answer)
    with pytest.raises(Unauthenticated):
        await login.finish(answer)


@pytest.mark.parametrize("issuer", [None, "https://other.example"], ids=["none", "another"])
async def test_an_answer_of_another_provider_is_not_redeemed(
    opened: Opened, simulators: Simulators, issuer: str | None
) -> None:
    login = Login(opened().named("sim"))
    answer = await login.answer("alice")
    before = await simulators.last("oidc")
    with pytest.raises(Unauthenticated):
        await login.finish(answer, issuer=issuer)
    assert await simulators.journal("oidc", since=before, path="^/token$") == []


async def test_keys_may_be_rotated_and_strangers_cannot_have_them_fetched_at_will(
    opened: Opened, simulators: Simulators
) -> None:
    now = [0.0]
    provider = opened(clock=lambda: now[0]).named("sim")

    async def log_in() -> None:
        login = Login(provider)
        await login.finish(await login.answer("alice"))

    await log_in()
    before = await simulators.last("oidc")
    await log_in()
    assert await simulators.journal("oidc", since=before, path="jwks|well-known") == []
    await simulators.act("oidc", "rotate")
    with pytest.raises(Unauthenticated):  # within seconds of the last fetch
        await log_in()
    now[0] = 6.0
    await log_in()
    for _ in range(3):
        await simulators.act("oidc", "misbehave", how="unknown_key")
        with pytest.raises(Unauthenticated):
            await log_in()
    assert len(await simulators.journal("oidc", since=before, path="jwks")) == 1
    now[0] = 4000.0
    await log_in()
    assert len(await simulators.journal("oidc", since=before, path="well-known")) == 1


async def test_discovery_has_to_be_of_the_issuer(opened: Opened, simulators: Simulators) -> None:
    await simulators.act("oidc", "misbehave", how="other_issuer")
    provider = opened().named("sim")
    with pytest.raises(VendorRejected):
        await Login(provider).url()
    assert (await Login(provider).url()).startswith(simulators.oidc_url)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "error", "status": 503}, VendorUnavailable),
        ({"kind": "error", "status": 429}, VendorRateLimited),
        ({"kind": "error", "status": 400, "body": "<html>"}, VendorRejected),
        ({"kind": "drop"}, VendorUnavailable),
        ({"kind": "lose_reply"}, VendorUnavailable),
        ({"kind": "latency", "seconds": 3}, VendorUnavailable),
    ],
    ids=["5xx", "429", "html", "drop", "lost", "slow"],
)
async def test_a_provider_that_fails_is_said_and_no_code_is_in_the_words(
    opened: Opened, simulators: Simulators, fault: dict[str, object], error: type[Exception]
) -> None:
    login = Login(opened().named("sim"))
    answer = await login.answer("alice")
    await simulators.fault("oidc", path="^/token$", **fault)  # type: ignore[arg-type]
    with pytest.raises(error) as failed:
        await login.finish(answer)
    assert answer["code"] not in str(failed.value)


async def test_without_an_id_token_nobody_is_anybody(opened: Opened, simulators: Simulators) -> None:
    login = Login(opened().named("sim"))
    answer = await login.answer("alice")
    await simulators.act("oidc", "misbehave", how="no_id_token")
    with pytest.raises(VendorRejected):
        await login.finish(answer)


async def test_only_some_domains_may_come_in_and_only_some_are_believed(opened: Opened) -> None:
    login = Login(opened(allowed_domains=["acme.example"]).named("sim"))
    with pytest.raises(Forbidden):
        await login.finish(await login.answer("alice"))
    login = Login(opened(allowed_domains=["example.com"]).named("sim"))
    with pytest.raises(Forbidden):  # the address is not verified, so it opens nothing
        await login.finish(await login.answer("mallory"))
    login = Login(opened(trusted_domains=["EXAMPLE.com"]).named("sim"))
    assert (await login.finish(await login.answer("alice"))).trusted
    login = Login(opened(trusted_domains=["ample.com"]).named("sim"))
    assert not (await login.finish(await login.answer("alice"))).trusted


def test_settings_in_short_and_what_is_refused() -> None:
    keys = {"client_id": "a", "client_secret": "b"}
    made = OidcSettings.model_validate({"providers": {"google": keys, "github": keys}})
    assert made.providers["google"].issuer == "https://accounts.google.com"
    assert made.providers["github"].kind == "github"
    for wrong in ({"corp": keys}, {"corp": {**keys, "issuer": "http://login.example"}}, {"Corp!": keys}):
        with pytest.raises(ValueError, match="providers"):
            OidcSettings.model_validate({"providers": wrong})


async def test_one_that_is_not_configured(opened: Opened) -> None:
    with pytest.raises(NotFound):
        opened().named("nobody")
