"""Answers, forms and the home: what one person sees, and what Slack refuses."""

from collections.abc import Callable

import pytest
from slack_sdk.models.views import View

from adapters.slack import forms, views
from adapters.slack.client import SlackChat
from adapters.slack.directory import SlackDirectory
from adapters.slack.settings import SlackSettings
from adapters.slack.webhooks import Command, parse
from domain.errors import VendorRejected, VendorUnavailable
from domain.vendors import ChatMessage, Form, Reply
from simulators.kit import Simulators
from tests.contract.receiver import Received
from tests.contract.slack.conftest import CHANNEL

Build = Callable[..., ChatMessage]
Last = Callable[[], Received]
REVIEWED = {"integration_id": f"int_{'0' * 32}", "content_hash": f"sha256:{'0' * 64}"}
REPLY = Reply(user="U0BOB", channel=CHANNEL, url="https://hooks.slack.com/" + "x" * 400)


async def typed(simulators: Simulators, last: Last, text: str = "help", user: str = "bob") -> Command:
    await simulators.act("slack", "command", user=user, channel=CHANNEL, command="/ccb", text=text)
    found = parse(last().body)
    assert isinstance(found, Command)
    return found


def create_form() -> Form:
    return forms.create_form(
        repository="acme/integrations", title="Weather", state=forms.CreateState.model_validate({"reply": REPLY})
    )


async def test_whoever_typed_is_answered_alone(chat: SlackChat, simulators: Simulators, last: Last) -> None:
    reply = (await typed(simulators, last)).reply
    await chat.answer(reply, ChatMessage(title="It counts", text="**Thanks** <!channel>"))
    answer = (await simulators.look("slack", "responses"))["responses"][-1]
    assert (answer["user"], answer["body"]["response_type"]) == ("U0BOB", "ephemeral")
    assert answer["body"]["blocks"][1]["text"]["text"] == "*Thanks* &lt;!channel&gt;"


async def test_when_slacks_address_is_used_up_the_channel_is_used(
    chat: SlackChat, simulators: Simulators, last: Last, message: Build
) -> None:
    reply = (await typed(simulators, last)).reply
    since = await simulators.last("slack")
    for _ in range(6):  # Slack takes five
        await chat.answer(reply, message())
    sent = await simulators.journal("slack", since=since, path="postEphemeral")
    assert len(sent) == 1
    with pytest.raises(VendorRejected):
        await chat.answer(reply.model_copy(update={"channel": ""}), message())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.example.com/x", "https://127.0.0.1/x", "file:///etc/passwd", "http://example.com", ""]
)
async def test_nothing_is_sent_where_slack_is_not(
    chat: SlackChat, simulators: Simulators, message: Build, url: str
) -> None:
    """The address is as Slack signed it; even so, only Slack's own is believed."""
    since = await simulators.last("slack")
    await chat.answer(Reply(user="U0BOB", channel=CHANNEL, url=url), message())
    assert len(await simulators.journal("slack", since=since, path="postEphemeral")) == 1


async def test_a_form_that_comes_too_late_says_so(chat: SlackChat, simulators: Simulators) -> None:
    body = {"ok": False, "error": "expired_trigger_id"}
    await simulators.fault("slack", "error", path="views.open", status=400, body=body)
    with pytest.raises(VendorRejected, match="three seconds"):
        await chat.open_form("1.2.3", create_form())
    with pytest.raises(VendorRejected, match="invalid_trigger_id"):
        await chat.open_form("1.2.3", create_form())
    await simulators.fault("slack", "error", path="users.info", status=503, body="")
    settings = SlackSettings(
        token=simulators.config["slack"]["token"],
        channel=CHANNEL,
        base_url=simulators.slack_url,
        match_email=True,
    )
    with pytest.raises(VendorUnavailable):
        await SlackDirectory(settings).email("U0BOB")


async def test_the_forms_are_within_slacks_limits(chat: SlackChat, simulators: Simulators, last: Last) -> None:
    """By the limits of the SDK's models, and of the simulated Slack."""
    changes = forms.changes_form(forms.ChangesState.model_validate({**REVIEWED, "reply": REPLY}), name="weather")
    for form in (create_form(), changes):
        view = views.modal(form)
        assert isinstance(view, View)
        view.validate_json()
        await chat.open_form((await typed(simulators, last)).trigger, form)
        shown = (await simulators.look("slack", "views", user="bob"))["views"][-1]
        assert (shown["callback_id"], shown["private_metadata"]) == (form.kind, form.state)
        assert [one["block_id"] for one in shown["blocks"] if one["type"] == "input"] == [
            field.name for field in form.fields
        ]


async def test_the_home_is_shown(chat: SlackChat, simulators: Simulators) -> None:
    for text in ("one", "two"):
        await chat.show_home("U0DAVE", ChatMessage(title="Your integrations", text=text))
    (home,) = (await simulators.look("slack", "views", user="dave"))["views"]
    assert home["type"] == "home"
    assert home["blocks"][1]["text"]["text"] == "two"


async def test_the_workspace_is_the_tokens_unless_others_are_named(settings: SlackSettings) -> None:
    assert await SlackDirectory(settings).serves("T0SIMULATED")
    assert not await SlackDirectory(settings).serves("T0OTHER")
    named = SlackDirectory(settings.model_copy(update={"teams": "T0OTHER, T1"}))
    assert await named.serves("T1")
    assert not await named.serves("T0SIMULATED")


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"email": "erin@example.com"}, "erin@example.com"),
        ({"email": "erin@example.com", "is_email_confirmed": False}, None),
        ({"is_bot": True}, None),
        ({"deleted": True}, None),
        ({"is_restricted": True}, None),
        ({"is_stranger": True}, None),
    ],
    ids=["confirmed", "unconfirmed", "bot", "gone", "guest", "stranger"],
)
async def test_only_a_confirmed_address_of_a_full_member_counts(
    settings: SlackSettings, simulators: Simulators, about: dict[str, object], expected: str | None
) -> None:
    usual = {"is_email_confirmed": True, "is_bot": False, "deleted": False, "is_restricted": False}
    user = await simulators.act("slack", "users", name="erin", **{**usual, "is_stranger": False, **about})
    directory = SlackDirectory(settings.model_copy(update={"match_email": True}))
    assert await directory.email(user["id"]) == expected
    assert await SlackDirectory(settings).email(user["id"]) is None  # nobody wanted it
    assert await directory.email("U0NOBODYATALL") is None
