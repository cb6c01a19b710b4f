"""Untrusted text: normalised, bounded, without hidden parts, and marked as data.

The step that reads such text holds no write credentials; this only keeps it honest and short: Claude reads what a
person would see, and no more. NFC and not NFKC: compatibility forms are visible, and ² or ™ are not 2 and TM.
"""

import re
import unicodedata

from domain.base import Data

# Format characters: zero width, bidirectional (Unicode TR36, "Trojan Source"), annotations, the invisible tag block and
# variation selectors; fillers that show nothing; private use, surrogates and what is no character at all.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# ECMA-48: control sequences, and strings such as the target of a link that a terminal does not show.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|\Z)|[ -~])")

# What a page does not show: comments, declarations and instructions; elements that never show, or that are told not to;
# tags, whose attributes nobody sees; link definitions used as comments. Unclosed, they hide the rest, as in a browser.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<[?!][a-zA-Z][^<>]{0,2000}>", re.DOTALL)
_NEVER_SHOWN = re.compile(
    r"<(script|style|template|noscript|head|title|iframe|object|svg|math|textarea|select)\b[^<>]{0,2000}>"
    r".*?(?:</\1\s{0,20}>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_TOLD_NOT_TO = re.compile(
    r"<([a-z][a-z0-9-]{0,30})\b(?=[^<>]{0,2000}(?:\shidden\b|aria-hidden\s{0,5}=\s{0,5}[\"']?true"
    r"|display\s{0,5}:\s{0,5}none|visibility\s{0,5}:\s{0,5}(?:hidden|collapse)|opacity\s{0,5}:\s{0,5}0?\.?0+\b"
    r"|font-size\s{0,5}:\s{0,5}0?\.?[01](?:\D|\b)|(?:max-)?(?:height|width)\s{0,5}:\s{0,5}0|text-indent\s{0,5}:\s{0,5}-\d"
    r"|(?<!-)color\s{0,5}:\s{0,5}(?:transparent|white\b|#fff|rgba?\([^)]{0,40},\s{0,5}0\))))"
    r"[^<>]{0,2000}(?:/>|>.*?(?:</\1\s{0,20}>|\Z))",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTES = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]{0,30})\s[^<>]{0,2000}>")
_LINK_COMMENT = re.compile(r"^[ ]{0,3}\[[^\]\n]{0,200}\]:[ \t]{0,20}(?:#|<>|<#>)[^\n]*$", re.MULTILINE)
_LINK_TITLE = re.compile(r"(\]\([^()\s\"]{1,2000})[ \t]{1,20}(?:\"[^\"\n]{0,2000}\"|'[^'\n]{0,2000}')[ \t]{0,20}\)")
_IMAGE_TEXT = re.compile(r"!\[[^\[\]\n]{0,2000}\](?=[(\[])")
_ENTITY = re.compile(
    r"&(?:#(?:x0*(?:200[b-f]|206[0-9a-f]|ad|feff)|0*(?:173|820[3-7]|65279))|ZeroWidthSpace|shy|zwn?j);", re.IGNORECASE
)

_SECRET = re.compile(
    r"(?:sk-ant-[A-Za-z0-9_-]{8,}|\bsk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}|\bsk-[A-Za-z0-9]{32,}"
    r"|\b[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9]{16,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abeprs]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{16,}|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_+-]{16,}"
    r"|(?:AKIA|ASIA|AGPA|AROA|AIDA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}"
    r"|\bnpm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,}|dop_v1_[a-f0-9]{40,}|\bhf_[A-Za-z0-9]{30,}|lin_api_[A-Za-z0-9]{30,}"
    r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bSK[0-9a-f]{32}\b|ATATT[A-Za-z0-9_=-]{20,}|ccb_[A-Za-z0-9_-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # a JSON Web Token
    r"|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z))",
    re.DOTALL,
)
# `password=…`, `"api_key": "…"`, `Authorization: Bearer …`, and the password of a URL: the value goes, the name stays.
_NAMED_SECRET = re.compile(
    r"((?:pass(?:word|wd|phrase)|secret(?:[_-]?(?:access)?[_-]?key)?|(?:api|access|auth|private)[_-]?(?:key|token)"
    r"|client[_-]?secret|token)[\"']?[ \t]{0,5}[=:][ \t]{0,5}[\"']?)"
    r"(?=[^\s\"',;<>{}()\[\]]{0,100}\d)([^\s\"',;<>{}()\[\]$]{8,})",
    re.IGNORECASE,
)
_BEARER = re.compile(
    r"(\bauthorization[\"']?[ \t]{0,5}[=:][ \t]{0,5}[\"']?(?:bearer|basic|token)[ \t]{1,5})[^\s\"',;<>{}]{8,}",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(
    r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,100}:)[^\s/:@\"'<>{}]{1,200}(?=@)", re.IGNORECASE
)
_REDACTED = "[redacted]"

_MARK = re.compile(r"<(?=[\s\\/]{0,20}untrusted)", re.IGNORECASE)
_MOST_READ = 8
"""How many times its limit is looked at of a text: what is hidden in between does not count."""
_PASSES = 5


class UntrustedText(Data):
    """Text somebody outside wrote, cleaned. It is data: nothing in it has authority."""

    source: str
    text: str
    truncated: bool = False


def redact(text: str) -> str:
    """`text` with everything that looks like a credential replaced."""
    plain = _BEARER.sub(rf"\1{_REDACTED}", _SECRET.sub(_REDACTED, text))
    return _URL_PASSWORD.sub(rf"\1{_REDACTED}", _NAMED_SECRET.sub(rf"\1{_REDACTED}", plain))


def legible(text: str) -> str:
    """`text` in NFC, without invisible and control characters."""
    plain = _CONTROL.sub("", _INVISIBLE.sub("", _TERMINAL.sub("", _LINE_ENDS.sub("\n", text))))
    # After the rest: what was taken out may have kept apart what belongs together.
    return unicodedata.normalize("NFC", plain)


def visible(text: str) -> str:
    """`text`, `legible` and with credentials redacted."""
    return redact(legible(text))


def shown(markup: str) -> str:
    """Markdown or HTML without what a page made of it does not show: comments, hidden elements, attributes, titles."""
    text = _ENTITY.sub("", markup)
    if "<" in text:
        for hidden in (_COMMENT, _NEVER_SHOWN, _TOLD_NOT_TO):
            text = hidden.sub("", text)
        text = _ATTRIBUTES.sub(r"<\1>", text)
    if "](" in text or "]:" in text or "![" in text:
        text = _IMAGE_TEXT.sub("![]", _LINK_TITLE.sub(r"\1)", _LINK_COMMENT.sub("", text)))
    return text


def clean(text: str, *, source: str, limit: int = 20_000) -> UntrustedText:
    """Text that people wrote: `shown`, `visible`, and bounded to `limit` characters."""
    read = text[: limit * _MOST_READ]
    plain = visible(shown(read))
    # What was hidden in one way may have hidden something in another.
    for _ in range(_PASSES):
        if (again := visible(shown(plain))) == plain:
            break
        plain = again
    plain = plain.strip()
    return UntrustedText(source=source, text=plain[:limit], truncated=len(plain) > limit or len(read) < len(text))


def fenced(text: UntrustedText) -> str:
    """The text between marks that it cannot itself contain, for a prompt."""
    source = re.sub(r"[^\w .,:/@#-]", "", text.source)[:120]
    return f'<untrusted source="{source}">\n{_MARK.sub("<" + chr(92) * 2, text.text)}\n</untrusted>'
