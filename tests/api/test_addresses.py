"""Another address, invitations to an organisation, and what the audit has of those who were not let in."""

from domain.ids import DEFAULT_ORGANIZATION
from domain.people import Role
from tests.api.doors import Door, Somebody, fresh_ip
from tests.api.test_accounts import OTHER, fresh_email
from tests.api.world import World

EMAIL = "/api/v1/auth/email"


async def asked(door: Door, one: Somebody, email: str) -> None:
    tokens = await door.tokens(one)
    answer = await door.post_json(EMAIL, {"email": email}, token=tokens["access_token"])
    assert answer.status_code == 202, answer.text


async def test_another_address_counts_once_it_is_proven_and_the_former_is_told(door: Door):
    one, email = await door.somebody(), fresh_email()
    await asked(door, one, email)
    code = await door.post.code(email, "Confirm your new address")
    assert (await door.log_in(Somebody(email, one.name))).status_code == 401
    assert (await door.log_in(one)).status_code == 200
    await door.post_json("/api/v1/auth/password/forgot", {"email": one.email}, ip=fresh_ip())
    reset = await door.post.code(one.email, "Set a new password")
    assert (await door.post_json(f"{EMAIL}/confirm", {"token": code})).status_code == 204
    told = (await door.post.letter(one.email, "Your account has another address")).get_content()
    assert email in told
    assert (await door.log_in(one)).status_code == 401
    me = await door.get("/api/v1/me", (await door.tokens(Somebody(email, one.name)))["access_token"])
    assert me.json()["email"] == email
    # What went to the former address before opens nothing, and neither does a code for the second time.
    late = await door.post_json("/api/v1/auth/password/reset", {"token": reset, "password": OTHER})
    again = await door.post_json(f"{EMAIL}/confirm", {"token": code})
    assert (late.status_code, again.status_code) == (422, 422)


async def test_an_address_that_has_an_account_is_not_taken_over(door: Door):
    """Asking does not tell; only who reads its mail is told."""
    one, other = await door.somebody(), await door.somebody()
    await asked(door, one, other.email)
    code = await door.post.code(other.email, "Confirm your new address")
    assert (await door.post_json(f"{EMAIL}/confirm", {"token": code})).status_code == 409
    assert [(await door.log_in(who)).status_code for who in (one, other)] == [200, 200]


async def test_nobody_else_changes_it_and_what_is_no_address_is_refused(door: Door):
    one = await door.somebody()
    token = (await door.tokens(one))["access_token"]
    assert (await door.post_json(EMAIL, {"email": fresh_email()})).status_code == 401
    assert (await door.post_json(EMAIL, {"email": "none"}, token=token)).status_code == 422


async def test_an_invitation_to_an_organisation_is_mailed_with_what_to_do(door: Door, world: World):
    one, here = await door.somebody(), f"/api/v1/organizations/{DEFAULT_ORGANIZATION}/invitations"
    owner = await world.key(Role.ADMIN)
    made = await door.post_json(here, {"role": "viewer", "email": one.email}, token=owner)
    assert made.status_code == 201, made.text
    text = (await door.post.letter(one.email, "You are invited to Home")).get_content()
    assert f"ccb organizations join {made.json()['code']} --api-url https://ccb.example.com" in text
    token = (await door.tokens(one))["access_token"]
    joined = await door.post_json("/api/v1/invitations/accept", {"code": made.json()["code"]}, token=token)
    assert joined.status_code == 409  # they are at home there already; that they were told is what counts


async def test_refused_logins_are_in_the_audit_and_a_flood_of_them_does_not_fill_it(door: Door):
    one, audit = await door.somebody(), door.services.audit
    account = await door.services.door.logins.by_email(one.email)
    assert account is not None
    before, ip = (await audit.page(DEFAULT_ORGANIZATION)).head.sequence, fresh_ip()
    await door.log_in(one, OTHER, ip=ip)
    await door.log_in(Somebody("typed.by.mistake@example.com", "x"), ip=ip)
    entries = (await audit.page(DEFAULT_ORGANIZATION, after=before)).items
    told = [(entry.actor.person_id, entry.subject, entry.client) for entry in entries if "refused" in entry.action]
    assert told == [(None, account.person_id, ip), (None, "an address without an account", ip)]
    assert "typed" not in "".join(entry.model_dump_json() for entry in entries)
    for _ in range(30):
        assert (await door.log_in(one, OTHER, ip=fresh_ip())).status_code == 401
    after = [entry.action for entry in (await audit.page(DEFAULT_ORGANIZATION, after=before)).items]
    assert 10 < after.count("login.refused") <= 21
