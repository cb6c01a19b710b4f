"""The device flow: its protocol, and the page at which a person decides."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from domain.federation import DeviceGrant
from tests.api.browser import hidden_of
from tests.api.loggedin import PASSWORD, anonymous, as_person, deeds_of, session_of, someone
from tests.api.world import World

BASE = "/api/v1/auth/device"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def ask(client: httpx.AsyncClient, name: str = "a test") -> dict[str, Any]:
    answer = await client.post(BASE, data={"client_id": name})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def poll(client: httpx.AsyncClient, code: str) -> httpx.Response:
    return await client.post(f"{BASE}/token", data={"grant_type": GRANT, "device_code": code, "client_id": "a test"})


async def waited(world: World, code: str) -> None:
    """As if the interval had passed, and no more."""
    grants = world.services.federation.grants
    now = datetime.now(UTC)
    assert await grants.poll(SecretStr(code), now + timedelta(seconds=60)) is not None


async def test_a_person_allows_a_device(world: World) -> None:
    person, _ = await someone(world)
    async with anonymous(world) as device, as_person(world, await session_of(world, person)) as me:
        asked = await ask(device, "ccb on \x1b[31mevil\N{RIGHT-TO-LEFT OVERRIDE}")
        assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", asked["user_code"])
        assert asked["verification_uri"] == f"{world.services.federation.public_url}/device"
        assert asked["interval"] == 5
        seen = (await me.get(f"{BASE}/{asked['user_code'].lower().replace('-', ' ')}")).json()
        assert (seen["client"], seen["ip"]) == ("ccb on ?[31mevil?", "127.0.0.1")
        decision = {"user_code": asked["user_code"], "allow": True}
        assert (await me.post(f"{BASE}/confirm", json=decision)).status_code == 204
        assert (await me.post(f"{BASE}/confirm", json={**decision, "allow": False})).status_code == 404
        answer = await poll(device, asked["device_code"])
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"].startswith("no-store")
        tokens = answer.json()
        assert tokens["token_type"] == "Bearer"
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await device.get("/api/v1/me", headers=headers)).json()["id"] == person.id
        again = await poll(device, asked["device_code"])
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_polling_is_answered_in_oauths_words(world: World) -> None:
    person, _ = await someone(world)
    async with anonymous(world) as device, as_person(world, await session_of(world, person)) as me:
        asked = await ask(device)
        first = await poll(device, asked["device_code"])
        assert (first.status_code, first.json()["error"]) == (400, "authorization_pending")
        assert (await poll(device, asked["device_code"])).json()["error"] == "slow_down"
        decision = {"user_code": asked["user_code"], "allow": False}
        assert (await me.post(f"{BASE}/confirm", json=decision)).status_code == 204
        refused = await ask(device)
        assert (await poll(device, refused["device_code"])).json()["error"] == "authorization_pending"
        assert (
            await me.post(f"{BASE}/confirm", json={**decision, "user_code": refused["user_code"]})
        ).status_code == 204
        now = datetime.now(UTC)
        found = await world.services.federation.grants.poll(
            SecretStr(refused["device_code"]), now + timedelta(seconds=11)
        )
        assert found is not None
        assert (found[0].state, found[1]) == ("denied", False)
        fresh = await ask(device)
        await me.post(f"{BASE}/confirm", json={**decision, "user_code": fresh["user_code"]})
        assert (await poll(device, fresh["device_code"])).json()["error"] == "access_denied"


async def test_asking_too_often_lengthens_the_wait(world: World) -> None:
    grants, start = world.services.federation.grants, datetime.now(UTC)
    async with anonymous(world) as device:
        code = SecretStr((await ask(device))["device_code"])
    moments = [(0, False), (2, True), (9, True), (23, True), (50, False)]
    for seconds, hasty in moments:
        found = await grants.poll(code, start + timedelta(seconds=seconds))
        assert found is not None
        assert found[1] is hasty, seconds


async def test_what_is_over_is_over(world: World) -> None:
    person, _ = await someone(world)
    now = datetime.now(UTC)
    over = DeviceGrant(
        user_code="BBBBCCCC",
        client="late",
        interval=5,
        created_at=now - timedelta(minutes=20),
        expires_at=now - timedelta(minutes=10),
    )
    await world.services.federation.grants.ask(SecretStr("a late device's code"), over)
    async with anonymous(world) as device, as_person(world, await session_of(world, person)) as me:
        assert (await me.get(f"{BASE}/BBBB-CCCC")).status_code == 404
        refused = await me.post(f"{BASE}/confirm", json={"user_code": "BBBB-CCCC", "allow": True})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert (await poll(device, "a late device's code")).json()["error"] == "expired_token"


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("", b"", "invalid_request"),
        ("", b"client_id=a&client_id=b", "invalid_request"),
        ("", b"\xff\xfe", "invalid_request"),
        ("/token", b"grant_type=password&device_code=x", "unsupported_grant_type"),
        ("/token", b"grant_type=" + GRANT.encode(), "invalid_request"),
        ("/token", b"device_code=unknown&grant_type=" + GRANT.encode(), "invalid_grant"),
        ("/token", b"&".join(b"a%d=b" % n for n in range(50)), "invalid_request"),
    ],
    ids=["nothing", "twice", "no-text", "another-grant", "no-code", "unknown", "too-many"],
)
async def test_bad_requests(world: World, path: str, body: bytes, error: str) -> None:
    async with anonymous(world) as device:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await device.post(BASE + path, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


async def test_only_somebody_who_is_logged_in_decides(world: World) -> None:
    async with anonymous(world) as stranger:
        asked = await ask(stranger)
        decision = {"user_code": asked["user_code"], "allow": True}
        assert (await stranger.post(f"{BASE}/confirm", json=decision)).status_code == 401
        assert (await stranger.get(f"{BASE}/{asked['user_code']}")).status_code == 401
        assert (await poll(stranger, asked["device_code"])).json()["error"] == "authorization_pending"


# The page


@dataclass
class Page:
    """A browser on plain http: it keeps cookies, follows to our pages, and reads forms."""

    http: httpx.AsyncClient

    async def open(self, path: str) -> httpx.Response:
        answer = await self.http.get(path, headers={"Accept": "text/html"})
        assert "script" not in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        return answer

    async def send(self, answer: httpx.Response, **fields: str) -> httpx.Response:
        """The form of the page, filled in."""
        action = re.search(r'<form method="post" action="([^"]+)"', answer.text)
        assert action is not None, answer.text
        return await self.http.post(action[1], data={**hidden_of(answer), **fields}, follow_redirects=True)


@asynccontextmanager
async def a_page(world: World) -> AsyncIterator[Page]:
    async with anonymous(world) as http:
        yield Page(http)


async def test_the_page_logs_in_asks_and_allows(world: World) -> None:
    person, address = await someone(world)
    async with anonymous(world) as device, a_page(world) as page:
        asked = await ask(device, "<b>ccb</b>")
        shown = await page.open(f"/device?user_code={asked['user_code']}")
        assert "form-action 'self'" in shown.headers["content-security-policy"]
        assert "HttpOnly" in shown.headers["set-cookie"]
        assert "SameSite=lax" in shown.headers["set-cookie"]
        refused = await page.send(shown, email=address, password="wrong")
        assert refused.status_code == 401
        assert PASSWORD not in refused.text
        shown = await page.open(f"/device?user_code={asked['user_code']}")
        question = await page.send(shown, email=address, password=PASSWORD)
        assert question.status_code == 200, question.text
        assert "&lt;b&gt;ccb&lt;/b&gt;" in question.text
        assert asked["user_code"] in question.text
        done = await page.send(question, decision="allow")
        assert done.status_code == 200
        assert "ccb_session" not in page.http.cookies
        tokens = (await poll(device, asked["device_code"])).json()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await device.get("/api/v1/me", headers=headers)).json()["id"] == person.id
        sessions = (await device.get("/api/v1/auth/sessions", headers=headers)).json()
        assert [one["method"] for one in sessions] == ["device"], "the page's own session has ended"
    assert await deeds_of(world, person) == ["log_in_on_page", "decide_on_page", "poll_device"]


async def test_no_other_page_can_allow_it(world: World) -> None:
    """Whoever can make a browser send a form does not know its token; another browser's is of no use."""
    _, address = await someone(world)
    async with anonymous(world) as device, a_page(world) as victim, a_page(world) as attacker:
        asked = await ask(device)
        shown = await victim.open(f"/device?user_code={asked['user_code']}")
        question = await victim.send(shown, email=address, password=PASSWORD)
        foreign = await attacker.open(f"/device?user_code={asked['user_code']}")
        theirs = re.search(r'name="csrf" value="([^"]+)"', foreign.text)
        assert theirs is not None
        for token in ("", theirs[1], "ü"):
            body = {"csrf": token, "user_code": asked["user_code"], "decision": "allow"}
            assert (await victim.http.post("/device/decide", data=body)).status_code == 422
            login = {"csrf": token, "email": address, "password": PASSWORD}
            assert (await victim.http.post("/device/login", data=login)).status_code == 422
        assert (await poll(device, asked["device_code"])).json()["error"] == "authorization_pending"
        assert (await victim.send(question, decision="refuse")).status_code == 200
        await waited(world, asked["device_code"])
        assert (await poll(device, asked["device_code"])).json()["error"] == "invalid_grant"


async def test_a_code_that_is_not_there_is_said_on_the_page(world: World) -> None:
    _, address = await someone(world)
    async with a_page(world) as page:
        shown = await page.open("/device")
        question = await page.send(shown, email=address, password=PASSWORD)
        assert 'name="user_code"' in question.text
        wrong = await page.open("/device?user_code=%3Cscript%3E")
        assert wrong.status_code == 404
