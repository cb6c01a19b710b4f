"""GitHub's OAuth for a web application, as its documentation publishes it ("Authorizing OAuth apps", REST "Users").

`/login/oauth/authorize` and `/login/oauth/access_token` are the site's, `/api/user`, `/api/user/emails` and
`/api/user/orgs` the API's. Errors of the token endpoint are answered with 200, as GitHub does.
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from simulators.oidc.consent import Clients, Consent, back, challenge_of
from simulators.oidc.store import TOKEN_SECONDS, Store

_DOCS = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/"


class GitHub:
    def __init__(self, store: Store, clients: Clients) -> None:
        self._store = store
        self._clients = clients
        self._consent = Consent(store)

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        redirects = self._clients.redirects(asked.get("client_id", ""))
        if not redirects:
            return HTMLResponse("<!doctype html><p>404</p>", 404)
        asked.setdefault("redirect_uri", redirects[0])
        asked.setdefault("state", "")
        if asked["redirect_uri"] not in redirects:
            wrong = {"error": "redirect_uri_mismatch", "error_uri": _DOCS, "state": asked["state"]}
            return back(redirects[0], wrong)
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return self._consent.page(asked, action=f"{base}/github/consent", title="Authorize")

    async def consent(self, request: Request) -> Response:
        return self._consent.answered(request)

    async def access_token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        client_id = given.get("client_id", "")
        if not self._clients.knows(client_id, given.get("client_secret", "")):
            return _token_answer(
                request, _error("incorrect_client_credentials", "The client_id or secret is incorrect.")
            )
        code = self._store.take("code", given.get("code", ""))
        if code is None or code["client_id"] != client_id or not _proven(code, given):
            return _token_answer(request, _error("bad_verification_code", "The code is incorrect or expired."))
        if given.get("redirect_uri", code["redirect_uri"]) != code["redirect_uri"]:
            return _token_answer(
                request, _error("redirect_uri_mismatch", "The redirect_uri is not the registered one.")
            )
        scope = ",".join(code.get("scope", "").split())
        token = "gho_" + self._store.keep("github", {"login": code["login"], "scope": scope}, TOKEN_SECONDS)
        return _token_answer(request, {"access_token": token, "scope": scope, "token_type": "bearer"})

    async def user(self, request: Request) -> Response:
        person, _ = self._caller(request)
        if person is None:
            return _bad_credentials()
        public = person["email"] if person.get("email_public") else None
        body = {"login": person["login"], "id": person["number"], "type": "User", "name": person["name"]}
        return JSONResponse({**body, "email": public, "site_admin": False})

    async def emails(self, request: Request) -> Response:
        person, scope = self._caller(request)
        if person is None:
            return _bad_credentials()
        if not scope & {"user", "user:email"}:
            return JSONResponse({"message": "Not Found", "documentation_url": _DOCS, "status": "404"}, 404)
        listed = [(person["email"], person["email_verified"])] if person["email"] else []
        more = [(one["email"], one["verified"]) for one in person.get("more_emails", [])]
        return JSONResponse(
            [
                {
                    "email": email,
                    "verified": verified,
                    "primary": number == 0,
                    "visibility": None if number else "private",
                }
                for number, (email, verified) in enumerate(listed + more)
            ]
        )

    async def organizations(self, request: Request) -> Response:
        """Those it may tell: without `read:org`, none here."""
        person, scope = self._caller(request)
        if person is None:
            return _bad_credentials()
        named = person["organizations"] if scope & {"read:org", "user"} else []
        return JSONResponse([{"login": name, "id": 9000 + number} for number, name in enumerate(named)])

    def _caller(self, request: Request) -> tuple[dict[str, Any] | None, set[str]]:
        token = request.headers.get("authorization", "").removeprefix("Bearer ").removeprefix("gho_")
        found = self._store.kept("github", token)
        if found is None:
            return None, set()
        return self._store.person(found["login"]), set(found["scope"].split(","))


def _proven(code: dict[str, Any], given: dict[str, str]) -> bool:
    challenge = code.get("code_challenge")
    return challenge is None or challenge == challenge_of(given.get("code_verifier", ""))


def _error(code: str, description: str) -> dict[str, str]:
    return {"error": code, "error_description": description, "error_uri": _DOCS}


def _token_answer(request: Request, body: dict[str, str]) -> Response:
    """A form, unless JSON is asked for."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(body)
    return Response(urlencode(body), media_type="application/x-www-form-urlencoded")


def _bad_credentials() -> Response:
    return JSONResponse({"message": "Bad credentials", "documentation_url": _DOCS, "status": "401"}, 401)
