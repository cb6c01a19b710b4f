"""What both have in common: a client's request, the page on which a person says who they are, and the way back."""

import base64
import hashlib
import hmac
import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulators.oidc.store import CODE_SECONDS, Store

_ASKED_SECONDS = 600


class Clients:
    """Who may ask: `{"ID": {"secret": …, "redirect_uris": […]}}`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._clients: dict[str, dict[str, Any]] = {name: dict(one) for name, one in config.get("clients", {}).items()}

    def put(self, client_id: str, body: dict[str, Any]) -> None:
        self._clients[client_id] = body

    def redirects(self, client_id: str) -> list[str] | None:
        client = self._clients.get(client_id)
        return None if client is None else [str(one) for one in client.get("redirect_uris", [])]

    def knows(self, client_id: str, secret: str) -> bool:
        client = self._clients.get(client_id)
        return client is not None and hmac.compare_digest(str(client["secret"]).encode(), secret.encode())


class Consent:
    """Asks a person, by links that stand for the buttons of a real provider's pages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, asked: dict[str, Any], *, action: str, title: str) -> Response:
        """Everybody known by name, and a way to refuse. The links work once."""
        ticket = self._store.keep("asked", asked, _ASKED_SECONDS)
        links = [
            f'<li><a href="{action}?{html.escape(urlencode({"ticket": ticket, "as": one["login"]}))}">'
            f"{html.escape(str(one['name']))}</a></li>"
            for one in self._store.people()
        ]
        refuse = f'<a href="{action}?{html.escape(urlencode({"ticket": ticket}))}">Cancel</a>'
        return HTMLResponse(
            f"<!doctype html><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1>"
            f"<p>A simulator: choose who you are.</p><ul>{''.join(links)}</ul><p>{refuse}</p>"
        )

    def answered(self, request: Request, *, more: Mapping[str, str] | None = None) -> Response:
        """Back to the client, with a code or with what went wrong. `more` are parameters of a provider's own."""
        asked = self._store.take("asked", request.query_params.get("ticket", ""))
        if asked is None:
            return HTMLResponse("<!doctype html><p>This page is over. Begin again.</p>", 400)
        person = self._store.person(request.query_params.get("as", ""))
        if person is None:
            answer = {"error": "access_denied", "error_description": "The person refused."}
        else:
            answer = {"code": self._store.keep("code", {**asked, "login": person["login"]}, CODE_SECONDS)}
        return back(asked["redirect_uri"], {**answer, "state": asked["state"], **(more or {})})


def back(redirect_uri: str, answer: Mapping[str, str]) -> Response:
    joint = "&" if "?" in redirect_uri else "?"
    return RedirectResponse(f"{redirect_uri}{joint}{urlencode(answer)}", 302)


def challenge_of(verifier: str) -> str:
    """S256 (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
