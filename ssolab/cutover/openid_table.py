"""What a lab file says of a provider or client: who it is, its secret and addresses, and the files it publishes."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final, cast

from ssolab.core.findings import ConfigError
from ssolab.core.jose import ALGORITHMS
from ssolab.core.jwks import read_jwks
from ssolab.core.strictjson import parse_object
from ssolab.cutover import tables
from ssolab.cutover.belongings import paths_of, read_named
from ssolab.cutover.model import PartyKind
from ssolab.cutover.openid_parties import OpenidParty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.jwk import TrustedJwk
    from ssolab.cutover.belongings import Files
    from ssolab.cutover.tables import Table
    from ssolab.oidc.relying import AuthMethod

KEYS: Final = (
    "issuer", "client_id", "client_secret", "client_secret_env", "redirect_uris", "auth_method", "algorithms",
)  # fmt: skip
KINDS: Final = (PartyKind.OP, PartyKind.RP, PartyKind.CLIENT)
"""The parties whose metadata is JSON: a discovery document, a key set, or both."""


class AuthMethods(enum.StrEnum):
    """How a client can prove itself to a provider (OIDCCore 9), as its registration calls it."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"


_FITTING: Final = (*KINDS, PartyKind.SALESFORCE)
_CLIENTS: Final = (PartyKind.RP, PartyKind.CLIENT, PartyKind.SALESFORCE)
_AT: Final = {
    "issuer": (PartyKind.OP, PartyKind.SALESFORCE),
    **dict.fromkeys(("client_id", "client_secret", "client_secret_env", "redirect_uris", "auth_method"), _CLIENTS),
}
"""The parties at which a key says something, where that is not at all of them."""

_ADDRESS: Final = re.compile(r"https?://[^\s/?#]\S*")


def openid_of(
    table: Table, kind: PartyKind, files: Files, environ: Mapping[str, str], *, certified: bool
) -> OpenidParty | None:
    """Read what a party is in OpenID Connect and OAuth, None where it is of SAML alone.

    *certified* says whether the party has certificates.

    Raises:
        ConfigError: a key stands at a party that it does not fit, contradicts another, or names something that is not
            there.
        InputError: a file is no discovery document and no key set.
    """
    for key in KEYS:
        if key in table.values and kind not in (fitting := _AT.get(key, _FITTING)):
            raise table.wrong(key, f"stands at a party of kind {kind}", f"give it to {_one_of(fitting)}")
    if kind not in _FITTING:
        return None
    issuer, listed = _published(table, files) if kind in KINDS else (None, ())
    for address in (*table.texts("redirect_uris"), *([table.text("issuer")] if "issuer" in table.values else [])):
        if not _ADDRESS.fullmatch(address):
            key = "issuer" if table.values.get("issuer") == address else "redirect_uris"
            raise table.wrong(key, f"holds {address[:80]!r}", "give http or https addresses")
    for name in table.texts("algorithms"):
        if name not in ALGORITHMS:
            remedy = tables.suggestion(name, ALGORITHMS, f"write some of: {', '.join(ALGORITHMS)}")
            raise table.wrong("algorithms", f"cannot hold {name[:80]!r}", remedy)
    secret = _secret(table, environ)
    return OpenidParty(
        issuer=table.text("issuer") if "issuer" in table.values else issuer,
        client_id=table.text("client_id") if "client_id" in table.values else None,
        secret=secret,
        redirect_uris=table.texts("redirect_uris"),
        auth_method=_auth_method(table, secret=secret is not None, keys=certified or bool(listed)),
        listed=listed,
        algorithms=table.texts("algorithms"),
    )


def _published(table: Table, files: Files) -> tuple[str | None, tuple[TrustedJwk, ...]]:
    """Read the issuer out of a discovery document, and out of key sets the keys that can sign."""
    issuer: str | None = None
    listed: list[TrustedJwk] = []
    for given in table.texts("metadata"):
        if _ADDRESS.match(given):
            raise table.wrong("metadata", f"is the address {given[:80]}", "download it and name the file")
        for path in paths_of(table, "metadata", files, (".json",), given):
            name, data = files.called(path), read_named(table, "metadata", path, files)
            document = parse_object(data, name)
            if "keys" in document:
                listed += (key for key in read_jwks(data, name).trusted() if key.use in (None, "sig"))
            elif isinstance(said := document.get("issuer"), str):
                issuer = said
            else:
                remedy = "give openid-configuration.json, jwks.json or both"
                raise ConfigError(name, "is no discovery document and no key set", remedy)
    return issuer, tuple(listed)


def _one_of(kinds: tuple[PartyKind, ...]) -> str:
    *first, last = kinds
    return f"a party of kind {', '.join(first)} or {last}"


def _auth_method(table: Table, *, secret: bool, keys: bool) -> AuthMethod | None:
    """Read how a client proves itself, which it has to have something for."""
    if "auth_method" not in table.values:
        return None
    method = table.choice("auth_method", AuthMethods).value
    if method == "private_key_jwt" and not keys:
        raise table.wrong(
            "auth_method",
            f"is {method}, and nothing is known of its keys",
            "add certificates, or a key set as metadata",
        )
    if method in ("client_secret_basic", "client_secret_post") and not secret:
        raise table.wrong("auth_method", f"is {method}, and there is no secret", "add client_secret_env")
    if method == "none" and secret:
        raise table.wrong("auth_method", "is none, and there is a secret", "leave one of the two out")
    return cast("AuthMethod", method)


def _secret(table: Table, environ: Mapping[str, str]) -> str | None:
    if "client_secret" in table.values and "client_secret_env" in table.values:
        raise table.wrong("client_secret", "stands beside client_secret_env", "keep one of the two")
    if "client_secret" in table.values:
        return table.text("client_secret")
    if "client_secret_env" not in table.values:
        return None
    name = table.text("client_secret_env")
    if name not in environ:
        remedy = f"export {name}, or write client_secret for a secret that only the lab knows"
        raise table.wrong("client_secret_env", f"names {name[:80]}, which is not in the environment", remedy)
    return environ[name]
