"""Where a new key of the lab comes from: made on the spot, as a twin of a certificate, or out of a file."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.core.keys import (
    PublicKey,
    SigningCredential,
    load_private_key,
    new_private_key_like,
    spki_of,
)
from ssolab.core.names import name_of
from ssolab.core.pem import unwrap
from ssolab.core.selfsigned import self_signed, twin
from ssolab.documents import Kind, recognise
from ssolab.files import read_file, shown_name
from ssolab.web.clock import LATEST

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PrivateKey
    from ssolab.oidc.life import LifeKey

NEW: Final = "new"
TWIN: Final = "twin"
_LIFE: Final = timedelta(days=730)
_EARLIER: Final = timedelta(days=1)
"""A clock that is set back a little shall not meet a certificate that is not yet valid."""


def made_from(  # noqa: PLR0913, PLR0917  where it comes from and what it is like
    source: str, label: str, like: LifeKey, now: datetime, alias: str | None = None, password: str | None = None
) -> SigningCredential:
    """Make or read a key for a ring.

    Args:
        source: `new`, `twin`, or a file: PEM, DER, or a key store. A certificate without its private key gets a twin.
        label: what people shall call it; without one it is called by its certificate.
        like: the key that signs now: a new one is of its kind and size, a twin mirrors its certificate.
        now: the moment.
        alias: which entry of a key store.
        password: opens a key store or an encrypted private key.

    Raises:
        InputError: the file cannot be read or used, or there is no certificate to mirror.
    """
    if source == NEW:
        return _new(label, like, now)
    if source == TWIN:
        if like.certificate is None:
            raise InputError("from", f"key {like.label} has no certificate to mirror", "use new, or a file")
        return _twin(like.certificate, label)
    return _read(source, label, now, alias, password)


def _new(label: str, like: LifeKey, now: datetime) -> SigningCredential:
    private, _ = new_private_key_like(like.public)
    return _bare(private, label or f"key of {now:%Y-%m-%d}", now)


def _bare(private: PrivateKey, label: str, now: datetime) -> SigningCredential:
    until = min(now + _LIFE, LATEST)
    certificate = self_signed(
        private=private,
        subject=name_of([("CN", label)]),
        serial=secrets.randbits(64) | 1,
        not_before=now - _EARLIER,
        not_after=until,
    )
    return SigningCredential(private=private, certificate=certificate, label=label)


def _twin(certificate: Certificate, label: str) -> SigningCredential:
    private, _ = new_private_key_like(PublicKey(certificate.spki))
    made = twin(certificate, private).certificate
    return SigningCredential(private=private, certificate=made, label=label or f"{certificate.label} (twin)")


def _read(file: str, label: str, now: datetime, alias: str | None, password: str | None) -> SigningCredential:
    data, name = read_file(file), shown_name(file)
    document = recognise(data, name, password)
    if document.store is not None:
        return document.store.entry(alias, name).credential(label)
    secret = document.kind is Kind.PRIVATE_KEY or b"PRIVATE KEY-----" in unwrap(data, name)
    if document.certificates and not secret:
        return _twin(document.certificates[0], label)
    private = load_private_key(data, name, password.encode() if password else None)
    own = [each for each in document.certificates if each.spki == spki_of(private)]
    if own:
        return SigningCredential(private=private, certificate=own[0], label=label or own[0].label)
    return _bare(private, label or name, now)
