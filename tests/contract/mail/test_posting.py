"""Letters that leave behind the answer: tried again, given up, and never in anybody's way."""

import logging

import pytest

from adapters.mail import SmtpSettings, open_mail
from api.posting import Posting
from domain.accounts import Letter
from domain.errors import NotFound, TooManyRequests
from tests.contract.mail.test_smtp import LETTER, Box, server, settings


async def a_letter() -> Letter:
    return LETTER


class Busy(Box):
    """A server that takes nothing but every third letter."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def handle_DATA(self, *given) -> str:  # noqa: N802
        self.asked += 1
        return await super().handle_DATA(*given) if self.asked % 3 == 0 else "451 later"


async def test_a_letter_is_tried_again_until_it_is_taken_and_sent_once(tmp_path):
    box = Busy()
    async with server(box) as port:
        posting = Posting(open_mail(settings(port), tmp_path), retries=(0.01, 0.01))
        posting.later(a_letter)
        await posting.idle()
    assert (box.asked, len(box.letters)) == (3, 1)


@pytest.mark.parametrize(("answer", "asked"), [("451 later", 3), ("554 never", 1)], ids=["later", "never"])
async def test_what_cannot_be_sent_is_in_the_log(tmp_path, caplog, answer: str, asked: int):
    box = Box(answer=answer)
    async with server(box) as port:
        posting = Posting(open_mail(settings(port), tmp_path), retries=(0.01, 0.01))
        with caplog.at_level(logging.WARNING, "ccb.api.mail"):
            posting.later(a_letter)
            await posting.idle()
    assert len(caplog.records) == asked
    assert (caplog.records[-1].levelname, caplog.records[-1].error[-4:]) == ("ERROR", f"{answer[:3]}.")
    assert LETTER.text not in caplog.text


async def test_the_end_of_the_process_does_not_wait_for_a_server_that_is_busy(tmp_path, caplog):
    async with server(Box(answer="451 later")) as port:
        posting = Posting(open_mail(settings(port), tmp_path), retries=(3600.0,))
        posting.later(a_letter)
        await posting.close()
    assert caplog.records[-1].levelname == "ERROR"


async def test_no_letter_and_a_failure_to_write_one_harm_nobody(tmp_path, caplog):
    async def none() -> None:
        return None

    async def failed() -> Letter:
        raise NotFound("There is no such person.")

    posting = Posting(open_mail(SmtpSettings(), tmp_path))
    posting.later(none)
    posting.later(failed)
    await posting.idle()
    assert not (tmp_path / "mail").exists()
    assert [record.code for record in caplog.records] == ["not_found"]


async def test_letters_do_not_pile_up_without_end(tmp_path):
    posting = Posting(open_mail(SmtpSettings(), tmp_path))
    for _ in range(200):
        posting.later(a_letter)
    with pytest.raises(TooManyRequests):
        posting.later(a_letter)
    await posting.close()
