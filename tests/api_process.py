"""The API as a process of its own, where one address asks for everything."""

import base64
import secrets
from pathlib import Path

_QUOTAS = ("PER_USER", "PER_IP", "GLOBAL", "BURST", "WEBHOOKS")


def environment(home: Path, url: str, temporal: str, *, webhook_secret: str) -> dict[str, str]:
    """Its settings: data in `home`, the database at `url`, new secrets, and no limit to how often it is asked."""
    return {
        "CCB_DATA_DIR": str(home),
        "CCB_DATABASE_URL": url,
        "CCB_TEMPORAL_ADDRESS": temporal,
        "CCB_ARTIFACTS_URL": (home / "artifacts").as_uri(),
        "CCB_SECRETS_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "CCB_TOKENS_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "CCB_RUNNER_KEY": secrets.token_urlsafe(32),
        "CCB_GITHUB_WEBHOOK_SECRET": webhook_secret,
        "CCB_GITHUB_REPOSITORY": "acme/integrations",
        **{f"CCB_RATE_{name}": "none" for name in _QUOTAS},
    }
