"""Reading an authorization request: first whom it is from and where its answer goes, then what it wants.

Only the first half decides whether anything may be sent anywhere. What it yields is an address that is registered, so
the second half may refuse towards the client (RFC 6749 4.1.2.1).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.oidc import malformed, unauthorized
from ssolab.oidc.parties import OPENID
from ssolab.oidc.unauthenticated import unknown_client
from ssolab.oidc.wishes import Wishes, wishes_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.core.findings import Finding
    from ssolab.oidc.errors import OAuthError
    from ssolab.oidc.parties import Client, Provider

MODES: Final = ("query", "fragment", "form_post")
PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
METHODS: Final = ("S256", "plain")

_LONGEST: Final = 4_096
_LONG: Final = {"id_token_hint": 32_768, "claims": 16_384, "request": 65_536}
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """An authorization request of which nothing is known yet but whom it is from and how it may be answered.

    `parameters` are those that have a value; `repeated` names one that stands there twice.
    """

    client: Client
    redirect_uri: str
    redirect_given: bool
    response_type: frozenset[str]
    response_mode: str
    state: str | None
    parameters: Mapping[str, str] = field(repr=False)
    repeated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """An authorization request that can be answered: what was asked for, read and checked."""

    to: Addressed
    scopes: tuple[str, ...]
    nonce: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    id_token_hint: str | None = None
    login_hint: str | None = None
    acr_values: tuple[str, ...] = ()
    challenge: str | None = None
    challenge_method: str | None = None
    wishes: Wishes = field(default_factory=Wishes)
    remarks: tuple[Finding, ...] = ()

    @property
    def client(self) -> Client:
        """Who asks."""
        return self.to.client

    def wants(self, what: str) -> bool:
        """Say whether the answer through the browser holds a `code`, a `token` or an `id_token`."""
        return what in self.to.response_type


def addressed(fields: Sequence[tuple[str, str]], clients: Mapping[str, Client]) -> Addressed:
    """Read whom a request is from and where its answer may go.

    Raises:
        OAuthError: that cannot be known, so nobody may be sent anywhere.
    """
    counted = Counter(name for name, _ in fields)
    for name in ("client_id", "redirect_uri"):
        if counted[name] > 1:
            raise malformed.repeated_parameter(name)
    given = {name: value for name, value in fields if value}
    for name in ("client_id", "redirect_uri"):
        if len(given.get(name, "")) > _LONGEST:
            raise malformed.oversized_parameter(name, _LONGEST)
    if "client_id" not in given:
        raise malformed.parameter_missing("client_id")
    client = clients.get(given["client_id"])
    if client is None:
        raise unknown_client(given["client_id"])
    address = given.get("redirect_uri")
    if address is None and (OPENID in given.get("scope", "").split() or len(client.redirect_uris) != 1):
        raise malformed.parameter_missing("redirect_uri")
    if address is not None and address not in client.redirect_uris:
        raise unauthorized.unregistered_redirect_uri(address, client.client_id)
    kinds = frozenset(given.get("response_type", "").split(" ")) - {""}
    mode = "query" if kinds <= {"code"} else "fragment"
    wanted = given.get("response_mode")
    if wanted in MODES and counted["response_mode"] == 1 and (wanted, mode) != ("query", "fragment"):
        mode = wanted
    state = given.get("state")
    return Addressed(
        client=client,
        redirect_uri=address or client.redirect_uris[0],
        redirect_given=address is not None,
        response_type=kinds,
        response_mode=mode,
        state=state if state and counted["state"] == 1 and len(state) <= _LONGEST else None,
        parameters=given,
        repeated=next((name for name, count in counted.items() if count > 1), None),
    )


def authorization(to: Addressed, provider: Provider) -> Authorization:
    """Read what a request wants.

    Raises:
        OAuthError: the client is told so.
    """
    given = to.parameters
    if to.repeated is not None:
        raise malformed.repeated_parameter(to.repeated)
    for name, value in given.items():
        if len(value) > (most := _LONG.get(name, _LONGEST)):
            raise malformed.oversized_parameter(name, most)
    if "request" in given:
        raise unauthorized.request_objects_not_taken()
    if "request_uri" in given:
        raise unauthorized.request_addresses_not_taken()
    _check_response(to, provider)
    scopes = _scopes(to, provider)
    if "id_token" in to.response_type and OPENID not in scopes:
        raise unauthorized.unfit_scope("an ID token is wanted, and openid is not among the scopes")
    if "id_token" in to.response_type and "nonce" not in given:
        raise unauthorized.authorization_without_nonce(" ".join(sorted(to.response_type)))
    prompt = frozenset(given.get("prompt", "").split()) & PROMPTS
    if "none" in prompt and len(prompt) > 1:
        raise unauthorized.unfit_parameter("prompt", "none stands there beside others")
    asked = Authorization(
        to=to,
        scopes=scopes,
        nonce=given.get("nonce"),
        prompt=prompt,
        max_age=_max_age(given.get("max_age")),
        id_token_hint=given.get("id_token_hint"),
        login_hint=given.get("login_hint"),
        acr_values=tuple(given.get("acr_values", "").split()),
        wishes=wishes_in(given.get("claims")),
    )
    return _with_challenge(asked, provider)


def _check_response(to: Addressed, provider: Provider) -> None:
    """Refuse a response type or mode that there is not.

    Raises:
        OAuthError: there is not.
    """
    if "response_type" not in to.parameters:
        raise malformed.parameter_missing("response_type")
    known = provider.response_types if to.client.response_types is None else to.client.response_types
    if to.response_type not in [frozenset(each.split()) for each in known]:
        raise unauthorized.unsupported_response_type(to.parameters["response_type"], known)
    mode = to.parameters.get("response_mode")
    if mode is not None and mode not in MODES:
        raise unauthorized.unfit_response_mode(mode, f"is none of {', '.join(MODES)}")
    if mode == "query" and to.response_type != {"code"}:
        raise unauthorized.unfit_response_mode(mode, "would show tokens to servers")


def _scopes(to: Addressed, provider: Provider) -> tuple[str, ...]:
    """Give the scopes that are granted: those asked for that the client may have."""
    text = to.parameters.get("scope")
    if text is None:
        return tuple(sorted(to.client.scopes or ())) if provider.flavour == "salesforce" else ()
    return granted_of(text, to.client)


def is_scope(text: str) -> bool:
    """Say whether a text is one scope (RFC 6749 3.3)."""
    return _SCOPE.fullmatch(text) is not None


def granted_of(text: str, client: Client) -> tuple[str, ...]:
    """Read a scope, and keep what a client may have of it.

    Raises:
        OAuthError: it is no list of scopes, or nothing of it may be had.
    """
    asked = text.split(" ")
    if not all(is_scope(each) for each in asked):
        raise unauthorized.unfit_scope("it is no list of scopes with one blank between two")
    granted = client.allowed(asked)
    if not granted:
        raise unauthorized.unfit_scope(f"{client.client_id} may have nothing of it")
    return granted


def _max_age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise unauthorized.unfit_parameter("max_age", f"{text[:40]!r} is no number of seconds")
    return timedelta(seconds=int(text))


def _with_challenge(asked: Authorization, provider: Provider) -> Authorization:
    """Read what PKCE says (RFC 7636 4.3); without a method it is plain, and at Salesforce S256."""
    given, client = asked.to.parameters, asked.client
    challenge, method = given.get("code_challenge"), given.get("code_challenge_method")
    if not asked.wants("code"):
        return asked
    if challenge is None:
        if method is not None:
            raise unauthorized.unfit_code_challenge("there is a method and no challenge")
        if client.requires_pkce or client.is_public:
            raise unauthorized.code_challenge_needed(client.client_id)
        return asked
    remarks: tuple[Finding, ...] = ()
    if method is None and provider.flavour == "salesforce":
        method, remarks = "S256", (unauthorized.code_challenge_method_missing(),)
    method = method or "plain"
    if method not in METHODS or (method == "plain" and not provider.permits_plain):
        raise unauthorized.unfit_code_challenge(f"the method {method[:40]!r} is not taken")
    if not _CHALLENGE.fullmatch(challenge):
        raise unauthorized.unfit_code_challenge("it is not 43 to 128 letters, digits and -._~")
    return replace(asked, challenge=challenge, challenge_method=method, remarks=remarks)


def answer_to(to: Addressed, provider: Provider, members: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Give the parameters of an answer to a client: with its state, and with `iss` (RFC 9207)."""
    state = () if to.state is None else (("state", to.state),)
    issuer = (("iss", provider.issuer),) if provider.names_itself else ()
    return (*members.items(), *state, *issuer)


def error_to(to: Addressed, provider: Provider, why: OAuthError) -> tuple[tuple[str, str], ...]:
    """Give the parameters that tell a client why it gets nothing (RFC 6749 4.1.2.1)."""
    return answer_to(to, provider, why.told(provider.flavour))
