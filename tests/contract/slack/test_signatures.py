"""Whose a request is: Slack's own verifier and ours say the same."""

import time

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.signature import Clock, SignatureVerifier

from adapters.slack.signatures import verify
from domain.errors import Unauthenticated
from simulators.kit import Simulators
from tests.contract.receiver import Received
from tests.contract.slack.conftest import CHANNEL, Last


def check(sent: Received, *secrets: SecretStr, body: bytes | None = None, now: float | None = None) -> None:
    verify(
        secrets,
        sent.body if body is None else body,
        sent.headers["x-slack-request-timestamp"],
        sent.headers["x-slack-signature"],
        time.time() if now is None else now,
    )


async def test_signatures(simulators: Simulators, last: Last) -> None:
    await simulators.act("slack", "command", user="bob", channel=CHANNEL, command="/ccb", text="help")
    sent = last()
    good = SecretStr(simulators.config["slack"]["signing_secret"])
    other = SecretStr("another-secret")
    sent_at = int(sent.headers["x-slack-request-timestamp"])
    check(sent, other, good)  # while a secret is being rotated
    check(sent, good, now=sent_at + 299)
    for broken in (
        lambda: check(sent, other),
        lambda: check(sent),
        lambda: check(sent, SecretStr("")),
        lambda: check(sent, good, body=sent.body + b"x"),
        lambda: check(sent, good, now=sent_at + 301),
        lambda: check(sent, good, now=sent_at - 301),
        lambda: verify([good], sent.body, str(sent_at + 1), sent.headers["x-slack-signature"], sent_at),
        lambda: verify([good], sent.body, str(sent_at), "", sent_at),
        lambda: verify([good], sent.body, str(sent_at), "v0=ünicode", sent_at),
    ):
        with pytest.raises(Unauthenticated):
            broken()


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", "٣", "9" * 30, " 1"])
def test_timestamps_that_are_none(timestamp: str) -> None:
    with pytest.raises(Unauthenticated, match="Timestamp"):
        verify([SecretStr("s")], b"", timestamp, "v0=00", time.time())


class _At(Clock):
    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now


@bounded(max_examples=60, deadline=None)
@given(
    body=st.text(max_size=200),
    signed_with=st.sampled_from(["one", "two"]),
    late=st.integers(-400, 400),
    broken=st.booleans(),
)
def test_slacks_own_verifier_says_the_same(body: str, signed_with: str, late: int, broken: bool) -> None:
    at = 1_800_000_000
    signature = SignatureVerifier(signed_with).generate_signature(timestamp=str(at), body=body) or ""
    if broken:
        signature = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    theirs = SignatureVerifier("one", _At(at + late)).is_valid(body, str(at), signature)
    try:
        verify([SecretStr("one")], body.encode(), str(at), signature, at + late)
        ours = True
    except Unauthenticated:
        ours = False
    assert ours == theirs
