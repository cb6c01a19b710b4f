"""Mail through an SMTP server (RFC 6409)."""

import aiosmtplib

from adapters.mail.messages import message
from adapters.mail.settings import SmtpSettings
from domain.accounts import Letter
from domain.errors import VendorOutcomeUnknown, VendorRejected, VendorUnavailable

_VENDOR = "smtp"


class SmtpMail:
    """The `Mail` port. A connection for each letter: few are sent. A certificate is always checked."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings

    async def send(self, letter: Letter) -> None:
        given = self._settings
        made = message(letter, sender=given.sender)
        try:
            await aiosmtplib.send(
                made,
                hostname=given.host,
                port=given.port,
                username=given.user,
                password=given.password.get_secret_value() if given.password else None,
                use_tls=given.security == "tls",
                start_tls=given.security == "starttls",
                timeout=given.timeout,
            )
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPConnectTimeoutError, OSError) as error:
            raise VendorUnavailable(
                f"The mail server {given.host}:{given.port} cannot be reached: check CCB_SMTP_HOST and CCB_SMTP_PORT.",
                vendor=_VENDOR,
            ) from error
        except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError) as error:
            raise VendorOutcomeUnknown(
                f"The mail server {given.host} did not say whether it took a mail.", vendor=_VENDOR
            ) from error
        except aiosmtplib.SMTPResponseException as error:
            kind = VendorUnavailable if 400 <= error.code < 500 else VendorRejected
            raise kind(f"The mail server {given.host} answered {error.code}.", vendor=_VENDOR) from error
        except aiosmtplib.SMTPException as error:
            raise VendorRejected(
                f"The mail server {given.host} did not take a mail ({type(error).__name__}).", vendor=_VENDOR
            ) from error
