"""The first account of an installation: made by `ccb up`, once, and its password shown once."""

from cli.client import Api
from cli.errors import CliError
from cli.stack import Addresses
from domain.base import Data

_PATH = "/api/v1/auth/first-admin"
_CONFLICT = "conflict"


class FirstAccount(Data):
    email: str
    password: str


def first_account(addresses: Addresses, email: str) -> FirstAccount | None:
    """The account, if none was there before; None otherwise. Asked with the operator's key, as whom it logs in."""
    key_file = addresses.data_dir / "operator.key"
    with Api.at(addresses.api_url, None, key_file, addresses.data_dir) as api:
        try:
            return FirstAccount.model_validate_json(api.call("POST", _PATH, {"email": email}))
        except CliError as error:
            if error.problem.get("code") == _CONFLICT:
                return None
            raise
