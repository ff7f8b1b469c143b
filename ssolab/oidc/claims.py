"""What is said of a person: the standard's claims out of the lab's attributes, and which scope asks for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ssolab.oidc.wishes import Wishes

SCOPE_CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
        "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}  # fmt: skip
"""Which claims a scope asks for (OIDCCore 5.4)."""

STANDARD: Final = frozenset(claim for claims in SCOPE_CLAIMS.values() for claim in claims)
RESERVED: Final = frozenset(
    ("sub", "iss", "aud", "exp", "iat", "nbf", "jti", "nonce", "auth_time", "acr", "amr", "azp", "at_hash", "c_hash")
)
"""What a token says of itself and no attribute may say."""

_OTHER_NAMES: Final[Mapping[str, str]] = {
    "displayName": "name", "cn": "name", "givenName": "given_name", "firstname": "given_name", "sn": "family_name",
    "lastname": "family_name", "mail": "email", "telephoneNumber": "phone_number", "phone": "phone_number",
    "language": "locale", "timezone": "zoneinfo",
}  # fmt: skip
"""Claims by the names that directories and SAML have for them."""

_TRUTHS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def claims_of(username: str, attributes: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Give everything that is known of a person, as claims of the types that the standard has (OIDCCore 5.1).

    Who has no attribute for it is called by the user name, and has its address for mail where it is one.
    """
    known: dict[str, Any] = {}
    for name, values in attributes.items():
        claim = _OTHER_NAMES.get(name, name)
        if values and claim not in RESERVED and (claim == name or claim not in attributes):
            known[claim] = _typed(claim, values)
    local, _, domain = username.partition("@")
    words = [word.capitalize() for word in local.replace("_", ".").split(".") if word]
    known.setdefault("preferred_username", username)
    known.setdefault("name", " ".join(words) or username)
    if words:
        known.setdefault("given_name", words[0])
    if domain:
        known.setdefault("email", username)
    if "email" in known:
        known.setdefault("email_verified", True)
    if "phone_number" in known:
        known.setdefault("phone_number_verified", False)
    return known


def asked_for(
    known: Mapping[str, Any], scopes: Iterable[str], wished: Iterable[str], *, by_scope: bool = True
) -> dict[str, Any]:
    """Keep what may be told: what the scopes ask for, where *by_scope*, and single claims that were wished for.

    Claims of the lab's own making (groups, for one) come with the scope profile.
    """
    scopes = set(scopes)
    names = {claim for scope in scopes if by_scope for claim in SCOPE_CLAIMS.get(scope, ())} | set(wished)
    own = by_scope and "profile" in scopes
    return {name: value for name, value in known.items() if name in names or (own and name not in STANDARD)}


def in_id_token(known: Mapping[str, Any], scopes: Iterable[str], wishes: Wishes, *, alone: bool) -> dict[str, Any]:
    """Give the claims of an ID token: those wished for there, and by scope where it comes *alone* (OIDCCore 5.4)."""
    return asked_for(known, scopes, wishes.id_token, by_scope=alone)


def _typed(claim: str, values: tuple[str, ...]) -> object:
    first = values[0]
    if claim.endswith("_verified"):
        return _TRUTHS.get(first.lower(), False)
    if claim == "updated_at" and first.isdecimal():
        return int(first)
    if claim == "address":
        return {"formatted": first}
    if claim in STANDARD or len(values) == 1:
        return first
    return list(values)
