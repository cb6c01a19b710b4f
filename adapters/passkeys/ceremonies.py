"""Registering and using passkeys: WebAuthn level 3, §7.1 and §7.2.

A passkey logs in alone, so the authenticator must have checked its person (a PIN, a finger, a face): it is something
one has and something one knows or is. Nothing is asked about the make of authenticators.
"""

import binascii
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import JsonValue
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_client_data_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from domain.errors import InvalidInput, Unauthenticated
from domain.federation import Asserted, Attested, Passkey, Payload

PATIENCE_MS = 300_000
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, OverflowError, binascii.Error)
"""What py_webauthn raises for bytes that are not what they claim to be."""


class WebAuthn:
    """The `Authenticators` port, for what is served at `origin`: its host is the relying party's id."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._rp_id = urlsplit(origin).hostname or "localhost"

    def to_register(self, *, person_id: str, name: str, challenge: bytes, known: Sequence[str]) -> dict[str, JsonValue]:
        options = generate_registration_options(
            rp_id=self._rp_id,
            rp_name="Claude Code Bot",
            user_id=person_id.encode(),
            user_name=name,
            challenge=challenge,
            timeout=PATIENCE_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known],
        )
        made: dict[str, JsonValue] = json.loads(options_to_json(options))
        return made

    def to_log_in(self, *, challenge: bytes) -> dict[str, JsonValue]:
        options = generate_authentication_options(
            rp_id=self._rp_id,
            challenge=challenge,
            timeout=PATIENCE_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        made: dict[str, JsonValue] = json.loads(options_to_json(options))
        return made

    def challenge_of(self, credential: Payload) -> str | None:
        response = credential.get("response")
        data = response.get("clientDataJSON") if isinstance(response, dict) else None
        try:
            return bytes_to_base64url(parse_client_data_json(base64url_to_bytes(str(data))).challenge)
        except _MALFORMED:
            return None

    def registered(self, credential: Payload, *, challenge: bytes) -> Attested:
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except _MALFORMED as error:
            raise InvalidInput(f"This passkey cannot be taken: {_said(error)}.", field="credential") from error
        return Attested(
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            backed_up=made.credential_backed_up,
        )

    def asserted(self, credential: Payload, *, challenge: bytes, passkey: Passkey) -> Asserted:
        try:
            found = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _MALFORMED as error:
            raise Unauthenticated(f"This passkey does not let you in: {_said(error)}.") from error
        return Asserted(sign_count=found.new_sign_count, backed_up=found.credential_backed_up)


def _said(error: Exception) -> str:
    """The library's words, which name what was expected and what came, in a line."""
    text = " ".join(str(error).split()).rstrip(".") if isinstance(error, WebAuthnException) else "it cannot be read"
    return text[:200]
