"""Passwords and one-time codes: what they cost, how much at once, what is taken for right."""

import asyncio
import base64
import statistics
import time
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.tokens import (
    Passwords,
    PasswordSettings,
    Signer,
    TokenSettings,
    accepted_step,
    fresh_codes,
    fresh_secret,
    normalised,
    otpauth,
)
from adapters.tokens.signing import Kind
from domain.accounts import weakness
from domain.errors import Corrupted, TooManyRequests, Unauthenticated

CHEAP = PasswordSettings(memory_kib=64)
PASSWORD = SecretStr("three tall green giraffes")
NOW = datetime(2026, 3, 1, 12, 0, 15, tzinfo=UTC)


async def test_a_hash_is_argon2id_and_of_this_password_alone():
    passwords = Passwords(CHEAP)
    stored = await passwords.hash(PASSWORD)
    assert stored.get_secret_value().startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert stored != await passwords.hash(PASSWORD)
    assert await passwords.good(stored, PASSWORD)
    assert not await passwords.good(stored, SecretStr("three tall green giraffe"))
    assert not await passwords.good(None, PASSWORD)
    passwords.close()


async def test_one_password_in_two_spellings_of_unicode_is_one():
    passwords = Passwords(CHEAP)
    assert await passwords.good(await passwords.hash(SecretStr("caf\u00e9")), SecretStr("cafe\u0301"))
    assert not await passwords.good(await passwords.hash(SecretStr("\ud800")), SecretStr("x"))
    passwords.close()


async def test_a_hash_of_another_cost_is_outdated_and_still_good():
    before, now = Passwords(CHEAP), Passwords(CHEAP.model_copy(update={"memory_kib": 128}))
    stored = await before.hash(PASSWORD)
    assert not before.outdated(stored)
    assert now.outdated(stored)
    assert await now.good(stored, PASSWORD)
    for one in (before, now):
        one.close()


async def test_what_is_no_hash_is_told_from_a_wrong_password():
    passwords = Passwords(CHEAP)
    with pytest.raises(Corrupted, match="reset"):
        await passwords.good(SecretStr("plain text"), PASSWORD)
    passwords.close()


async def test_nobody_costs_what_somebody_costs():
    """An address that is not known is checked against a hash too: half of its cost would be seen from outside."""
    passwords = Passwords(PasswordSettings(memory_kib=8_192, passes=2, threads=1))
    stored = await passwords.hash(PASSWORD)

    async def seconds(against: SecretStr | None) -> float:
        started = time.perf_counter()
        await passwords.good(against, SecretStr("a wrong one"))
        return time.perf_counter() - started

    known, unknown = [], []
    for _ in range(9):
        known.append(await seconds(stored))
        unknown.append(await seconds(None))
    passwords.close()
    assert 0.5 < statistics.median(unknown) / statistics.median(known) < 2


async def test_only_so_many_hash_and_wait_at_once_and_then_there_is_room_again():
    settings = PasswordSettings(memory_kib=8_192, threads=1, waiting=2)
    passwords = Passwords(settings)
    outcomes = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(10)), return_exceptions=True)
    assert [type(one) for one in outcomes] == [SecretStr] * 3 + [TooManyRequests] * 7
    assert await passwords.good(outcomes[0], PASSWORD)  # type: ignore[arg-type]
    passwords.close()


async def test_who_hangs_up_makes_no_room_until_the_thread_is_done():
    passwords = Passwords(PasswordSettings(memory_kib=32_768, passes=2, threads=1, waiting=0))
    first = asyncio.create_task(passwords.hash(PASSWORD))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(TooManyRequests):
        await passwords.hash(PASSWORD)
    passwords.close()


def test_codes_are_taken_a_step_early_or_late_and_say_which_step_they_are_of():
    secret = fresh_secret()
    totp, step = pyotp.TOTP(secret.get_secret_value()), int(NOW.timestamp()) // 30
    for offset, taken in ((-2, None), (-1, step - 1), (0, step), (1, step + 1), (2, None)):
        code = totp.at(NOW + timedelta(seconds=30 * offset))
        assert accepted_step(secret, code, NOW) == taken


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "１２３４５６", "٠١٢٣٤٥", "-12345"], ids=range(7))
def test_what_is_no_code_is_of_no_step(code: str):
    assert accepted_step(fresh_secret(), code, NOW) is None


def test_rfc_6238s_own_vectors_are_met():
    """Appendix B, SHA-1, of which six digits are the last ones."""
    secret = SecretStr("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    for at, code in ((59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")):
        assert accepted_step(secret, code, datetime.fromtimestamp(at, UTC)) == at // 30


def test_recovery_codes_are_many_long_and_easily_typed():
    codes = fresh_codes()
    assert len(set(codes)) == 10
    for code in codes:
        assert len(normalised(code)) == 16
        assert normalised(f" {code.upper().replace('-', ' ')} ") == normalised(code)
        assert not set(code) & set("lo01")


def test_an_authenticator_app_is_told_whose_code_it_is():
    uri = otpauth(SecretStr("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), account="ada@example.com", issuer="Claude Code Bot")
    assert (
        uri
        == "otpauth://totp/Claude%20Code%20Bot:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Claude%20Code%20Bot"
    )


SIGNER = Signer(TokenSettings(keys=SecretStr(base64.b64encode(bytes(range(32))).decode())))
GOOD = SIGNER.sign(Kind.ACCESS, "per_1", {"sid": "ses_1"}, now=NOW, lasts=timedelta(minutes=5))


def test_a_token_says_again_what_was_signed():
    claims = SIGNER.read(Kind.ACCESS, SecretStr(GOOD), now=NOW)
    assert claims == {"iss": "ccb", "aud": "ccb-api", "sub": "per_1", "sid": "ses_1"}
    with pytest.raises(Unauthenticated):
        SIGNER.read(Kind.CHALLENGE, SecretStr(GOOD), now=NOW)


@given(
    st.one_of(
        st.text(max_size=400),
        st.lists(st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()), max_size=4).map(
            ".".join
        ),
        st.tuples(st.integers(0, len(GOOD) - 1), st.characters()).map(
            lambda change: GOOD[: change[0]] + change[1] + GOOD[change[0] + 1 :]
        ),
    )
)
def test_whatever_is_sent_is_refused_in_our_words(text: str):
    """Or it is the very token that was signed: the last character of Base64 has bits that say nothing."""
    try:
        claims = SIGNER.read(Kind.ACCESS, SecretStr(text), now=NOW)
    except Unauthenticated:
        return
    assert text[: len(GOOD) - 1] == GOOD[:-1]
    assert claims["sub"] == "per_1"


@given(st.text(max_size=60))
def test_whatever_is_sent_as_a_code_is_of_a_step_or_of_none(text: str):
    secret = SecretStr("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert accepted_step(secret, text, NOW) is None or len(text) == 6
    normalised(text)


@given(st.text(max_size=200), st.text(max_size=40))
def test_whatever_is_sent_as_a_password_is_judged(password: str, name: str):
    reason = weakness(password, email="ada@example.com", name=name)
    assert reason is None or reason.endswith(".")
