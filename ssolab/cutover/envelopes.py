"""Encryption between the two sides of a link: which keys open, and which key is encrypted for.

The relying party opens with the keys that its metadata shows for encryption, twins of them where the lab does not hold
them, and with one of the lab's own where the metadata shows none. Nothing of this exists unless it is asked for: most
links do not encrypt, and each key takes its time to make.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError
from ssolab.core.keys import TrustedKey
from ssolab.core.xmlenc import DecryptionKey

if TYPE_CHECKING:
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Inventory, Party
    from ssolab.saml.encryption import EncryptedPart
    from ssolab.saml.parties import AssertingParty, RelyingParty


def enveloped(
    asserting: AssertingParty, relying: RelyingParty, cast: Cast, parts: tuple[EncryptedPart, ...]
) -> tuple[AssertingParty, RelyingParty]:
    """Let the asserting party encrypt those parts, and the relying party open them."""
    if not parts:
        return asserting, relying
    shown = [key.certificate for key in asserting.encryption_keys if key.certificate is not None]
    credentials = [cast.credential(each) for each in shown] or [cast.encryption(relying.entity_id)]
    keys = tuple(
        TrustedKey.of(
            each.certificate, holder=relying.entity_id, source="the encryption keys in its metadata", use="encryption"
        )
        for each in credentials
    )
    opening = tuple(DecryptionKey.from_credential(each) for each in credentials)
    return replace(asserting, encrypts=parts, encryption_keys=keys), replace(relying, decryption=opening)


def encrypting(
    inventory: Inventory, parts: tuple[EncryptedPart, ...], *, cipher: str | None = None, transport: str | None = None
) -> Inventory:
    """Let every identity provider of a lab encrypt those parts, whatever the lab says; nothing changes without any.

    A *cipher* and a *transport* are for what is encrypted, by this or by the lab.

    Raises:
        ConfigError: one of them is given, and nobody encrypts.
    """
    given = [name for name, value in (("--cipher", cipher), ("--key-transport", transport)) if value is not None]
    if not (parts or given):
        return inventory

    def told(party: Party) -> Party:
        answers = replace(party.answers, encrypts=parts or party.answers.encrypts)
        if not (answers.encrypts and any(entity.idp for entity in party.entities)):
            return party
        return replace(
            party,
            answers=replace(
                answers,
                content_cipher=cipher or answers.content_cipher,
                key_transport=transport or answers.key_transport,
            ),
        )

    parties = {name: told(party) for name, party in inventory.parties.items()}
    if not any(party.answers.encrypts for party in parties.values()):
        raise ConfigError(given[0], "nothing is encrypted", "add --encrypt assertion")
    return replace(inventory, parties=parties)
