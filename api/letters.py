"""What is written to people about their accounts. Each letter says what to do, and what to do if it was not they."""

from domain.accounts import Letter, Purpose

_NOT_YOU = "If it was not you, do nothing: without the code nothing happens."


class Letters:
    """`pages` is where the web pages are; without it, letters say how to send a code to the API at `api`."""

    def __init__(self, *, api: str, pages: str | None = None) -> None:
        self._api = api.rstrip("/")
        self._pages = pages.rstrip("/") if pages else None

    def verify(self, to: str, token: str) -> Letter:
        text = "Somebody, we think you, wants an account here with this address. Within a day:\n\n"
        return Letter(to=to, subject="Confirm your address", text=text + self._how(Purpose.VERIFY, token))

    def known(self, to: str, token: str) -> Letter:
        text = (
            "Somebody, we think you, wanted an account here with this address, which has one. To log in, use your "
            "password; if you do not know it any more, set a new one within the hour:\n\n"
        )
        return Letter(to=to, subject="You have an account already", text=text + self._how(Purpose.RESET, token))

    def reset(self, to: str, token: str) -> Letter:
        text = "Somebody, we think you, forgot the password of this account. To set a new one, within the hour:\n\n"
        return Letter(to=to, subject="Set a new password", text=text + self._how(Purpose.RESET, token))

    def invite(self, to: str, token: str, *, by: str) -> Letter:
        text = f"{by} invites you to an account here. To take it, within a week:\n\n"
        return Letter(to=to, subject="You are invited", text=text + self._how(Purpose.INVITE, token))

    def join(self, to: str, code: str, *, by: str, organization: str, role: str) -> Letter:
        """Into an organisation, of somebody who logs in with this address."""
        text = (
            f"{by} invites you to join {organization} as {role}. Within a week, logged in with this address:\n\n"
            f"    ccb login --api-url {self._api}\n"
            f"    ccb organizations join {code} --api-url {self._api}\n\n"
            f"The code is {code}\n\nNo account here yet? Ask {by} to invite you to one first. {_NOT_YOU}\n"
        )
        return Letter(to=to, subject=f"You are invited to {organization}", text=text)

    def move(self, to: str, token: str) -> Letter:
        text = "Somebody, we think you, wants to log in here with this address from now on. Within a day:\n\n"
        return Letter(to=to, subject="Confirm your new address", text=text + self._how(Purpose.MOVE, token))

    def moved(self, to: str, now: str) -> Letter:
        text = (
            f"Your account has another address now: {now}. Letters go there, and this address logs in no more.\n\n"
            "If it was not you: tell an operator at once; who has the new address can have the password reset.\n"
        )
        return Letter(to=to, subject="Your account has another address", text=text)

    def changed(self, to: str) -> Letter:
        text = (
            "The password of your account was changed, and all other sessions ended.\n\n"
            "If it was not you: set a new one (POST /api/v1/auth/password/forgot), and tell an operator.\n"
        )
        return Letter(to=to, subject="Your password was changed", text=text)

    def _how(self, purpose: Purpose, token: str) -> str:
        if self._pages:
            # After the #, which browsers do not send: no server's log has the token.
            return f"    {self._pages}/{purpose}#token={token}\n\n{_NOT_YOU}\n"
        path, more = _WAYS[purpose]
        body = f'{{"token": "{token}"{more}}}'
        return (
            f"    curl {self._api}{path} -H 'Content-Type: application/json' \\\n"
            f"      -d '{body}'\n\nThe code is {token}\n\n{_NOT_YOU}\n"
        )


_WAYS = {
    Purpose.VERIFY: ("/api/v1/auth/verify", ""),
    Purpose.MOVE: ("/api/v1/auth/email/confirm", ""),
    Purpose.RESET: ("/api/v1/auth/password/reset", ', "password": "YOUR NEW PASSWORD"'),
    Purpose.INVITE: ("/api/v1/auth/invitations/accept", ', "name": "YOUR NAME", "password": "A PASSWORD OF YOURS"'),
}
