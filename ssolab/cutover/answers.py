"""How a party answers as identity provider: by which binding its Responses come, and what of them it encrypts how."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from ssolab.core.ciphers import CONTENT_NAMES, RSA15, TRANSPORT_NAMES
from ssolab.core.keys import Permission
from ssolab.cutover import tables
from ssolab.cutover.model import Answers
from ssolab.saml.encryption import PARTS
from ssolab.saml.names import ARTIFACT, POST

if TYPE_CHECKING:
    from collections.abc import Collection

    from ssolab.cutover.tables import Table

KEYS: Final = ("encrypt", "cipher", "key_transport", "response_binding")


class ResponseBinding(enum.StrEnum):
    """How Responses come."""

    POST = "post"
    ARTIFACT = "artifact"


_BINDINGS: Final = {ResponseBinding.POST: POST, ResponseBinding.ARTIFACT: ARTIFACT}


def answers_of(table: Table, *, issues: bool) -> Answers:
    """Read how a party answers.

    Args:
        table: the party.
        issues: whether it can be an identity provider.

    Raises:
        ConfigError: it issues no Response, or a word is not known, contradicts another or would do nothing.
    """
    for key in KEYS:
        if key in table.values and not issues:
            raise table.wrong(key, "stands at a service provider, which issues no Response", "give it to its partner")
    parts = {_known(table, "encrypt", each, PARTS) for each in table.texts("encrypt")}
    cipher, transport = (
        _word(table, *each) for each in (("cipher", CONTENT_NAMES), ("key_transport", TRANSPORT_NAMES))
    )
    for key in ("cipher", "key_transport"):
        if key in table.values and not parts:
            raise table.wrong(key, "stands where nothing is encrypted", 'add encrypt = ["assertion"]')
    if transport == RSA15 and Permission.RSA15 not in table.texts("allow"):
        raise table.wrong("key_transport", f"is {RSA15}, which has to be allowed", 'add allow = ["rsa15"]')
    return Answers(
        encrypts=tuple(part for part in PARTS if part in parts),
        content_cipher=cipher,
        key_transport=transport,
        response_binding=_BINDINGS[table.choice("response_binding", ResponseBinding)]
        if "response_binding" in table.values
        else None,
    )


def _word(table: Table, key: str, among: Collection[str]) -> str | None:
    return _known(table, key, table.text(key), among) if key in table.values else None


def _known(table: Table, key: str, word: str, among: Collection[str]) -> str:
    if word not in among:
        remedy = tables.suggestion(word, among, f"write some of: {', '.join(among)}")
        raise table.wrong(key, f"cannot hold {word[:80]!r}", remedy)
    return word
