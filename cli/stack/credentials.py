"""Secrets of a stack: made once, kept in the data directory, readable by their owner alone."""

import base64
import json
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from adapters.attestation import keys
from cli.stack.datadir import write_private
from cli.stack.errors import StackRefused


def _made(prefix: str = "") -> SecretStr:
    secret: SecretStr = Field(default_factory=lambda: SecretStr(prefix + secrets.token_urlsafe(32)), min_length=16)
    return secret


def _fernet_key() -> SecretStr:
    """As `cryptography.fernet.Fernet.generate_key`, whose import would slow down every command."""
    return SecretStr(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def _seed() -> SecretStr:
    """The 32 bytes of an Ed25519 private key."""
    return SecretStr(base64.b64encode(secrets.token_bytes(32)).decode())


class Credentials(BaseModel):
    """What the parts of this stack know each other by. The prefixes are the vendors', so that redaction sees them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    runner_key: SecretStr = _made()
    secrets_key: SecretStr = Field(default_factory=_fernet_key, min_length=44)
    signing_key: SecretStr = Field(default_factory=_seed, min_length=44)
    tokens_key: SecretStr = Field(default_factory=_seed, min_length=44)
    github_token: SecretStr = Field(default_factory=lambda: SecretStr("ghp_" + secrets.token_hex(18)), min_length=16)
    github_webhook_secret: SecretStr = _made()
    slack_token: SecretStr = _made("xoxb-")
    slack_signing_secret: SecretStr = _made()
    linear_token: SecretStr = _made("lin_api_")
    linear_webhook_secret: SecretStr = _made("lin_wh_")
    jira_token: SecretStr = _made("ATATT")
    jira_webhook_secret: SecretStr = _made()
    claude_api_key: SecretStr = _made("sk-ant-")
    oidc_client_secret: SecretStr = _made()
    valkey_password: SecretStr = _made()
    codec_token: SecretStr = _made()
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


def ensure_public_keys(data_dir: Path, signing_key: str) -> str:
    """The public keys that are believed, on one line: those in `signing.pub`, to which that of `signing_key` is added.

    So a new signing key leaves what was signed by the former one good, until somebody takes it out of the file.
    """
    file = data_dir / "signing.pub"
    try:
        mine = keys.public_of(signing_key)
        known = file.read_text() if file.exists() else ""
        if keys.listed(mine) not in keys.listed(known).split(","):
            known = mine + known
            write_private(file, known)
        return keys.listed(known)
    except (ValueError, OSError) as error:
        raise StackRefused(f"The keys of verdicts (CCB_SIGNING_KEY, {file}) cannot be used: {error}.") from error


def payload_keys(data_dir: Path, *, wanted: bool) -> str | None:
    """What histories are encrypted with, for `CCB_TEMPORAL_PAYLOAD_KEYS`: the lines of `payload.keys`, newest first.

    The file is made if encryption is `wanted`. Once it is there it counts: what was encrypted must stay readable.
    """
    file = data_dir / "payload.keys"
    if not file.exists():
        if not wanted:
            return None
        write_private(file, f"1:{_fernet_key().get_secret_value()}\n")
    file.chmod(0o600)
    return ",".join(line.strip() for line in file.read_text().splitlines() if line.strip())


def ensure_operator_key(data_dir: Path) -> Path:
    """The file with the operator's API key, made if need be; only its owner can read it."""
    file = data_dir / "operator.key"
    if not file.exists() or not file.read_text().strip():
        write_private(file, f"ccb_{secrets.token_urlsafe(32)}\n")
    file.chmod(0o600)
    return file
