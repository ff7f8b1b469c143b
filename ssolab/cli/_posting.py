"""Brings an assertion to a token endpoint, as the client whose key signed it would, and gives what is answered.

The address is the user's own word and nothing else leads anywhere: loopback, or https where it is named. No redirect is
followed, no proxy stands between, and time and size are bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.hosts import is_loopback
from ssolab.core.strictjson import parse_object
from ssolab.files import shown_name
from ssolab.oidc.grants import JWT_BEARER
from ssolab.render import printable
from ssolab.web.outgoing import Call, send

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 256 << 10
"""Bytes of an answer; honest ones have a few thousand."""
SECONDS: Final = 10.0

_OK: Final = 200
_SHOWN: Final = 300


def token_endpoint(address: str) -> str:
    """Give an address back if an assertion may be brought there.

    Raises:
        ConfigError: it is none, holds a user name, or is plain http to another machine.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    usual = "give one such as http://127.0.0.1:8080/services/oauth2/token"
    if parts.scheme not in {"http", "https"} or not host or not address.isprintable() or " " in address:
        raise ConfigError("--post", f"{shown_name(address)[:_SHOWN]} is no http or https address", usual)
    if parts.username is not None:
        raise ConfigError("--post", "the address holds a user name", "leave user and password out of it")
    if parts.scheme == "http" and not is_loopback(host):
        problem = f"plain http to {host} would show the assertion to anybody on the way"
        raise ConfigError("--post", problem, "use https, or an address of this machine")
    return address


def fetch_token(address: str, assertion: str) -> tuple[int, Mapping[str, Any]]:
    """Bring an assertion to a token endpoint; give the status and the members of the answer, refused or not.

    Raises:
        InputError: nobody answers there in time and bounds, or with something else than a JSON object.
    """
    body = urlencode({"grant_type": JWT_BEARER, "assertion": assertion}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    call = Call(address=address, method="POST", headers=headers, body=body)
    told = send(call, InputError, limit=MOST, patience=SECONDS)
    try:
        return told.status, parse_object(told.body, "the answer")
    except InputError:
        problem = f"it answers {told.status} and no JSON object"
        raise InputError(address, problem, "give the address of the token endpoint itself") from None


def issued(status: int, members: Mapping[str, Any]) -> bool:
    """Say whether an answer brings an access token."""
    return status == _OK and isinstance(members.get("access_token"), str)


def refusal(status: int, members: Mapping[str, Any]) -> str:
    """Word in one line what the token endpoint said against it."""
    words = [str(members[name])[:_SHOWN] for name in ("error", "error_description") if members.get(name)]
    return printable(": ".join(words) or "no access token and no error in the answer") + f" (HTTP {status})"
