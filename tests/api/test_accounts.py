"""Registration, login, passwords and second factors, as they are seen from outside."""

import asyncio
import dataclasses
import statistics
import time

import pytest

from adapters.tokens import PasswordSettings
from api.wiring import ProcessSettings
from domain import ids
from domain.people import Role
from tests.api.doors import PASSWORD, Door, Somebody, fresh_ip, replica
from tests.api.world import World

OTHER = "four short blue hedgehogs"


async def registered(door: Door, email: str, *, password: str = PASSWORD, name: str = "Ada", ip: str | None = None):
    body = {"email": email, "name": name, "password": password}
    return await door.post_json("/api/v1/auth/register", body, ip=ip or fresh_ip())


def fresh_email() -> str:
    return f"{ids.new('x')[-10:]}@example.com"


async def test_who_proves_an_address_has_an_account_and_is_told_who_they_are(door: Door):
    one = await door.somebody()
    tokens = await door.tokens(one)
    me = (await door.get("/api/v1/me", tokens["access_token"])).json()
    assert (me["email"], me["name"], me["roles"], me["second_factor"]) == (one.email, one.name, ["viewer"], False)
    assert [found["home"] for found in me["organizations"]] == [True]
    assert me["last_login"] == door.clock.now.isoformat().replace("+00:00", "Z")
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 300


async def test_until_the_address_is_proven_there_is_no_account(door: Door):
    email = fresh_email()
    assert (await registered(door, email)).status_code == 202
    refused = await door.log_in(Somebody(email, "Ada"))
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    await door.post.code(email, "Confirm your address")


async def test_the_answer_does_not_tell_whether_an_address_is_known_but_its_owner_is_written_to(door: Door):
    one = await door.somebody()
    known, unknown = await registered(door, one.email.upper()), await registered(door, fresh_email())
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    code = await door.post.code(one.email, "You have an account already")
    assert (await door.log_in(one)).status_code == 200
    reset = await door.post_json("/api/v1/auth/password/reset", {"token": code, "password": OTHER})
    assert reset.status_code == 204
    assert (await door.log_in(one, OTHER)).status_code == 200


async def test_a_code_that_was_mailed_is_good_once_and_for_a_day(door: Door):
    email = fresh_email()
    await registered(door, email, name=email)
    late = await door.post.code(email, "Confirm your address")
    door.clock.advance(hours=24)
    over = await door.post_json("/api/v1/auth/verify", {"token": late})
    assert (over.status_code, over.json()["errors"][0]["pointer"]) == (422, "/token")
    await registered(door, email, name=email)
    code = await door.post.code(email, "Confirm your address")
    assert (await door.post_json("/api/v1/auth/verify", {"token": code})).status_code == 204
    assert (await door.post_json("/api/v1/auth/verify", {"token": code})).status_code == 422
    assert (await door.post_json("/api/v1/auth/password/reset", {"token": code, "password": OTHER})).status_code == 422


async def test_namesakes_are_told_apart(door: Door):
    name, names = ids.new("x")[-10:], []
    for _ in range(2):
        email = fresh_email()
        await registered(door, email, name=name)
        await door.post_json("/api/v1/auth/verify", {"token": await door.post.code(email, "Confirm your address")})
        token = (await door.tokens(Somebody(email, name)))["access_token"]
        names.append((await door.get("/api/v1/me", token)).json()["name"])
    assert names == [name, f"{name} 2"]


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "12 to 128"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("gracehopper12345", "address or name"),
        ("x" * 20 + "abcdefgh" * 20, "12 to 128"),
    ],
    ids=["short", "repeated", "own-address", "long"],
)
async def test_a_weak_password_is_refused_with_a_reason(door: Door, password: str, reason: str):
    refused = await registered(door, "grace.hopper@example.com", password=password)
    assert refused.status_code == 422
    assert reason in refused.json()["detail"]
    assert refused.json()["errors"][0]["pointer"] == "/password"
    assert password not in refused.text


@pytest.mark.parametrize(
    "email",
    ["nobody", "a@b@c", "a b@example.com", "a@example.com\r\nBcc: everybody@example.com", "<a@example.com>", "ü@a.de"],
    ids=["no-at", "two", "space", "header", "brackets", "not-ascii"],
)
async def test_what_is_no_address_is_refused(door: Door, email: str):
    assert (await registered(door, email)).status_code == 422


async def test_an_invitation_makes_an_account_with_the_role_that_was_given(door: Door, world: World):
    email, operator = fresh_email(), await world.key(Role.OPERATOR)
    asked = await door.post_json("/api/v1/auth/invitations", {"email": email, "role": "reviewer"}, token=operator)
    assert asked.status_code == 202, asked.text
    code = await door.post.code(email, "You are invited")
    body = {"token": code, "name": email, "password": PASSWORD}
    assert (await door.post_json("/api/v1/auth/invitations/accept", body)).status_code == 204
    token = (await door.tokens(Somebody(email, "Eve")))["access_token"]
    assert (await door.get("/api/v1/me", token)).json()["roles"] == ["reviewer"]
    assert (await door.post_json("/api/v1/auth/invitations/accept", body)).status_code == 422


async def test_somebody_who_is_known_already_gets_an_account_and_stays_who_they_are(door: Door, world: World):
    name, email, operator = ids.new("x")[-10:], fresh_email(), await world.key(Role.OPERATOR)
    person = (await door.post_json("/api/v1/people", {"name": name, "email": email}, token=operator)).json()["id"]
    path, asked = "/api/v1/auth/invitations", {"email": fresh_email(), "person_id": person}
    assert (await door.post_json(path, asked, token=operator)).status_code == 422
    asked["email"] = email
    assert (await door.post_json(path, asked, token=operator)).status_code == 202
    body = {"token": await door.post.code(email, "You are invited"), "name": "another name", "password": PASSWORD}
    assert (await door.post_json(f"{path}/accept", body)).status_code == 204
    me = (await door.get("/api/v1/me", (await door.tokens(Somebody(email, name)))["access_token"])).json()
    assert (me["id"], me["name"], me["roles"]) == (person, name, ["developer"])
    assert (await door.post_json(path, asked, token=operator)).status_code == 409
    admin = await world.person("the admin", Role.ADMIN)
    assert (await door.post_json(path, {**asked, "person_id": admin.id}, token=operator)).status_code == 403


async def test_nobody_invites_to_a_role_above_their_own(door: Door, world: World):
    for role, wanted, status in ((Role.OPERATOR, "admin", 403), (Role.DEVELOPER, "viewer", 403)):
        key = await world.key(role)
        asked = await door.post_json("/api/v1/auth/invitations", {"email": fresh_email(), "role": wanted}, token=key)
        assert asked.status_code == status


# Login


async def test_a_wrong_password_and_an_unknown_address_are_answered_alike(door: Door):
    one = await door.somebody()
    wrong = await door.log_in(one, OTHER, ip=fresh_ip())
    unknown = await door.log_in(Somebody(fresh_email(), "Nobody"), ip=fresh_ip())
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_an_unknown_address_costs_the_same_hash(door: Door, settings: ProcessSettings):
    one = await door.somebody()

    async def seconds(there: Door, who: Somebody) -> float:
        started = time.perf_counter()
        assert (await there.log_in(who, OTHER, ip=fresh_ip())).status_code == 401
        return time.perf_counter() - started

    async with replica(door, settings, passwords=PasswordSettings(memory_kib=32_768, passes=2)) as url:
        there, known, unknown = dataclasses.replace(door, url=url), [], []
        # The hash is made anew at the cost of this replica.
        assert (await there.log_in(one)).status_code == 200
        for _ in range(5):
            known.append(await seconds(there, one))
            unknown.append(await seconds(there, Somebody(fresh_email(), "Nobody")))
    assert 0.5 < statistics.median(unknown) / statistics.median(known) < 2


async def test_a_stranger_who_guesses_waits_ever_longer_and_the_owner_does_not(door: Door):
    one, stranger = await door.somebody(), fresh_ip()
    for _ in range(5):
        assert (await door.log_in(one, OTHER, ip=stranger)).status_code == 401
    held = await door.log_in(one, one.password, ip=stranger)
    assert (held.status_code, held.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(held.headers["Retry-After"]) <= 12
    assert (await door.log_in(one, ip=fresh_ip())).status_code == 200


async def test_a_device_that_logged_in_before_is_not_held_up_by_whoever_shares_its_network(door: Door):
    one, office = await door.somebody(), fresh_ip()
    device = (await door.log_in(one, ip=office)).json()["device_token"]
    for _ in range(6):
        held = await door.log_in(one, OTHER, ip=office)
    assert held.status_code == 429
    answer = await door.log_in(one, ip=office, device=device)
    assert answer.status_code == 200
    assert answer.json()["device_token"] is None
    other = await door.somebody()
    for _ in range(6):
        held = await door.log_in(other, OTHER, ip=office, device=device)
    assert held.status_code == 429


async def test_who_logs_in_rightly_is_not_counted(door: Door):
    one, home = await door.somebody(), fresh_ip()
    for _ in range(8):
        assert (await door.log_in(one, ip=home)).status_code == 200
        assert (await door.log_in(one, OTHER, ip=home)).status_code == 401
        door.clock.advance(seconds=1)


async def test_guesses_at_once_are_counted_as_those_one_after_another(door: Door):
    one, stranger = await door.somebody(), fresh_ip()
    answers = await asyncio.gather(*(door.log_in(one, OTHER, ip=stranger) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_one_network_cannot_try_one_password_on_everybody(door: Door):
    stranger = fresh_ip()
    answers = await asyncio.gather(*(door.log_in(Somebody(fresh_email(), "x"), ip=stranger) for _ in range(90)))
    refused = sum(answer.status_code == 401 for answer in answers)
    assert 60 <= refused < 90
    assert sum(answer.status_code == 429 for answer in answers) == 90 - refused


# Passwords


async def test_a_changed_password_ends_all_other_sessions_and_its_owner_is_told(door: Door):
    one = await door.somebody()
    mine, other = await door.tokens(one), await door.tokens(one)
    body = {"current": OTHER, "password": OTHER}
    wrong = await door.post_json("/api/v1/auth/password", body, token=mine["access_token"])
    assert wrong.status_code == 401
    body["current"] = one.password
    changed = await door.post_json("/api/v1/auth/password", body, token=mine["access_token"])
    assert changed.status_code == 204, changed.text
    await door.post.letter(one.email, "Your password was changed")
    assert (await door.get("/api/v1/me", mine["access_token"])).status_code == 200
    assert (await door.get("/api/v1/me", other["access_token"])).status_code == 401
    assert (await door.log_in(one)).status_code == 401
    assert (await door.log_in(one, OTHER)).status_code == 200


async def test_a_forgotten_password_is_set_anew_by_mail(door: Door):
    one = await door.somebody()
    tokens = await door.tokens(one)
    known = await door.post_json("/api/v1/auth/password/forgot", {"email": one.email}, ip=fresh_ip())
    unknown = await door.post_json("/api/v1/auth/password/forgot", {"email": fresh_email()}, ip=fresh_ip())
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"null")
    code = await door.post.code(one.email, "Set a new password")
    weak = await door.post_json("/api/v1/auth/password/reset", {"token": code, "password": "short"})
    assert weak.status_code == 422
    reset = await door.post_json("/api/v1/auth/password/reset", {"token": code, "password": OTHER})
    assert reset.status_code == 204
    assert (await door.get("/api/v1/me", tokens["access_token"])).status_code == 401
    assert (await door.log_in(one)).status_code == 401
    assert (await door.log_in(one, OTHER)).status_code == 200


async def test_a_code_for_a_new_password_is_good_for_an_hour(door: Door):
    one = await door.somebody()
    await door.post_json("/api/v1/auth/password/forgot", {"email": one.email}, ip=fresh_ip())
    code = await door.post.code(one.email, "Set a new password")
    door.clock.advance(hours=1)
    late = await door.post_json("/api/v1/auth/password/reset", {"token": code, "password": OTHER})
    assert late.status_code == 422
    assert (await door.log_in(one)).status_code == 200


async def test_nobody_is_flooded_with_mail_and_the_codes_they_have_stay_good(door: Door):
    one = await door.somebody()
    for _ in range(8):
        await door.post_json("/api/v1/auth/password/forgot", {"email": one.email}, ip=fresh_ip())
    await door.services.door.posting.idle()
    code = await door.post.code(one.email, "Set a new password")
    more = [letter for letter in door.post.letters if letter["To"] == one.email]
    assert len(more) == 3  # five mails an hour, of which the first was that of the registration
    reset = await door.post_json("/api/v1/auth/password/reset", {"token": code, "password": OTHER})
    assert reset.status_code == 204


async def test_the_first_account_is_made_once(door: Door, world: World):
    """Others have accounts here already; that it is made where there is none is told by the test of `ccb up`."""
    await door.somebody()
    admin = await world.key(Role.ADMIN)
    late = await door.post_json("/api/v1/auth/first-admin", {}, token=admin)
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    operator = await world.key(Role.OPERATOR)
    assert (await door.post_json("/api/v1/auth/first-admin", {}, token=operator)).status_code == 403
