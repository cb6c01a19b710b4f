"""Webhooks: written with what caused them in one transaction, then sent, signed as GitHub signs them."""

import hashlib
import hmac
import json
import uuid

import httpx

from simulators.github.context import Context
from simulators.github.models import Config, Delivery, Json, Repo
from simulators.github.render import repository, user
from simulators.github.store import Store

# "GitHub expects that your server will respond within 10 seconds of receiving a webhook delivery."
TIMEOUT = 10.0


def emit(ctx: Context, repo: Repo | None, event: str, payload: Json, *, action: str | None = None) -> None:
    """Write a delivery; `Sender` sends it after the transaction. Nothing where no receiver is configured.

    Without `repo` it is about the App itself, which names its installation in the payload.
    """
    if ctx.config.webhook_url is None or (ctx.acting == ctx.config.bot and not ctx.config.webhooks_for_bot):
        return
    common: Json = {"sender": user(ctx, ctx.acting)}
    if repo is not None:
        common["repository"] = repository(ctx, repo)
        if ctx.user(repo.owner).type == "Organization":
            common["organization"] = _organization(ctx, repo)
    if ctx.config.app_id is not None and repo is not None:
        installation = ctx.config.installation_id
        common["installation"] = {"id": installation, "node_id": f"MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u{installation}"}
    head = {"action": action} if action else {}
    delivery = Delivery(
        id=ctx.store.new_id(),
        guid=str(uuid.uuid4()),
        event=event,
        action=action,
        payload=json.dumps({**head, **payload, **common}, separators=(",", ":"), ensure_ascii=False),
    )
    ctx.store.put(delivery)
    ctx.deliveries.append(delivery)


class Sender:
    """Sends deliveries over one client, which lives as long as the process."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._http = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)

    async def send(self, delivery: Delivery) -> Delivery:
        """POST it and keep the receiver's status, 0 if there was no answer. Returns the delivery as it is now."""
        if self._config.webhook_url is None:
            return delivery
        body = delivery.payload.encode()
        try:
            answer = await self._http.post(
                self._config.webhook_url, content=body, headers=_headers(self._config, delivery, body)
            )
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        sent = delivery.model_copy(update={"status": status})
        with self._store.transaction():
            self._store.put(sent)
        return sent


def _headers(config: Config, delivery: Delivery, body: bytes) -> dict[str, str]:
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/simulated",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": "1",
        "X-GitHub-Hook-Installation-Target-ID": str(config.app_id or 1),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if config.app_id else "repository",
    }
    if config.webhook_secret:
        headers["X-Hub-Signature"] = f"sha1={_signature(config.webhook_secret, body, 'sha1')}"
        headers["X-Hub-Signature-256"] = f"sha256={_signature(config.webhook_secret, body, 'sha256')}"
    return headers


def _signature(secret: str, body: bytes, algorithm: str) -> str:
    return hmac.new(secret.encode(), body, getattr(hashlib, algorithm)).hexdigest()


def _organization(ctx: Context, repo: Repo) -> Json:
    owner = user(ctx, repo.owner)
    url = f"{ctx.api}/orgs/{repo.owner}"
    links = ["repos", "events", "hooks", "issues", "members{/member}", "public_members{/member}"]
    return {
        "login": owner["login"],
        "id": owner["id"],
        "node_id": owner["node_id"],
        "url": url,
        **{f"{link.split('{')[0]}_url": f"{url}/{link}" for link in links},
        "avatar_url": owner["avatar_url"],
        "description": "",
    }
