"""What sessions and second factors stand on: signed tokens, passwords' hashes, one-time codes."""

from adapters.tokens.clock import Clock, utc_now
from adapters.tokens.codes import accepted_step, fresh_codes, fresh_secret, normalised, otpauth
from adapters.tokens.passwords import Passwords
from adapters.tokens.sessions import TokenSessions
from adapters.tokens.settings import PasswordSettings, TokenSettings
from adapters.tokens.signing import Signer

__all__ = [
    "Clock",
    "PasswordSettings",
    "Passwords",
    "Signer",
    "TokenSessions",
    "TokenSettings",
    "accepted_step",
    "fresh_codes",
    "fresh_secret",
    "normalised",
    "otpauth",
    "utc_now",
]
