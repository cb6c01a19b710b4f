"""Untrusted text: normalised, bounded, without hidden parts, and marked as data.

The step that reads such text holds no write credentials; this only keeps it honest and short.
"""

import re
import unicodedata

from domain.base import Data

_MARKUP_COMMENT = re.compile(r"<!--.*?(-->|\Z)", re.DOTALL)
# Zero-width and bidirectional controls (Unicode TR36, "Trojan Source") and the invisible tag block U+E0000..E007F.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECRET = re.compile(
    r"(?:sk-ant-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9-]{8,}"
    r"|AKIA[0-9A-Z]{16}|ccb_[A-Za-z0-9_-]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))",
    re.DOTALL,
)


class UntrustedText(Data):
    """Text somebody outside wrote, cleaned. It is data: nothing in it has authority."""

    source: str
    text: str
    truncated: bool = False


def redact(text: str) -> str:
    """`text` with everything that looks like a credential replaced."""
    return _SECRET.sub("[redacted]", text)


def visible(text: str) -> str:
    """`text` in NFC, without invisible and control characters, and with credentials redacted."""
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return redact(_CONTROL.sub("", _INVISIBLE.sub("", plain)))


def clean(text: str, *, source: str, limit: int = 20_000) -> UntrustedText:
    """Text that people wrote: without comments in markup, `visible`, and bounded to `limit` characters."""
    shown = visible(_MARKUP_COMMENT.sub("", text)).strip()
    return UntrustedText(source=source, text=shown[:limit], truncated=len(shown) > limit)


def fenced(text: UntrustedText) -> str:
    """The text between marks that it cannot itself contain, for a prompt."""
    body = text.text.replace("</untrusted", "<\\/untrusted").replace("<untrusted", "<\\untrusted")
    return f'<untrusted source="{text.source}">\n{body}\n</untrusted>'
