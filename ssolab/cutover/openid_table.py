"""What a lab file says of a provider or client: who it is, its secret and addresses, and the files it publishes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

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

    from ssolab.cutover.belongings import Files
    from ssolab.cutover.tables import Table

KEYS: Final = ("issuer", "client_id", "client_secret", "client_secret_env", "redirect_uris", "algorithms")
KINDS: Final = (PartyKind.OP, PartyKind.RP, PartyKind.CLIENT)
"""The parties whose metadata is JSON: a discovery document, a key set, or both."""

_FITTING: Final = (*KINDS, PartyKind.SALESFORCE)
_ADDRESS: Final = re.compile(r"https?://[^\s/?#]\S*")


def openid_of(table: Table, kind: PartyKind, files: Files, environ: Mapping[str, str]) -> OpenidParty | None:
    """Read what a party is in OpenID Connect and OAuth, None where it is of SAML alone.

    Raises:
        ConfigError: a key stands at a party of SAML, contradicts another, or names something that is not there.
        InputError: a file is no discovery document and no key set.
    """
    given = [key for key in KEYS if key in table.values]
    if kind not in _FITTING:
        if given:
            raise table.wrong(given[0], f"stands at a party of kind {kind}", "give it to an op, rp or client")
        return None
    issuer, kids = _published(table, files) if kind in KINDS else (None, {})
    for address in (*table.texts("redirect_uris"), *([table.text("issuer")] if "issuer" in table.values else [])):
        if not _ADDRESS.fullmatch(address):
            key = "issuer" if table.values.get("issuer") == address else "redirect_uris"
            raise table.wrong(key, f"holds {address[:80]!r}", "give http or https addresses")
    for name in table.texts("algorithms"):
        if name not in ALGORITHMS:
            remedy = tables.suggestion(name, ALGORITHMS, f"write some of: {', '.join(ALGORITHMS)}")
            raise table.wrong("algorithms", f"cannot hold {name[:80]!r}", remedy)
    return OpenidParty(
        issuer=table.text("issuer") if "issuer" in table.values else issuer,
        client_id=table.text("client_id") if "client_id" in table.values else None,
        secret=_secret(table, environ),
        redirect_uris=table.texts("redirect_uris"),
        kids=kids,
        algorithms=table.texts("algorithms"),
    )


def _published(table: Table, files: Files) -> tuple[str | None, dict[str, str]]:
    """Read the issuer out of a discovery document, and the names of keys out of key sets."""
    issuer: str | None = None
    kids: dict[str, str] = {}
    for given in table.texts("metadata"):
        if _ADDRESS.match(given):
            raise table.wrong("metadata", f"is the address {given[:80]}", "download it and name the file")
        for path in paths_of(table, "metadata", files, (".json",), given):
            name, data = files.called(path), read_named(table, "metadata", path, files)
            document = parse_object(data, name)
            if "keys" in document:
                found = read_jwks(data, name).keys
                kids |= {key.public.sha256: key.kid for key in found if key.public is not None and key.kid is not None}
            elif isinstance(said := document.get("issuer"), str):
                issuer = said
            else:
                remedy = "give openid-configuration.json, jwks.json or both"
                raise ConfigError(name, "is no discovery document and no key set", remedy)
    return issuer, kids


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
