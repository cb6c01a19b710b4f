"""The simulators as one server for the whole session, and a receiver for what they send."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from adapters.packages import Packages, PackageSettings
from adapters.sandbox import Environments
from domain.manifest import REQUIREMENTS
from domain.packages import Lock
from simulators.kit import Simulators
from tests.contract.receiver import Receiver, receiving
from tests.policies import ENVIRONMENTS
from tests.simulated import simulated


def rsa_keys() -> tuple[str, str]:
    """A private and a public key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@pytest.fixture(scope="session")
async def receiver() -> AsyncIterator[Receiver]:
    """Takes GitHub's webhooks at `/github`, and Slack's callbacks and commands at `/slack`."""
    async with receiving() as running:
        yield running


@pytest.fixture(scope="session")
async def simulators(receiver: Receiver) -> AsyncIterator[Simulators]:
    """`python -m simulators` on a free port with a fresh state directory; `.config` holds its tokens and secrets."""
    private_key, public_key = rsa_keys()
    config = {
        "github": {
            "app_id": 4711,
            "public_key": public_key,
            "installation_id": 42,
            "token": f"ghp_{secrets.token_hex(18)}",
            "webhook_secret": secrets.token_urlsafe(24),
            "webhook_url": f"{receiver.url}/github",
            "repository": "acme/integrations",
        },
        "slack": {
            "token": f"xoxb-{secrets.token_hex(12)}",
            "signing_secret": secrets.token_hex(16),
            "callback_url": f"{receiver.url}/slack",
            "command_url": f"{receiver.url}/slack",
            "channel": "integrations",
        },
        "claude": {"api_key": f"sk-ant-{secrets.token_hex(16)}"},
        "packages": {},
        "osv": {},
        "kubernetes": {"token": secrets.token_hex(16), "namespaces": ["ccb"]},
        "docker": {},
        "linear": {
            "token": f"lin_api_{secrets.token_hex(20)}",
            "webhook_secret": secrets.token_hex(16),
            "webhook_url": f"{receiver.url}/linear",
        },
        "jira": {
            "email": "ccb@example.com",
            "token": secrets.token_urlsafe(24),
            "webhook_secret": secrets.token_hex(16),
            "webhook_url": f"{receiver.url}/jira",
        },
        "oidc": {"clients": {}},
    }
    kept = {**config, "github": {**config["github"], "private_key": private_key}}
    async with simulated(config, kept) as running:
        yield running


@pytest.fixture(scope="session")
def packages(simulators: Simulators, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Packages of the simulated index."""
    settings = PackageSettings.model_validate({"index_url": simulators.packages_url})
    return Packages(tmp_path_factory.mktemp("packages"), settings)


@pytest.fixture(scope="session")
def environments(packages: Packages) -> Environments:
    """Built once for all tests of a run: the first to ask waits some seconds."""
    return Environments(Path(os.environ[ENVIRONMENTS]), packages)


@pytest.fixture(scope="session")
async def lock(packages: Packages) -> Lock:
    """What every integration is installed with."""
    return await packages.lock(REQUIREMENTS)
