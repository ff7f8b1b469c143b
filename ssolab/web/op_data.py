"""What clients of an org look at once they are logged in: `/services/data`, one query, one user, the identity URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.oidc.errors import OAuthError
from ssolab.salesforce import data
from ssolab.salesforce.org import user_record
from ssolab.salesforce.profile import long_id
from ssolab.web.op_access import good_token
from ssolab.web.op_issue import known_of
from ssolab.web.pages import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ssolab.oidc.parties import Provider
    from ssolab.oidc.tokens import Token
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp


def add_data(app: LabApp, lab: Lab) -> None:
    """Give the org its REST API; a provider of another flavour has none, so nothing is there."""

    @app.get(data.DATA, strict_slashes=False)
    def versions() -> Response:
        return _told(lab, lambda _: data.versions(), needs_token=False)

    @app.get(f"{data.DATA}/<version>/query", strict_slashes=False)
    def query(version: str) -> Response:
        return _told(lab, lambda provider: _queried(lab, provider, version))

    @app.get(f"{data.DATA}/<version>/sobjects/User/<record>")
    def user(version: str, record: str) -> Response:
        return _told(lab, lambda _: _one_user(lab, version, record))

    @app.get(f"{data.DATA}/<path:rest>")
    def nothing(rest: str) -> Response:  # noqa: ARG001  whatever it is
        return _told(lab, lambda _: _nothing())

    @app.get("/id/<org>/<record>")
    def identity(org: str, record: str) -> Response:
        return _told(lab, lambda provider: _identity(lab, provider, org, record))


def _told(lab: Lab, answer: Callable[[Provider], object], *, needs_token: bool = True) -> Response:
    provider = lab.openid.provider
    try:
        if provider.flavour != "salesforce":
            raise data.no_such_thing()
        if needs_token:
            _bearer(lab)
        return json_answer(answer(provider))
    except data.RestError as error:
        return json_answer(error.body, error.status)


def _bearer(lab: Lab) -> Token:
    """Find the access token that the call carries.

    Raises:
        RestError: there is none that is good.
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "oauth"}:
        raise data.no_session()
    try:
        return good_token(lab, text.strip())
    except OAuthError as error:
        summary = f"Call of the API refused: {error.name}: {error.problem}"
        lab.record(side="asserting", event="api-call-refused", summary=summary, accepted=False, findings=error.findings)
        raise data.no_session() from None


def _nothing() -> object:
    raise data.no_such_thing()


def _queried(lab: Lab, provider: Provider, version: str) -> dict[str, Any]:
    data.check_version(version)
    records = {
        "Organization": (data.organization(provider.org or "", lab.asserting.entity_id),),
        "User": tuple(map(_record(lab), lab.users)),
    }
    return data.answer_query(request.args.get("q"), records, version)


def _record(lab: Lab) -> Callable[[str], dict[str, Any]]:
    return lambda username: data.user(user_record(username), username, known_of(lab, username))


def _one_user(lab: Lab, version: str, record: str) -> dict[str, Any]:
    data.check_version(version)
    return data.described("User", _user(lab, record), version)


def _user(lab: Lab, record: str) -> dict[str, Any]:
    try:
        wanted = long_id(record)
    except InputError:
        raise data.no_such_thing() from None
    for username in lab.users:
        if user_record(username) == wanted:
            return _record(lab)(username)
    raise data.no_such_thing()


def _identity(lab: Lab, provider: Provider, org: str, record: str) -> dict[str, Any]:
    try:
        same = long_id(org) == long_id(provider.org or "")
    except InputError:
        same = False
    if not same:
        raise data.no_such_thing()
    found = _user(lab, record)
    address = f"{provider.issuer}/id/{long_id(org)}/{found['Id']}"
    return data.identity(address, org, found, provider.issuer)
