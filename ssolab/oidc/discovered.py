"""A provider's document as a relying party reads it (OpenID Connect Discovery 4), with every reason to leave it.

Who believes a document believes every address in it, so it has to come from the issuer whose name it bears, to the
letter, and each address has to be one that nobody on the way can change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Where, has_error
from ssolab.core.hosts import is_loopback
from ssolab.core.keyreasons import excerpt
from ssolab.core.strictjson import parse_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ssolab.core.findings import Finding

WELL_KNOWN: Final = "/.well-known/openid-configuration"

_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL: Final = ("userinfo_endpoint", "end_session_endpoint", "revocation_endpoint", "introspection_endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What a relying party uses of a provider's document.

    `names_itself` says that every authorization answer carries `iss` (RFC 9207), so that one without it is refused.
    """

    issuer: str
    authorization: str
    token: str
    jwks: str
    userinfo: str | None = None
    end_session: str | None = None
    revocation: str | None = None
    introspection: str | None = None
    names_itself: bool = False


def document_address(issuer: str) -> str:
    """Give the address of an issuer's document (Discovery 4): below the issuer, whose last slash does not count."""
    return issuer.removesuffix("/") + WELL_KNOWN


def read_discovery(data: bytes, name: str, issuer: str) -> tuple[Discovered | None, tuple[Finding, ...]]:
    """Read a provider's document, and say everything that is wrong with it.

    Args:
        data: the bytes as they came.
        name: what errors and findings call the document.
        issuer: whose document it has to be.

    Raises:
        InputError: it is no strict JSON object.
    """
    document = parse_object(data, name)
    found = list(_wrong(document, name, issuer))
    if has_error(found):
        return None, tuple(found)
    addresses: dict[str, Any] = {short: document.get(member) for short, member in _MEMBERS.items()}
    named = document.get("authorization_response_iss_parameter_supported") is True
    return Discovered(issuer=issuer, names_itself=named, **addresses), tuple(found)


_MEMBERS: Final = {
    "authorization": "authorization_endpoint",
    "token": "token_endpoint",
    "jwks": "jwks_uri",
    "userinfo": "userinfo_endpoint",
    "end_session": "end_session_endpoint",
    "revocation": "revocation_endpoint",
    "introspection": "introspection_endpoint",
}


def _wrong(document: Mapping[str, Any], name: str, issuer: str) -> Iterator[Finding]:
    claimed = document.get("issuer")
    if claimed != issuer:
        yield discovery_issuer_mismatch(issuer, claimed, Where(document=name, path="/issuer"))
    for member in (*_NEEDED, *_OPTIONAL):
        where = Where(document=name, path=f"/{member}")
        value = document.get(member)
        if value is None:
            if member in _NEEDED:
                yield discovery_member_missing(member, where)
        elif not isinstance(value, str) or not _is_address(value):
            yield discovery_member_malformed(member, value, where)
        elif urlsplit(value).scheme == "http" and not is_loopback(urlsplit(value).hostname or ""):
            yield discovery_address_insecure(member, value, where)


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    plain = value.isascii() and value.isprintable() and " " not in value
    return (
        plain and parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.username and "#" not in value
    )


@refusal(cites="OpenID Connect Discovery 4.3")
def discovery_issuer_mismatch(expected: str, observed: object, where: Where) -> Problem:
    """The provider's document bears another issuer than the one that was asked.

    Whoever can serve a document could otherwise speak for any issuer. The two have to be equal to the letter; where
    only a slash at the end, a port or the case differs, correct the issuer at the relying party, since tokens carry the
    provider's spelling.
    """
    told = "the document is another issuer's"
    if isinstance(observed, str) and observed.rstrip("/") == expected.rstrip("/"):
        told = "the issuer in the document differs by a slash at its end"
    return Problem(told, expected, _shown(observed), where)


@refusal(cites="OpenID Connect Discovery 3")
def discovery_member_missing(member: str, where: Where) -> Problem:
    """The provider's document lacks an address without which nobody can log in.

    The addresses of authorization, token and keys are required. A document of plain OAuth (RFC 8414) may lack some; ask
    the provider for that of OpenID Connect.
    """
    return Problem(f"{member} is missing", "an address", "nothing", where)


@refusal(cites="OpenID Connect Discovery 3")
def discovery_member_malformed(member: str, observed: object, where: Where) -> Problem:
    """The provider's document holds something else where an address should be.

    An address begins with https:// and has neither user name, fragment nor blanks. A relative address is none.
    """
    return Problem(f"{member} is no address", "https://host/path", _shown(observed), where)


@refusal(cites="OpenID Connect Discovery 3")
def discovery_address_insecure(member: str, observed: str, where: Where) -> Problem:
    """The provider's document names an address of http on another machine.

    Anybody on the way could read the secret or exchange the keys. http will do on loopback alone; have the provider
    publish https.
    """
    return Problem(f"{member} is http", "https, or http on loopback", _shown(observed), where)


def _shown(value: object) -> str:
    return excerpt(value) if isinstance(value, str) or value is None else excerpt(repr(value))
