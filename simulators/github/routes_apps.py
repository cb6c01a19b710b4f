"""Users, the App and its installation, and the rate limit."""

import secrets
from datetime import UTC, datetime, timedelta

from simulators.github import render
from simulators.github.auth import APP
from simulators.github.context import ApiError, Context, Reply, RouteTable, not_found
from simulators.github.models import Json, Repo, Token, User

_PERMISSIONS = {"contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write"}
_EVENTS = ["issues", "issue_comment", "pull_request", "pull_request_review", "push"]


def _slug(ctx: Context) -> str:
    return ctx.config.bot.removesuffix("[bot]")


def _as_app(ctx: Context) -> int:
    if ctx.acting != APP or ctx.config.app_id is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return ctx.config.app_id


def get_app(ctx: Context) -> Reply:
    app_id, slug = _as_app(ctx), _slug(ctx)
    repo = _first_repo(ctx)
    body: Json = {
        "id": app_id,
        "slug": slug,
        "node_id": render.node_id("Integration", app_id),
        "client_id": f"Iv1.{app_id:016x}",
        "owner": render.user(ctx, repo.owner),
        "name": slug,
        "description": None,
        "external_url": f"{ctx.html}/apps/{slug}",
        "html_url": f"{ctx.html}/apps/{slug}",
        "created_at": repo.created_at,
        "updated_at": repo.created_at,
        "permissions": _PERMISSIONS,
        "events": _EVENTS,
        "installations_count": 1,
    }
    return Reply(body)


def _first_repo(ctx: Context) -> Repo:
    repo = ctx.store.get(Repo, ctx.config.repository.lower())
    if repo is None:
        raise not_found()
    return repo


def _installation(ctx: Context) -> Json:
    app_id, repo = _as_app(ctx), _first_repo(ctx)
    number, owner = ctx.config.installation_id, ctx.user(repo.owner)
    return {
        "id": number,
        "account": render.user(ctx, owner.login),
        "repository_selection": "all",
        "access_tokens_url": f"{ctx.api}/app/installations/{number}/access_tokens",
        "repositories_url": f"{ctx.api}/installation/repositories",
        "html_url": f"{ctx.html}/organizations/{owner.login}/settings/installations/{number}",
        "app_id": app_id,
        "app_slug": _slug(ctx),
        "target_id": owner.id,
        "target_type": owner.type,
        "permissions": _PERMISSIONS,
        "events": _EVENTS,
        "created_at": repo.created_at,
        "updated_at": repo.created_at,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": None,
    }


def list_installations(ctx: Context) -> Reply:
    return ctx.page([_installation(ctx)])


def get_installation(ctx: Context) -> Reply:
    shown = _installation(ctx)
    if ctx.number("id") != shown["id"]:
        raise not_found()
    return Reply(shown)


def repo_installation(ctx: Context) -> Reply:
    shown = _installation(ctx)
    ctx.repo()
    return Reply(shown)


def create_token(ctx: Context) -> Reply:
    _as_app(ctx)
    if ctx.number("id") != ctx.config.installation_id:
        raise not_found()
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = Token(id=ctx.store.new_id(), token=f"ghs_{secrets.token_hex(18)}", expires_at=expires)
    ctx.store.put(token)
    body = {"token": token.token, "expires_at": expires, "permissions": _PERMISSIONS, "repository_selection": "all"}
    return Reply(body, 201)


def get_user(ctx: Context) -> Reply:
    return Reply(render.private_user(ctx, ctx.user(ctx.acting)))


def get_user_by_name(ctx: Context) -> Reply:
    found = ctx.store.get(User, str(ctx.params["login"]).lower())
    if found is None:
        raise not_found()
    return Reply(render.full_user(ctx, found))


def meta(_: Context) -> Reply:
    return Reply({"verifiable_password_authentication": False, "installed_version": "simulated"})


ROUTES: RouteTable = [
    ("GET", "/app", get_app),
    ("GET", "/app/installations", list_installations),
    ("GET", "/app/installations/{id:int}", get_installation),
    ("POST", "/app/installations/{id:int}/access_tokens", create_token),
    ("GET", "/repos/{owner}/{repo}/installation", repo_installation),
    ("GET", "/user", get_user),
    ("GET", "/users/{login}", get_user_by_name),
    ("GET", "/meta", meta),
]
