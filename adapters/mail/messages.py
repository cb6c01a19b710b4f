"""A letter as a message (RFC 5322)."""

from email.errors import HeaderParseError, MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

from domain.accounts import Letter
from domain.errors import InvalidInput


def message(letter: Letter, *, sender: str) -> EmailMessage:
    """Raises InvalidInput for what cannot be a header, such as an address with a line break."""
    made = EmailMessage(policy=SMTP)
    try:
        made["From"] = sender
        made["To"] = letter.to
        made["Subject"] = letter.subject
    except (ValueError, IndexError, HeaderParseError, MessageError) as error:
        raise InvalidInput("A mail cannot be sent to this address: it is not one.", field="email") from error
    made["Date"] = formatdate()
    made["Message-ID"] = make_msgid(domain="ccb.invalid")
    # Programs must not answer it with notes of absence (RFC 3834 §5).
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    return made
