"""Mail through a real SMTP server: what arrives, over which kind of connection, and what is said when it does not."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from adapters.mail import FolderMail, SmtpSettings, open_mail
from domain.accounts import Letter
from domain.errors import InvalidInput, StorageUnavailable, VendorRejected, VendorUnavailable
from tests.servers import free_ports

LETTER = Letter(to="ada@example.com", subject="Confirm ☂", text="Hello, Ada.\n\n" + "x" * 2000 + "\n.\nStill here ☂\n")
USER, PASSWORD = "ccb", "the mail server's password"


class Box:
    def __init__(self, *, answer: str = "250 taken") -> None:
        self.letters: list[EmailMessage] = []
        self._answer = answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._answer.startswith("250"):
            letter = message_from_bytes(envelope.content, policy=default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
        return self._answer


def _authenticated(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def server(box: Box, **options: object) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    made = await loop.create_server(lambda: SMTP(box, loop=loop, hostname="localhost", **options), "127.0.0.1", 0)
    async with made:
        yield made.sockets[0].getsockname()[1]


def settings(port: int, **more: object) -> SmtpSettings:
    return SmtpSettings(**{"host": "127.0.0.1", "port": port, "security": "none", "sender": "ccb@example.com"} | more)


@pytest.fixture(scope="module")
def selfmade(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate that nobody vouches for."""
    folder: Path = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    (folder / "both.pem").write_bytes(pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")
    return context


async def test_a_letter_arrives_as_it_was_written(tmp_path: Path):
    box = Box()
    async with server(box) as port:
        await open_mail(settings(port), tmp_path).send(LETTER)
    (letter,) = box.letters
    assert (letter["To"], letter["From"], letter["Subject"]) == (LETTER.to, "ccb@example.com", LETTER.subject)
    assert letter["Message-ID"]
    assert letter["Date"]
    assert letter.get_content().replace("\r\n", "\n") == LETTER.text
    assert not (tmp_path / "mail").exists()


async def test_the_server_is_shown_who_sends(tmp_path: Path):
    box = Box()
    async with server(box, authenticator=_authenticated, auth_require_tls=False) as port:
        await open_mail(settings(port, user=USER, password=SecretStr(PASSWORD)), tmp_path).send(LETTER)
        with pytest.raises(VendorRejected, match="535") as refused:
            await open_mail(settings(port, user=USER, password=SecretStr("wrong")), tmp_path).send(LETTER)
    assert len(box.letters) == 1
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 later", VendorUnavailable), ("554 never", VendorRejected)],
    ids=["later", "never"],
)
async def test_a_refusal_says_whether_to_try_again(tmp_path: Path, answer: str, error: type[Exception]):
    async with server(Box(answer=answer)) as port:
        with pytest.raises(error, match=answer[:3]):
            await open_mail(settings(port), tmp_path).send(LETTER)


async def test_nothing_is_sent_in_the_clear_where_encryption_is_asked_for(tmp_path: Path, selfmade: ssl.SSLContext):
    box = Box()
    async with server(box) as port:
        with pytest.raises(VendorRejected):
            await open_mail(settings(port, security="starttls"), tmp_path).send(LETTER)
    async with server(box, tls_context=selfmade) as port:
        with pytest.raises((VendorUnavailable, VendorRejected)):
            await open_mail(settings(port, security="starttls"), tmp_path).send(LETTER)
    assert box.letters == []


async def test_a_server_that_is_away_is_named_with_what_to_check(tmp_path: Path):
    (port,) = free_ports(1)
    with pytest.raises(VendorUnavailable, match=r"CCB_SMTP_HOST") as refused:
        await open_mail(settings(port), tmp_path).send(LETTER)
    assert refused.value.retryable


async def test_an_address_cannot_add_headers(tmp_path: Path):
    letter = LETTER.model_copy(update={"to": "ada@example.com\r\nBcc: everybody@example.com"})
    async with server(Box()) as port:
        with pytest.raises(InvalidInput):
            await open_mail(settings(port), tmp_path).send(letter)
    with pytest.raises(InvalidInput):
        await open_mail(SmtpSettings(), tmp_path).send(letter)


async def test_a_folder_holds_so_many_letters_and_says_when_it_cannot(tmp_path: Path):
    mail = FolderMail(tmp_path / "mail", sender="ccb@example.com", kept=3)
    for number in range(5):
        await mail.send(LETTER.model_copy(update={"subject": str(number)}))
    kept = [message_from_bytes(file.read_bytes(), policy=default) for file in sorted((tmp_path / "mail").iterdir())]
    assert [letter["Subject"] for letter in kept] == ["2", "3", "4"]
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="file"):
        await open_mail(SmtpSettings(folder=tmp_path / "file"), tmp_path).send(LETTER)
