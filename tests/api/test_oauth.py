"""Logging in at providers, through the API, the simulated providers and a browser's own rules."""

import dataclasses
import json
import secrets
import sys
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.oidc import OidcSettings
from api.federation import public_address
from api.settings import AccountSettings, EdgeSettings, RateSettings
from api.wiring import ProcessSettings, open_services
from domain.accounts import Registration
from domain.errors import InvalidInput
from domain.people import Role
from simulators.kit import Simulators
from tests.api.browser import Browser, hidden_of, links_of, path_of
from tests.api.loggedin import as_person, deeds_of, session_of, someone
from tests.api.world import World, fresh_name, served
from tests.servers import free_ports, process, ready

PUBLIC = "https://ccb.example"
BASE = "/api/v1/auth"
HOST = "__Host-"


@pytest.fixture(scope="module")
async def simulators(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Simulators]:
    home = tmp_path_factory.mktemp("providers")
    uris = [f"{PUBLIC}{BASE}/oauth/{name}/callback" for name in ("sim", "trusted", "github")]
    config = {"oidc": {"clients": {"ccb": {"secret": secrets.token_urlsafe(16), "redirect_uris": uris}}}}
    (home / "config.json").write_text(json.dumps(config))
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "simulators", "--port", str(port), "--state-dir", str(home / "state")]
    with process([*command, "--config", str(home / "config.json")], log=home / "log") as child:
        async with Simulators(f"http://127.0.0.1:{port}", config=config) as running:
            await ready(running.health, child, home / "log", httpx.HTTPError)
            yield running


@pytest.fixture(scope="module")
def federated(settings: ProcessSettings, simulators: Simulators) -> ProcessSettings:
    client = {"client_id": "ccb", "client_secret": simulators.config["oidc"]["clients"]["ccb"]["secret"]}
    sim = {**client, "issuer": simulators.oidc_url}
    site = f"{simulators.oidc_url}/github"
    providers = {
        "sim": sim,
        "trusted": {**sim, "trusted_domains": ["trusted.example"]},
        "github": {**client, "site_url": site, "api_url": f"{site}/api"},
    }
    return dataclasses.replace(
        settings,
        oidc=OidcSettings.model_validate({"providers": providers}),
        edge=EdgeSettings(public_url=PUBLIC),
        rates=RateSettings.unlimited(),
    )


@pytest.fixture(scope="module")
async def door(federated: ProcessSettings) -> AsyncIterator[World]:
    """An API that is known as PUBLIC, over the common database."""
    services = await open_services(federated)
    async with served(services) as url:
        yield World(url, services, federated.api.data_dir)
    await services.close()


@pytest.fixture
async def browser(door: World) -> AsyncIterator[Browser]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield Browser(http, PUBLIC, door.url)


@pytest.fixture
async def other_browser(door: World) -> AsyncIterator[Browser]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield Browser(http, PUBLIC, door.url)


async def newcomer(simulators: Simulators, *, domain: str = "example.com", verified: bool = True) -> dict[str, object]:
    login = fresh_name("guest")
    return await simulators.act("oidc", "people", login=login, email=f"{login}@{domain}", email_verified=verified)


async def come(browser: Browser, guest: dict[str, object], provider: str = "sim") -> httpx.Response:
    """Log in at a provider, up to where the API leaves the browser."""
    page = await browser.open(f"{PUBLIC}{BASE}/oauth/{provider}/start?return_to=/health/live")
    assert page.status_code == 200, page.text
    return await browser.click(page, f"as={guest['login']}")


async def exchanged(browser: Browser) -> dict[str, str]:
    answer = await browser.one("POST", f"{PUBLIC}{BASE}/oauth/exchange", headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def who(door: World, tokens: dict[str, str]) -> dict[str, object]:
    async with httpx.AsyncClient(base_url=door.url, trust_env=False) as client:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = await client.get("/api/v1/me", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("provider", ["sim", "github"])
async def test_somebody_new_registers_and_comes_back_as_the_same(
    door: World, simulators: Simulators, browser: Browser, other_browser: Browser, provider: str
) -> None:
    guest = await newcomer(simulators)
    ended = await come(browser, guest, provider)
    assert path_of(ended) == "/health/live"
    assert not any("access_token" in str(one.url) for one in browser.seen), "no token is in an address"
    me = await who(door, await exchanged(browser))
    assert (me["name"], me["email"], me["roles"]) == (guest["login"], guest["email"], [Role.VIEWER])
    assert browser.cookies == {}
    again = await browser.one("POST", f"{PUBLIC}{BASE}/oauth/exchange", headers={"Accept": "application/json"})
    assert again.status_code == 401
    await simulators.act("oidc", "people", login=guest["login"], email="new@example.com", name="Renamed")
    await come(other_browser, guest, provider)
    assert (await who(door, await exchanged(other_browser)))["id"] == me["id"]


async def test_an_address_alone_opens_no_account(door: World, simulators: Simulators, browser: Browser) -> None:
    """Neither one that is verified, by a provider that is not trusted for it, nor one that is not."""
    guest = await newcomer(simulators)
    person, _ = await someone(door, email=str(guest["email"]).upper())
    refused = await come(browser, guest)
    assert refused.status_code == 409
    assert "link" in refused.text
    assert f"{HOST}ccb_handoff" not in browser.cookies
    impostor = await newcomer(simulators, domain="trusted.example", verified=False)
    await someone(door, email=str(impostor["email"]))
    refused = await come(browser, impostor, "trusted")
    assert refused.status_code == 403, refused.text
    assert await door.services.federation.identities.of(person.id) == []


async def test_the_provider_of_a_domain_opens_accounts_of_it(
    door: World, simulators: Simulators, browser: Browser
) -> None:
    guest = await newcomer(simulators, domain="trusted.example")
    person, _ = await someone(door, email=str(guest["email"]))
    await come(browser, guest, "trusted")
    assert (await who(door, await exchanged(browser)))["id"] == person.id
    assert await deeds_of(door, person) == ["exchange_login"]


async def test_an_owner_links_uses_and_unlinks(
    door: World, simulators: Simulators, browser: Browser, other_browser: Browser
) -> None:
    guest = await newcomer(simulators)
    person, _ = await someone(door, email=str(guest["email"]))
    other, _ = await someone(door)
    headers = {"Authorization": f"Bearer {(await session_of(door, person)).access_token}", "Accept": "application/json"}
    begun = await browser.one("POST", f"{PUBLIC}{BASE}/oauth/github/link?return_to=/health/live", headers=headers)
    assert begun.status_code == 200, begun.text
    page = await browser.open(begun.json()["authorization_url"])
    ended = await browser.click(page, f"as={guest['login']}")
    assert path_of(ended) == "/health/live"
    assert browser.cookies == {}, "linking logs nobody in"
    await come(other_browser, guest, "github")
    assert (await who(door, await exchanged(other_browser)))["id"] == person.id
    async with as_person(door, await session_of(door, other)) as them:
        mine = {"Authorization": them.headers["authorization"], "Accept": "application/json"}
        begun = await browser.one("POST", f"{PUBLIC}{BASE}/oauth/github/link", headers=mine)
        page = await browser.open(begun.json()["authorization_url"])
        assert (await browser.click(page, f"as={guest['login']}")).status_code == 409
        (identity,) = await door.services.federation.identities.of(person.id)
        assert (await them.delete(f"{BASE}/identities/{identity.id}")).status_code == 404
    async with as_person(door, await session_of(door, person)) as me:
        (listed,) = (await me.get(f"{BASE}/identities")).json()
        assert (listed["provider"], listed["email"]) == ("github", guest["email"])
        assert (await me.delete(f"{BASE}/identities/{listed['id']}")).status_code == 204
    assert (await come(other_browser, guest, "github")).status_code == 409


async def test_an_answer_is_for_the_browser_that_asked(
    door: World, simulators: Simulators, browser: Browser, other_browser: Browser
) -> None:
    """An attacker's own answer, or a victim's, is of no use in another browser; nor twice."""
    guest = await newcomer(simulators)
    page = await browser.open(f"{PUBLIC}{BASE}/oauth/sim/start?return_to=/health/live")
    back = await answer_of(browser, page, guest)
    for planted in ({}, {f"{HOST}ccb_oauth": "x" * 43}, {f"{HOST}ccb_oauth": ""}):
        other_browser.cookies = dict(planted)
        fresh = await browser.open(f"{PUBLIC}{BASE}/oauth/sim/start")
        other = await other_browser.one("GET", await answer_of(browser, fresh, guest))
        assert other.status_code == 401
        assert f"{HOST}ccb_handoff" not in other_browser.cookies
    assert (await browser.open(back)).status_code == 200
    assert (await browser.open(back)).status_code == 401


async def answer_of(browser: Browser, page: httpx.Response, guest: dict[str, object]) -> str:
    """Where the provider sends the browser when the guest agrees."""
    link = next(one for one in links_of(page) if one.endswith(f"as={guest['login']}"))
    return str((await browser.one("GET", link)).headers["location"])


@pytest.mark.parametrize(
    "changes",
    [{"state": ["x"]}, {"state": []}, {"iss": ["https://evil.example"]}, {"iss": []}, {"code": ["x"]}, {"code": []}],
    ids=["other-state", "no-state", "other-issuer", "no-issuer", "other-code", "no-code"],
)
async def test_an_answer_that_was_changed(
    simulators: Simulators, browser: Browser, changes: dict[str, list[str]]
) -> None:
    guest = await newcomer(simulators)
    page = await browser.open(f"{PUBLIC}{BASE}/oauth/sim/start")
    url = urlsplit(await answer_of(browser, page, guest))
    query = {**parse_qs(url.query), **changes}
    spoilt = httpx.URL(f"{PUBLIC}{url.path}").copy_merge_params({k: v[0] for k, v in query.items() if v})
    refused = await browser.open(str(spoilt))
    assert refused.status_code == 401
    assert "<h1>You are not logged in</h1>" in refused.text
    program = await browser.one("GET", str(spoilt), headers={"Accept": "application/problem+json, application/json"})
    assert program.json()["code"] == "unauthenticated"


async def test_a_person_who_refuses_and_a_provider_that_fails(simulators: Simulators, browser: Browser) -> None:
    page = await browser.open(f"{PUBLIC}{BASE}/oauth/sim/start")
    refused = await browser.open(next(one for one in links_of(page) if "as=" not in one))
    assert (refused.status_code, "have not agreed" in refused.text) == (401, True)
    guest = await newcomer(simulators)
    await simulators.fault("oidc", "error", path="^/token$", status=500)
    away = await come(browser, guest)
    assert away.status_code == 503
    assert f"{HOST}ccb_handoff" not in browser.cookies


@pytest.mark.parametrize(
    "where",
    [
        *("https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example"),
        *("/%0d%0aSet-Cookie:x=y\r\n", "javascript:alert(1)", "evil.example", "", "/ü"),
    ],
)
async def test_no_way_leads_elsewhere(browser: Browser, where: str) -> None:
    url = str(httpx.URL(f"{PUBLIC}{BASE}/oauth/sim/start", params={"return_to": where}))
    answer = await browser.one("GET", url)
    assert answer.status_code == 422
    assert "location" not in answer.headers


async def test_who_logs_in_on_the_page_of_a_device(door: World, simulators: Simulators, browser: Browser) -> None:
    guest = await newcomer(simulators)
    asked = (await browser.one("POST", f"{PUBLIC}{BASE}/device", data={"client_id": "a test"})).json()
    assert asked["verification_uri"] == f"{PUBLIC}/device"
    page = await browser.open(asked["verification_uri_complete"])
    assert "Log in with" in page.text
    start = next(link for link in links_of(page) if "/oauth/sim/start" in link)
    page = await browser.open(PUBLIC + start)
    question = await browser.click(page, f"as={guest['login']}")
    assert path_of(question).startswith("/device?user_code=")
    assert asked["user_code"] in question.text
    done = await browser.one("POST", f"{PUBLIC}/device/decide", data={**hidden_of(question), "decision": "allow"})
    assert done.status_code == 200, done.text
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": asked["device_code"]}
    tokens = (await browser.one("POST", f"{PUBLIC}{BASE}/device/token", data=grant)).json()
    assert (await who(door, tokens))["email"] == guest["email"]


async def test_providers_are_listed_and_others_are_not_there(browser: Browser) -> None:
    listed = (await browser.one("GET", f"{PUBLIC}{BASE}/providers", headers={"Accept": "application/json"})).json()
    assert [one["name"] for one in listed] == ["sim", "trusted", "github"]
    assert listed[2]["start"] == f"{PUBLIC}{BASE}/oauth/github/start"
    assert (await browser.one("GET", f"{PUBLIC}{BASE}/oauth/nobody/start")).status_code == 404


async def test_nobody_new_without_an_invitation(federated: ProcessSettings, simulators: Simulators) -> None:
    accounts = AccountSettings(registration=Registration.INVITE)
    closed = dataclasses.replace(federated, door=dataclasses.replace(federated.door, accounts=accounts))
    services = await open_services(closed)
    guest = await newcomer(simulators)
    async with served(services) as url, httpx.AsyncClient(timeout=30, trust_env=False) as http:
        browser = Browser(http, PUBLIC, url)
        refused = await come(browser, guest)
        assert (refused.status_code, "invitation" in refused.text) == (403, True)
        assert await services.door.logins.by_email(str(guest["email"])) is None
    await services.close()


def test_nobody_logs_in_where_it_is_not_encrypted(federated: ProcessSettings) -> None:
    assert public_address(federated.oidc, None, 81) == "http://localhost:81"
    assert public_address(federated.oidc, f"{PUBLIC}/ccb/", 81) == f"{PUBLIC}/ccb"
    with pytest.raises(InvalidInput, match="https"):
        public_address(federated.oidc, "http://ccb.example", 81)
