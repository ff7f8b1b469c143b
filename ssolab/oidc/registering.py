"""Registering a client while the provider runs (RFC 7591, OIDC Registration): its metadata read, and told back.

Keys arrive in the request itself, as a key set or as a certificate, and never from an address: what anybody could have
the provider fetch, it does not fetch.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ssolab.core.certs import read_certificates
from ssolab.core.findings import InputError
from ssolab.core.jwk import jwk_of
from ssolab.core.jwks import read_jwks
from ssolab.core.keys import TrustedKey
from ssolab.oidc.flow import is_scope
from ssolab.oidc.parties import Client
from ssolab.oidc.unregistered import unfit_client_metadata, unfit_redirect_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ssolab.core.findings import Finding

_Metadata = dict[str, Any]
_MOST: Final = 20
_LONGEST: Final = 2_000
_LONGEST_CERTIFICATE: Final = 32_768
_OWN_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_CODE: Final = "authorization_code"
_SECRET_METHODS: Final = ("client_secret_basic", "client_secret_post")
_NOT_DONE: Final = (
    "jwks_uri", "sector_identifier_uri", "request_uris", "request_object_signing_alg",
    "id_token_encrypted_response_alg", "userinfo_signed_response_alg", "userinfo_encrypted_response_alg",
    "introspection_signed_response_alg",
)  # fmt: skip
"""Members that a client would count on, and that this provider has nothing for."""
_ONLY: Final = {"subject_type": ("public",), "application_type": ("web", "native")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a client can choose among: what the discovery document lists."""

    auth_methods: Collection[str]
    grant_types: Collection[str]
    response_types: Collection[str]
    algorithms: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A client that was read, and what is to be said of single keys that cannot be used."""

    client: Client
    remarks: tuple[Finding, ...] = ()


def registered(
    metadata: Mapping[str, Any], offered: Offered, *, client_id: str, new_secret: Callable[[], str]
) -> Registered:
    """Read the metadata of a client; it gets a secret where it proves itself by one.

    Raises:
        OAuthError: they ask for what there is not, or contradict one another.
    """
    for name in _NOT_DONE:
        if metadata.get(name) not in (None, []):
            raise unfit_client_metadata(name, "this provider does not do that")
    for name, known in _ONLY.items():
        _chosen(metadata, name, known)
    method = _chosen(metadata, "token_endpoint_auth_method", offered.auth_methods) or "client_secret_basic"
    grant_types = _list(metadata, "grant_types", offered.grant_types)
    grant_types = (_CODE,) if grant_types is None else grant_types
    response_types = _response_types(metadata, offered.response_types, grant_types)
    redirect_uris = _addresses(metadata, "redirect_uris")
    if response_types and not redirect_uris:
        raise unfit_redirect_uri("", "there is none, and answers would have nowhere to go")
    keys, remarks = _keys(metadata)
    if method == "private_key_jwt" and not keys:
        raise unfit_client_metadata("jwks", "private_key_jwt needs a key, in jwks or as a certificate")
    client = Client(
        client_id=client_id,
        name=_text(metadata, "client_name") or "",
        secret=new_secret() if method in _SECRET_METHODS else None,
        keys=keys,
        auth_method=method,
        redirect_uris=redirect_uris,
        response_types=response_types,
        grant_types=grant_types,
        scopes=_scopes(metadata),
        id_token_alg=_chosen(metadata, "id_token_signed_response_alg", offered.algorithms),
        post_logout_redirect_uris=_addresses(metadata, "post_logout_redirect_uris"),
        frontchannel_logout_uri=_web_address(metadata, "frontchannel_logout_uri"),
        backchannel_logout_uri=_web_address(metadata, "backchannel_logout_uri"),
        frontchannel_logout_session_required=_flag(metadata, "frontchannel_logout_session_required"),
        backchannel_logout_session_required=_flag(metadata, "backchannel_logout_session_required"),
    )
    return Registered(client=client, remarks=remarks)


def told(client: Client) -> dict[str, Any]:
    """Give what was registered, the secret among it: this is the one time that it is told (RFC 7591 3.2.1)."""
    members: _Metadata = {
        "client_id": client.client_id,
        "client_secret": client.secret,
        "client_secret_expires_at": 0 if client.secret else None,  # never
        "client_name": client.name or None,
        "redirect_uris": list(client.redirect_uris),
        "token_endpoint_auth_method": client.auth_method,
        "grant_types": list(client.grant_types or ()),
        "response_types": list(client.response_types or ()),
        "scope": None if client.scopes is None else " ".join(sorted(client.scopes)),
        "jwks": {"keys": [jwk_of(each.public) for each in client.keys]} if client.keys else None,
        "id_token_signed_response_alg": client.id_token_alg,
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris) or None,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "frontchannel_logout_session_required": client.frontchannel_logout_session_required or None,
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "backchannel_logout_session_required": client.backchannel_logout_session_required or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _response_types(
    metadata: Mapping[str, Any], offered: Collection[str], grant_types: tuple[str, ...]
) -> tuple[str, ...]:
    """Read the response types, in the words of the provider; each needs its grant type (RFC 7591 2.1)."""
    known = {frozenset(each.split()): each for each in offered}
    wanted = _texts(metadata, "response_types")
    if wanted is None:
        return ("code",) if _CODE in grant_types else ()
    for each in wanted:
        kind = frozenset(each.split())
        if kind not in known:
            raise unfit_client_metadata("response_types", f"{each[:80]!r} is none of {', '.join(offered)}")
        needed = ({_CODE} if "code" in kind else set()) | ({"implicit"} if kind - {"code"} else set())
        if missing := sorted(needed - set(grant_types)):
            raise unfit_client_metadata("response_types", f"{each!r} needs {missing[0]} among the grant_types")
    return tuple(known[frozenset(each.split())] for each in wanted)


def _keys(metadata: Mapping[str, Any]) -> tuple[tuple[TrustedKey, ...], tuple[Finding, ...]]:
    """Read the keys that the client signs with: those of a key set, and those of certificates as text.

    A member `certificate` is no standard's; an app of Salesforce gets one uploaded, so that is how one goes along.
    """
    keys: list[TrustedKey] = []
    remarks: tuple[Finding, ...] = ()
    given, text = metadata.get("jwks"), metadata.get("certificate")
    try:
        if given is not None:
            found = read_jwks(json.dumps(given).encode(), "jwks")
            remarks = found.problems
            keys += [
                TrustedKey(public=each.public, certificate=each.certificate, source="the registration")
                for each in found.trusted()
            ]
            if not keys:
                raise unfit_client_metadata("jwks", remarks[0].message if remarks else "it holds no key")
        if text is not None:
            if not isinstance(text, str) or len(text) > _LONGEST_CERTIFICATE:
                raise unfit_client_metadata("certificate", "it is no text of bearable length")
            read = read_certificates(text.encode(), "certificate")
            keys += [TrustedKey.of(each, source="the registration") for each in read]
    except InputError as error:
        if error.code == unfit_client_metadata.code:
            raise
        raise unfit_client_metadata(error.name, error.problem) from None
    return tuple(keys), remarks


def _scopes(metadata: Mapping[str, Any]) -> frozenset[str] | None:
    text = _text(metadata, "scope")
    if text is None:
        return None
    if not all(is_scope(each) for each in text.split(" ")):
        raise unfit_client_metadata("scope", "it is no list of scopes with one blank between two")
    return frozenset(text.split(" "))


def _addresses(metadata: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = _texts(metadata, name) or ()
    for each in found:
        if (problem := _wrong_address(each)) is None:
            continue
        if name == "redirect_uris":
            raise unfit_redirect_uri(each, problem)
        raise unfit_client_metadata(name, f"{each[:200]!r} {problem}")
    return found


def _wrong_address(address: str) -> str | None:
    """Say what speaks against sending a browser to an address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return "is no address"
    if not address.isascii() or not address.isprintable() or " " in address:
        return "holds what no address holds"
    if "#" in address:
        return "has a fragment"
    if parts.scheme in ("http", "https"):
        return None if host and parts.username is None else "names no host, or somebody at one"
    return None if _OWN_SCHEME.fullmatch(parts.scheme) else "is neither http nor https nor of a scheme with a dot"


def _web_address(metadata: Mapping[str, Any], name: str) -> str | None:
    """Read the address of a page that the provider asks for itself, or has the browser load."""
    address = _text(metadata, name)
    if address is None:
        return None
    problem = _wrong_address(address)
    if problem is None and not address.startswith(("http://", "https://")):
        problem = "is neither http nor https"
    if problem is not None:
        raise unfit_client_metadata(name, f"{address[:200]!r} {problem}")
    return address


def _list(metadata: Mapping[str, Any], name: str, known: Collection[str]) -> tuple[str, ...] | None:
    found = _texts(metadata, name)
    for each in found or ():
        if each not in known:
            raise unfit_client_metadata(name, f"{each[:80]!r} is none of {', '.join(sorted(known))}")
    return found


def _chosen(metadata: Mapping[str, Any], name: str, known: Collection[str]) -> str | None:
    found = _text(metadata, name)
    if found is not None and found not in known:
        raise unfit_client_metadata(name, f"{found[:80]!r} is none of {', '.join(sorted(known))}")
    return found


def _texts(metadata: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = metadata.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise unfit_client_metadata(name, "it is no array of texts")
    if len(value) > _MOST or any(len(each) > _LONGEST for each in value):
        raise unfit_client_metadata(
            name, f"it has more than {_MOST} members, or one of more than {_LONGEST:,} characters"
        )
    return tuple(dict.fromkeys(value))


def _text(metadata: Mapping[str, Any], name: str) -> str | None:
    value = metadata.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise unfit_client_metadata(name, "it is no printable text of bearable length")
    return value


def _flag(metadata: Mapping[str, Any], name: str) -> bool:
    value = metadata.get(name, False)
    if not isinstance(value, bool):
        raise unfit_client_metadata(name, "it is neither true nor false")
    return value
