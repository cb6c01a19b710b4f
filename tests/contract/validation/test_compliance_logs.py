"""Compliance: what goes to the logs, and what may."""

from collections.abc import Sequence

import pytest

from adapters.validation.compliance.validator import PRIVACY, Compliance
from domain.proving import ProvingPolicy
from domain.reports import Level
from tests.contract.sandbox.conftest import PACKAGE
from tests.contract.validation.conftest import Files, Look


@pytest.fixture
def compliance(policy: ProvingPolicy) -> Compliance:
    return Compliance(policy)


HARMLESS = """
logger.info("colour read", extra={"colour": name, "status": response.status_code, "seconds": 0.1})
logger.warning("API_TOKEN is not set; headers are left out")
logger.info("token: %s", token is None)
logger.info("%d bytes of body", len(body))
logger.info("token has %d characters", len(token))
logger.info("page %s", next_page_token)
logger.info("used %d tokens", token_count)
logger.exception("failed")
logger.error("failed: %s", error)
logger.debug("password changed", extra={"changed": bool(password)})
print(f"listening on {host}:{port}")
math.log(token)
catalogue.info(email)
"""
SHOWN = {
    "logger.info(token)": "secret-logged",
    'logger.info("%s", api_key)': "secret-logged",
    'logger.debug(f"{client.api_token!r}")': "secret-logged",
    'print(os.environ["API_TOKEN"])': "secret-logged",
    'print(os.environ.get("CLIENT_SECRET"))': "secret-logged",
    "logging.warning(password)": "secret-logged",
    'self._log.error("x", extra={"authorization": value})': "secret-logged",
    "logger.info(request.headers)": "secret-logged",
    'logger.info("%s", dict(response.headers))': "secret-logged",
    "sys.stderr.write(secret_key)": "secret-logged",
    "logger.info(sessionId + accessToken)": "secret-logged",
    "mine.info(cookies)": "secret-logged",
    "logger.info(user.email)": "personal-data-logged",
    "print(row['phone_number'])": "personal-data-logged",
    'logger.info("%s", customer.name)': "personal-data-logged",
    'logger.info("x", extra={"first_name": value})': "personal-data-logged",
    "logger.info(billingAddress)": "personal-data-logged",
    "logger.log(20, date_of_birth)": "personal-data-logged",
    "logger.info(body)": "message-logged",
    "print(await request.body())": "message-logged",
    'logger.info("%s", response.json())': "message-logged",
    "logger.info(colour.model_dump_json())": "message-logged",
    "logger.info(payload)": "message-logged",
    "print(vars(thing))": "message-logged",
    "logger.info(found)": "message-logged",
    "logger.info(given)": "message-logged",
    "logger.info(made)": "message-logged",
}


def logging_module(lines: Sequence[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f'''"""Logs."""

import logging

from {PACKAGE}.models import Colour

logger = logging.getLogger(__name__)
mine = logging.getLogger("mine")


async def act(self, found: Colour, request) -> None:
    """Act."""
    given: Colour | None = None
    made = Colour.model_validate_json("")
{body}
'''


async def test_what_goes_to_the_logs(look: Look, good: Files, compliance: Compliance) -> None:
    path = f"{PACKAGE}/logs.py"
    good[path] = logging_module(list(SHOWN))
    findings = [one for one in (await look(compliance, good)).findings if one.tool == PRIVACY]
    lines = good[path].splitlines()
    assert {lines[one.line - 1].strip(): one.rule for one in findings} == SHOWN
    levels = {one.rule: one.level for one in findings}
    assert levels == {
        "secret-logged": Level.ERROR,
        "personal-data-logged": Level.WARNING,
        "message-logged": Level.WARNING,
    }


async def test_what_may_go_to_the_logs(look: Look, good: Files, compliance: Compliance) -> None:
    good[f"{PACKAGE}/logs.py"] = logging_module(HARMLESS.strip().splitlines())
    good["tests/test_logs.py"] = logging_module(list(SHOWN))
    assert [one for one in (await look(compliance, good)).findings if one.tool == PRIVACY] == []
