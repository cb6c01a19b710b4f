"""Secrets of a stack: made once, kept in the data directory, readable by their owner alone."""

import base64
import json
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from cli.stack.datadir import write_private
from cli.stack.errors import StackRefused


def _made(prefix: str = "") -> SecretStr:
    secret: SecretStr = Field(default_factory=lambda: SecretStr(prefix + secrets.token_urlsafe(32)), min_length=16)
    return secret


def _fernet_key() -> SecretStr:
    """As `cryptography.fernet.Fernet.generate_key`, whose import would slow down every command."""
    return SecretStr(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


class Credentials(BaseModel):
    """What the parts of this stack know each other by. The prefixes are the vendors', so that redaction sees them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    runner_key: SecretStr = _made()
    secrets_key: SecretStr = Field(default_factory=_fernet_key, min_length=44)
    github_token: SecretStr = Field(default_factory=lambda: SecretStr("ghp_" + secrets.token_hex(18)), min_length=16)
    github_webhook_secret: SecretStr = _made()
    slack_token: SecretStr = _made("xoxb-")
    slack_signing_secret: SecretStr = _made()
    claude_api_key: SecretStr = _made("sk-ant-")
    valkey_password: SecretStr = _made()
    s3_access_key: SecretStr = _made()
    s3_secret_key: SecretStr = _made()

    def revealed(self) -> dict[str, str]:
        return {name: getattr(self, name).get_secret_value() for name in type(self).model_fields}


def kept(data_dir: Path) -> Credentials:
    """The secrets in `secrets.json`, with those made that are not there yet. Raises StackRefused if it is damaged."""
    file = data_dir / "secrets.json"
    try:
        found = Credentials.model_validate_json(file.read_bytes()) if file.exists() else Credentials()
    except (ValidationError, OSError) as error:
        raise StackRefused(f"{file} cannot be read: restore it, or delete it to have new secrets made.") from error
    text = json.dumps(found.revealed(), indent=2)
    if not file.exists() or file.read_text() != text:
        write_private(file, text)
    file.chmod(0o600)
    return found


def ensure_operator_key(data_dir: Path) -> Path:
    """The file with the operator's API key, made if need be; only its owner can read it."""
    file = data_dir / "operator.key"
    if not file.exists() or not file.read_text().strip():
        write_private(file, f"ccb_{secrets.token_urlsafe(32)}\n")
    file.chmod(0o600)
    return file
