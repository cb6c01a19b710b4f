"""The mail that the settings name."""

from pathlib import Path

from adapters.mail.folder import FolderMail
from adapters.mail.settings import SmtpSettings
from domain.ports import Mail


def open_mail(settings: SmtpSettings, data_dir: Path) -> Mail:
    """Through the server that is named; without one, into the folder `mail` of the data directory."""
    if settings.host is None:
        return FolderMail(settings.folder or data_dir / "mail", sender=settings.sender)
    from adapters.mail.smtp import SmtpMail  # noqa: PLC0415 - only who uses SMTP imports its client

    return SmtpMail(settings)
