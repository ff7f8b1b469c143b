"""How the token endpoint and its neighbours are called: reading the form, knowing the client, answering in JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from flask import Response, request

from ssolab.oidc.errors import UNAUTHORIZED
from ssolab.oidc.malformed import oversized_parameter, repeated_parameter, unreadable_request
from ssolab.oidc.unauthenticated import (
    client_not_authenticated,
    several_client_authentications,
    unfit_client_authentication,
    unknown_client,
)
from ssolab.web.op_table import Call, client_auths
from ssolab.web.pages import judged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ssolab.oidc.errors import OAuthError
    from ssolab.oidc.parties import Client
    from ssolab.web.lab import Lab

FORM: Final = "application/x-www-form-urlencoded"
LONGEST: Final = 128 << 10
"""Characters of any parameter: an assertion of SAML in base64 has a tenth of it."""
_MOST: Final = 60
_NAMED: Final = "none"
"""The way of clients that have nothing to authenticate with: the client_id alone."""
_KEEP_OUT: Final = ("client_secret", "code", "refresh_token", "assertion", "client_assertion", "access_token", "token")


def read_call(lab: Lab) -> Call:
    """Read the request that is being answered.

    Raises:
        OAuthError: it is no form, has a parameter twice, or a secret in its address.
    """
    if request.query_string and (open_ := [name for name in _KEEP_OUT if name in request.args]):
        raise unreadable_request(f"{open_[0]} stands in the address, which is written into logs")
    return Call(
        lab=lab,
        provider=lab.openid.provider,
        now=lab.now(),
        form=read_form(),
        authorization=request.headers.get("Authorization"),
    )


def read_form() -> dict[str, str]:
    """Read the posted form: parameters without a value count as left out (RFC 6749 3.1).

    Raises:
        OAuthError: it is no form, or has a parameter twice.
    """
    if request.mimetype != FORM:
        raise unreadable_request(f"the Content-Type is {request.mimetype[:60]!r}")
    return single_values(fields_of(request.get_data()))


def fields_of(data: bytes) -> list[tuple[str, str]]:
    """Take form-urlencoded bytes apart.

    Raises:
        OAuthError: they are no UTF-8, or have too many parameters.
    """
    try:
        return parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except UnicodeDecodeError:
        raise unreadable_request("it is no UTF-8 in form-urlencoding") from None
    except ValueError:
        raise unreadable_request(f"it has more than {_MOST} parameters") from None


def single_values(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give the parameters that have a value.

    Raises:
        OAuthError: one is there twice, or is too long.
    """
    found: dict[str, str] = {}
    for name, value in fields:
        if name in found:
            raise repeated_parameter(name)
        if len(value) > LONGEST:
            raise oversized_parameter(name, LONGEST)
        found[name] = value
    return {name: value for name, value in found.items() if value}


def authenticated(call: Call, *, needed: bool = True) -> Call:
    """Find out which client calls, and that it is itself.

    Where it need not say so, since it brings an assertion, a client_id alone only names it (RFC 7521 4.1).

    Raises:
        OAuthError: it is nobody, not itself, or several at once.
    """
    found = [(row.method, shown) for row in client_auths().values() if (shown := row.present(call)) is not None]
    if len(found) > 1:
        raise several_client_authentications(tuple(method for method, _ in found))
    if not found:
        if needed:
            raise client_not_authenticated(call.form.get("client_id"))
        return call
    method, shown = found[0]
    if method == _NAMED and not needed and not _is_public(call, shown.client_id):
        return replace(call, named=shown.client_id)
    if call.form.get("client_id", shown.client_id) != shown.client_id:
        raise several_client_authentications((method, "the client_id of another client"))
    client = call.lab.openid.clients.get(shown.client_id)
    if client is None:
        raise unknown_client(shown.client_id)
    _check_method(client, method)
    shown.prove(client)
    return replace(call, caller=client)


def _is_public(call: Call, client_id: str) -> bool:
    client = call.lab.openid.clients.get(client_id)
    return client is not None and client.is_public


def _check_method(client: Client, method: str) -> None:
    if client.auth_method is not None and method != client.auth_method:
        raise unfit_client_authentication(client.client_id, method, client.auth_method)


def json_told(value: Mapping[str, object], status: int = 200) -> Response:
    """Answer in JSON that nobody may keep (RFC 6749 5.1)."""
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(json.dumps(value), status, headers, content_type="application/json;charset=UTF-8")


def refused(lab: Lab, error: OAuthError, event: str, what: str, *, client: str | None = None) -> Response:
    """Tell the client what went wrong, and the journal why."""
    whose = f" of {client}" if client else ""
    entry = lab.record(
        side="asserting",
        event=event,
        summary=f"{what}{whose} refused: {error.name}: {error.problem}",
        accepted=False,
        findings=error.findings,
    )
    flavour = lab.openid.provider.flavour
    status = error.status_for(flavour)
    answer = json_told(error.told(flavour), status)
    if status == UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Basic realm="ssolab", charset="UTF-8"'
    return judged(entry, answer)
