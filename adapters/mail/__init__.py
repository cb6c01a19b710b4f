"""Mail: through an SMTP server, or into a folder where none is named."""

from adapters.mail.factory import open_mail
from adapters.mail.folder import FolderMail
from adapters.mail.settings import SmtpSettings

__all__ = ["FolderMail", "SmtpSettings", "open_mail"]
