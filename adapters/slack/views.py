"""A form, or our page, as Slack's views, within Slack's limits.

Source: https://docs.slack.dev/reference/views (titles and buttons 24 characters) and
/reference/block-kit/block-elements/plain-text-input-element
"""

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    MarkdownTextObject,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from adapters.slack import blocks
from adapters.slack.mrkdwn import mrkdwn, pieces
from domain.vendors import ChatMessage, Form, FormField


def modal(form: Form) -> View:
    """Each field is the only one of its block, whose id is the field's name: errors and values come by it."""
    text = next(pieces(mrkdwn(form.text), blocks.SECTION_CHARACTERS), "")
    said: list[Block] = [SectionBlock(text=MarkdownTextObject(text=text, verbatim=True))] if text else []
    return View(
        type="modal",
        callback_id=form.kind,
        title=_plain(form.title),
        submit=_plain(form.submit),
        close=_plain("Cancel"),
        blocks=[*said, *map(_field, form.fields)],
        private_metadata=form.state,
    )


def home(message: ChatMessage) -> View:
    return View(type="home", blocks=blocks.blocks(message))


def _field(field: FormField) -> InputBlock:
    return InputBlock(
        block_id=field.name,
        label=_plain(field.label),
        hint=_plain(field.hint) if field.hint else None,
        optional=field.optional,
        element=PlainTextInputElement(
            action_id=field.name,
            multiline=field.multiline,
            max_length=field.longest,
            initial_value=field.initial or None,
        ),
    )


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
