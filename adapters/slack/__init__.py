"""Slack: messages out, signed callbacks in."""

from adapters.slack.client import SlackChat
from adapters.slack.inbox import SlackInbox
from adapters.slack.settings import SlackSettings
from adapters.slack.webhooks import Command, Interaction, parse_command, parse_interaction, verify

__all__ = [
    "Command",
    "Interaction",
    "SlackChat",
    "SlackInbox",
    "SlackSettings",
    "parse_command",
    "parse_interaction",
    "verify",
]
