"""The SDK's client, as we use it: with a timeout, and without retries (Temporal owns retries)."""

from urllib.parse import urlsplit

from slack_sdk import WebClient

from adapters.slack.settings import SlackSettings

TIMEOUT_SECONDS = 15
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def direct(settings: SlackSettings) -> bool:
    """Whether Slack is reached without the environment's proxy, from which the SDK knows no exceptions."""
    return urlsplit(settings.base_url).hostname in _LOOPBACK


def connect(settings: SlackSettings) -> WebClient:
    client = WebClient(
        token=settings.token.get_secret_value(), base_url=settings.base_url, timeout=TIMEOUT_SECONDS, retry_handlers=[]
    )
    if direct(settings):
        client.proxy = None
    return client
