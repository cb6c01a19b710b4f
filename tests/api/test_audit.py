"""The audit trail by API and CLI: what people do is in it with where they came from, and a forged one is found."""

from typing import Any

import httpx
import pytest
from fastapi import Request, Response
from sqlalchemy import update
from starlette.types import Receive, Scope, Send

from adapters.database import Database
from adapters.database.audit_tables import audit
from api.audited import Audited
from api.repeats import acted_by
from api.wiring import ProcessSettings
from domain import ids
from domain.audit import Deed
from domain.errors import StorageUnavailable
from domain.people import Person, Role
from tests.api.world import World, fresh_name


async def entries(world: World, **query: Any) -> list[dict[str, Any]]:
    async with world.client(Role.ADMIN) as api:
        answer = await api.get("/api/v1/audit", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_what_is_done_through_the_api_is_told_with_who_from_where_and_what_came_of_it(world: World) -> None:
    name = fresh_name("audited")
    async with world.client(Role.ADMIN) as admin:
        made = await admin.post("/api/v1/people", json={"name": name})
        assert made.status_code == 201
    async with world.client(Role.VIEWER) as viewer:
        refused = await viewer.post("/api/v1/people", json={"name": f"{name}-2"})
        assert refused.status_code == 403
    granted, denied = (await entries(world, action="api.add_person", newest=True, limit=2))[-2:]
    assert (granted["actor"]["name"], granted["subject"], granted["result"]) == ("the admin", "/api/v1/people", "201")
    assert (denied["actor"]["name"], denied["result"]) == ("the viewer", "403")
    assert (granted["client"], granted["actor"]["channel"]) == ("127.0.0.1", "api")
    before = len(await entries(world, limit=1000))
    async with world.client(Role.ADMIN) as admin:
        await admin.get("/api/v1/people")
    assert len(await entries(world, limit=1000)) == before, "to look changes nothing"


async def test_the_cli_lists_verifies_and_finds_a_forgery(world: World, settings: ProcessSettings) -> None:
    async with world.client(Role.ADMIN) as admin:
        await admin.post("/api/v1/people", json={"name": fresh_name("verified")})
    listed = await world.ccb("audit", "list", "--limit", "5")
    assert "api.add_person" in listed.out
    whole: Any = (await world.ccb("audit", "list", "--all", "--json")).json()
    good = await world.ccb("audit", "verify", "--json")
    found: Any = good.json()
    assert (good.code, found["broken"], found["entries"]) == (0, None, len(whole))
    noted = await world.ccb("audit", "verify", "--noted", found["head"]["hash"])
    assert noted.code == 0
    assert (await world.ccb("audit", "verify", "--noted", "0" * 64)).code == 1

    database = await Database.open(settings.database)
    chosen = audit.c.sequence == found["entries"]
    try:
        async with database.write() as connection:
            await connection.execute(update(audit).where(chosen).values(result="200"))
        bad = await world.ccb("audit", "verify")
        assert bad.code == 1
        assert f"does not hold at entry {found['entries']}" in bad.err + bad.out
        async with database.write() as connection:
            await connection.execute(update(audit).where(chosen).values(result="201"))
    finally:
        await database.close()
    assert (await world.ccb("audit", "verify")).code == 0


async def test_what_was_done_is_answered_where_the_audit_cannot_be_written_and_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Away:
        async def add(self, deed: Deed) -> None:
            raise StorageUnavailable(f"no room for {deed.action}")

    async def done(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if "authorization" in request.headers:
            acted_by(request, Person(id=ids.new("per"), name="ada"))
        await Response("done", status_code=201)(scope, receive, send)

    transport = httpx.ASGITransport(app=Audited(done, Away()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
        stranger = await api.post("/api/v1/people")
        assert caplog.records == []
        answer = await api.post("/api/v1/people", headers={"Authorization": "Bearer x"})
    assert (stranger.status_code, answer.status_code, answer.text) == (201, 201, "done")
    [record] = [one for one in caplog.records if one.name == "ccb.api.audit"]
    assert (record.levelname, record.message) == ("ERROR", "not in the audit")
    assert record.__dict__["deed"]["actor"]["name"] == "ada"
