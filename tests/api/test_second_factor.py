"""Second factors, as they are seen from outside: asked for, used once, not guessed, and taken away."""

from domain.people import Role
from tests.api.doors import Door, fresh_ip
from tests.api.world import World

OTHER = "four short blue hedgehogs"


async def test_a_second_factor_is_asked_for_and_each_code_of_it_is_good_once(door: Door):
    one = await door.somebody()
    await door.protect(one)
    door.clock.advance(seconds=60)
    challenge = (await door.log_in(one)).json()
    assert challenge["tokens"] is None
    body = {"challenge": challenge["challenge"], "code": door.code_of(one)}
    answer = await door.post_json("/api/v1/auth/second-factor", body)
    assert answer.status_code == 200, answer.text
    token = answer.json()["tokens"]["access_token"]
    assert (await door.get("/api/v1/auth/sessions", token)).json()[0]["second_factor"] is True
    again = await door.post_json("/api/v1/auth/second-factor", body)
    assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")
    door.clock.advance(seconds=-30)
    body["code"] = door.code_of(one)
    door.clock.advance(seconds=30)
    assert (await door.post_json("/api/v1/auth/second-factor", body)).status_code == 401


async def test_a_challenge_is_no_token_and_no_token_is_a_challenge(door: Door):
    one = await door.somebody()
    tokens = await door.tokens(one)
    await door.protect(one)
    door.clock.advance(seconds=60)
    challenge = (await door.log_in(one)).json()["challenge"]
    assert (await door.get("/api/v1/me", challenge)).status_code == 401
    for token in (tokens["access_token"], challenge[:-4] + "AAAA", "x"):
        body = {"challenge": token, "code": door.code_of(one)}
        assert (await door.post_json("/api/v1/auth/second-factor", body)).status_code == 401
    door.clock.advance(minutes=5)
    late = {"challenge": challenge, "code": door.code_of(one)}
    assert (await door.post_json("/api/v1/auth/second-factor", late)).status_code == 401


async def test_recovery_codes_are_good_once_each_however_they_are_typed(door: Door):
    one = await door.somebody()
    await door.protect(one)
    assert len(set(one.codes)) == 10
    door.clock.advance(seconds=1)
    challenge = (await door.log_in(one)).json()["challenge"]
    body = {"challenge": challenge, "code": one.codes[0].upper().replace("-", " ")}
    answer = await door.post_json("/api/v1/auth/second-factor", body)
    assert answer.status_code == 200, answer.text
    token = answer.json()["tokens"]["access_token"]
    door.clock.advance(seconds=1)
    assert (await door.get("/api/v1/me", token)).json()["recovery_codes_left"] == 9
    assert (await door.post_json("/api/v1/auth/second-factor", body)).status_code == 401
    renewed = await door.post_json("/api/v1/auth/recovery-codes", {"code": one.codes[1]}, token=token)
    assert renewed.status_code == 200
    body["code"] = one.codes[2]
    assert (await door.post_json("/api/v1/auth/second-factor", body)).status_code == 401
    body["code"] = renewed.json()["codes"][0]
    assert (await door.post_json("/api/v1/auth/second-factor", body)).status_code == 200


async def test_codes_cannot_be_guessed_through(door: Door):
    one = await door.somebody()
    await door.protect(one)
    stranger = fresh_ip()
    challenge = (await door.log_in(one, ip=stranger)).json()["challenge"]
    body = {"challenge": challenge, "code": "000000"}
    answers = [await door.post_json("/api/v1/auth/second-factor", body, ip=stranger) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


async def test_a_second_factor_needs_the_password_to_begin_and_a_code_to_end(door: Door):
    one = await door.somebody()
    token = (await door.tokens(one))["access_token"]
    wrong = await door.post_json("/api/v1/auth/totp", {"password": OTHER}, token=token)
    assert wrong.status_code == 401
    early = await door.post_json("/api/v1/auth/totp/confirm", {"code": "123456"}, token=token)
    assert early.status_code == 409
    await door.protect(one)
    again = await door.post_json("/api/v1/auth/totp", {"password": one.password}, token=token)
    assert again.status_code == 409
    assert (await door.post_json("/api/v1/auth/totp/remove", {"code": "000000"}, token=token)).status_code == 401
    removed = await door.post_json("/api/v1/auth/totp/remove", {"code": one.codes[0]}, token=token)
    assert removed.status_code == 204
    assert (await door.log_in(one)).json()["tokens"] is not None


async def test_an_admin_takes_away_a_second_factor_that_was_lost(door: Door, world: World):
    one = await door.somebody()
    token = (await door.tokens(one))["access_token"]
    person = (await door.get("/api/v1/me", token)).json()["id"]
    await door.protect(one)
    for role, status in ((Role.OPERATOR, 403), (Role.ADMIN, 204)):
        async with door.client(await world.key(role)) as client:
            assert (await client.delete(f"/api/v1/people/{person}/second-factor")).status_code == status
    assert (await door.get("/api/v1/me", token)).status_code == 401
    assert (await door.log_in(one)).json()["tokens"] is not None
