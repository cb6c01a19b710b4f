"""A message of ours as Slack's blocks, within Slack's limits.

Source: https://docs.slack.dev/reference/block-kit/blocks (header 150 characters, section 3,000, button text 75, 50
blocks a message)
"""

from itertools import islice

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from adapters.slack.mrkdwn import escape, mrkdwn, pieces
from domain.vendors import Button, ChatMessage

SECTION_CHARACTERS = 3000
SECTIONS = 40
FALLBACK_CHARACTERS = 3000


def text(message: ChatMessage) -> str:
    """What notifications show."""
    return next(pieces(f"{escape(_title(message))}\n{mrkdwn(message.text)}", FALLBACK_CHARACTERS))


def blocks(message: ChatMessage) -> list[Block]:
    """Header, text and buttons."""
    made: list[Block] = [HeaderBlock(text=PlainTextObject(text=_title(message), emoji=False))]
    converted = pieces(mrkdwn(message.text), SECTION_CHARACTERS)
    # `verbatim` keeps Slack from reading @here and #channel into the text.
    made += [SectionBlock(text=MarkdownTextObject(text=piece, verbatim=True)) for piece in islice(converted, SECTIONS)]
    if next(converted, None) is not None:
        made.append(SectionBlock(text=MarkdownTextObject(text="_The rest was left out: it is too long for Slack._")))
    if message.buttons:
        made.append(ActionsBlock(block_id="actions", elements=[_button(button) for button in message.buttons]))
    return made


def _title(message: ChatMessage) -> str:
    title = " ".join(message.title.split()) or "Claude Code Bot"
    return title if len(title) <= HeaderBlock.text_max_length else title[: HeaderBlock.text_max_length - 1] + "…"


def _button(button: Button) -> ButtonElement:
    return ButtonElement(
        text=PlainTextObject(text=button.text[: ButtonElement.text_max_length], emoji=False),
        action_id=button.action,
        value=button.value,
        style=button.style,
    )
