"""A fresh installation, without a mail server: its first account, letters as files, and the commands about accounts."""

import asyncio
import dataclasses
import secrets
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from adapters.database import DatabaseSettings
from adapters.database.migrate import migrate
from api.wiring import ProcessSettings, open_services
from cli.first import first_account
from cli.stack import Addresses
from tests.api.world import World, served

EMAIL = "admin@localhost"


@pytest.fixture
async def fresh(settings: ProcessSettings, tmp_path: Path) -> AsyncIterator[World]:
    url = f"sqlite+aiosqlite:///{tmp_path}/ccb.db"
    await migrate(url)
    (tmp_path / "operator.key").write_text(f"ccb_{secrets.token_urlsafe(32)}\n")
    given = dataclasses.replace(
        settings,
        api=settings.api.model_copy(update={"data_dir": tmp_path}),
        database=DatabaseSettings(url=SecretStr(url)),
    )
    services = await open_services(given)
    async with served(services) as url:
        (tmp_path / "stack.json").write_text(f'{{"api_url": "{url}"}}')
        yield World(url, services, tmp_path)
    await services.close()


async def test_the_first_account_is_the_operators_and_made_once(fresh: World):
    addresses = Addresses.model_construct(api_url=fresh.url, data_dir=fresh.data_dir)
    asked = [asyncio.to_thread(first_account, addresses, EMAIL) for _ in range(3)]
    made = [one for one in await asyncio.gather(*asked) if one is not None]
    assert [one.email for one in made] == [EMAIL]
    assert await asyncio.to_thread(first_account, addresses, "mallory@example.com") is None
    async with httpx.AsyncClient(base_url=fresh.url, trust_env=False) as api:
        answer = await api.post("/api/v1/auth/login", json={"email": EMAIL, "password": made[0].password})
        assert answer.status_code == 200, answer.text
        token = answer.json()["tokens"]["access_token"]
        me = (await api.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).json()
    assert (me["name"], me["roles"], me["email"]) == ("operator", ["admin"], EMAIL)
    kept = [file for file in fresh.data_dir.rglob("*") if file.is_file() and made[0].password in str(file.read_bytes())]
    assert kept == []


async def test_without_a_mail_server_letters_are_files_for_their_owner_alone(fresh: World):
    body = {"email": "ada@example.com", "name": "Ada ☂", "password": "three tall green giraffes"}
    async with httpx.AsyncClient(base_url=fresh.url, trust_env=False) as api:
        assert (await api.post("/api/v1/auth/register", json=body)).status_code == 202
        await fresh.services.door.posting.idle()
        (file,) = (fresh.data_dir / "mail").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        letter = message_from_bytes(file.read_bytes(), policy=default)
        assert (letter["To"], letter["Auto-Submitted"]) == ("ada@example.com", "auto-generated")
        text = letter.get_content().replace("\r\n", "\n")
        code = text.split("The code is ")[1].split()[0]
        assert (
            f"/api/v1/auth/verify -H 'Content-Type: application/json' \\\n      -d '{{\"token\": \"{code}\"}}'" in text
        )
        assert (await api.post("/api/v1/auth/verify", json={"token": code})).status_code == 204
        assert (await api.post("/api/v1/auth/login", json={k: body[k] for k in ("email", "password")})).is_success


async def test_one_sees_and_ends_sessions_by_command(fresh: World):
    addresses = Addresses.model_construct(api_url=fresh.url, data_dir=fresh.data_dir)
    made = await asyncio.to_thread(first_account, addresses, EMAIL)
    assert made is not None
    async with httpx.AsyncClient(base_url=fresh.url, trust_env=False) as api:
        for _ in range(3):
            await api.post("/api/v1/auth/login", json=made.model_dump())
    me = await fresh.ccb("me")
    assert "operator" in me.out
    assert "admin in" in me.out
    found = (await fresh.ccb("sessions", "list", "--json")).json()
    assert [(one["method"], one["current"]) for one in found] == [("password", False)] * 3
    assert (await fresh.ccb("sessions", "end", found[0]["id"])).out == "Ended 1.\n"
    assert (await fresh.ccb("sessions", "end", "--all", "--of", "operator", "--json")).json() == {"sessions": 2}
