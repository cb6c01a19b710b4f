"""Passkeys (WebAuthn level 3), by py_webauthn."""

from adapters.passkeys.ceremonies import WebAuthn

__all__ = ["WebAuthn"]
