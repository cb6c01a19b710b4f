"""`ccb login`, `ccb whoami`, `ccb logout`, and a session that other commands use and renew."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.people import Role
from tests.api.loggedin import as_person, session_of, someone
from tests.api.world import Ran, World, run_ccb

BASE = "/api/v1/auth/device"


@dataclass
class Terminal:
    """Somebody's shell: `ccb` finds no operator's key there."""

    url: str
    home: Path

    @property
    def file(self) -> Path:
        return self.home / "config" / "ccb" / "tokens.json"

    @property
    def environment(self) -> dict[str, str]:
        home = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config")}
        return {"PATH": "/usr/bin:/bin", "COLUMNS": "200", "CCB_API_URL": self.url, **home}

    async def ccb(self, *arguments: str, **more: str) -> Ran:
        return await run_ccb(*arguments, environment=self.environment | more, folder=self.home)

    async def log_in(self, me: httpx.AsyncClient) -> dict[str, Any]:
        """`ccb login`, allowed by `me`; what it prints at last."""
        child = await asyncio.create_subprocess_exec(
            Path(sys.executable).parent / "ccb",
            *("login", "--json"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=self.environment,
            cwd=self.home,
        )
        assert child.stdout is not None
        async with asyncio.timeout(60):
            asked = json.loads(await child.stdout.readline())
            decision = {"user_code": asked["user_code"], "allow": True}
            assert (await me.post(f"{BASE}/confirm", json=decision)).status_code == 204
            told = json.loads(await child.stdout.readline())
            assert await child.wait() == 0
        return told

    def age(self) -> dict[str, str]:
        """The access token is over by the clock; its former tokens."""
        kept = json.loads(self.file.read_text())
        former = kept[self.url]
        kept[self.url] = {**former, "expires_at": "2020-01-01T00:00:00Z"}
        self.file.write_text(json.dumps(kept))
        return former


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(world.url, tmp_path)


async def test_ccb_logs_in_acts_renews_and_logs_out(world: World, terminal: Terminal) -> None:
    person, _ = await someone(world, role=Role.DEVELOPER)
    async with as_person(world, await session_of(world, person)) as me:
        told = await terminal.log_in(me)
        assert told["name"] == person.name
        assert terminal.file.stat().st_mode & 0o777 == 0o600
        former = terminal.age()
        together = await asyncio.gather(*(terminal.ccb("whoami", "--json") for _ in range(3)))
        assert [ran.code for ran in together] == [0, 0, 0], [ran.err for ran in together]
        assert {ran.json()["id"] for ran in together} == {person.id}
        kept = json.loads(terminal.file.read_text())[terminal.url]
        assert kept["refresh_token"] != former["refresh_token"]
        assert terminal.file.stat().st_mode & 0o777 == 0o600
        key = await world.key(Role.VIEWER, "a key that wins")
        assert "a key that wins" in (await terminal.ccb("whoami", CCB_API_KEY=key)).out
        ended = await terminal.ccb("logout", "--json")
        assert (ended.code, ended.out) == (0, '{"ended":true}\n'), ended.err
        assert terminal.file.read_text() == "{}"
        headers = {"Authorization": f"Bearer {kept['access_token']}"}
        assert (await me.get("/api/v1/me", headers=headers)).status_code == 401
        gone = await terminal.ccb("whoami")
        assert (gone.code, "ccb login" in gone.err) == (2, True)


async def test_a_session_that_was_ended_elsewhere_is_said_and_forgotten(world: World, terminal: Terminal) -> None:
    person, _ = await someone(world)
    tokens = await session_of(world, person)
    await asyncio.to_thread(terminal.file.parent.mkdir, parents=True)
    kept = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    terminal.file.write_text(json.dumps({terminal.url: {**kept, "expires_at": "2099-01-01T00:00:00Z"}}))
    assert person.name in (await terminal.ccb("whoami")).out
    await world.services.sessions.end_all(person.id)
    ran = await terminal.ccb("whoami", "--json")
    assert (ran.code, ran.json()["code"]) == (2, "logged_out")
    assert terminal.file.read_text() == "{}"


async def test_no_token_crosses_a_network_in_clear(terminal: Terminal) -> None:
    far = "http://ccb.example:8080"
    ran = await terminal.ccb("login", "--api-url", far, "--json")
    assert (ran.code, ran.json()["code"]) == (2, "not_encrypted")
    terminal.file.parent.mkdir(parents=True)
    kept = {"access_token": "a" * 20, "refresh_token": "b" * 20, "expires_at": "2099-01-01T00:00:00Z"}
    terminal.file.write_text(json.dumps({far: kept}))
    ran = await terminal.ccb("list", "--api-url", far, "--json")
    assert (ran.code, ran.json()["code"]) == (2, "not_encrypted")


async def test_the_operators_key_is_for_its_own_stack(world: World, terminal: Terminal) -> None:
    """Here it wins, as it always did; for another address, whoever has logged in there is who acts."""
    person, _ = await someone(world)
    tokens = await session_of(world, person)
    kept = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    terminal.file.parent.mkdir(parents=True)
    other = world.url.replace("127.0.0.1", "localhost")
    session = {**kept, "expires_at": "2099-01-01T00:00:00Z"}
    terminal.file.write_text(json.dumps({world.url: session, other: session}))
    data = {"CCB_DATA_DIR": str(world.data_dir)}
    assert "operator" in (await terminal.ccb("whoami", **data)).out
    assert person.name in (await terminal.ccb("whoami", "--api-url", other, **data)).out
