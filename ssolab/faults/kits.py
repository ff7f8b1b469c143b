"""How the kit of the generators is put together from what an edge has at hand: a trusted key and a throw-away one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from ssolab.core.keys import SigningCredential, new_private_key, tiny_private_key
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed, twin
from ssolab.faults.engine import Kit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.core.jose import JosePrivateKey
    from ssolab.core.keys import PrivateKey, TrustedKey
    from ssolab.faults.engine import Fault

YEAR: Final = timedelta(days=365)
SPECIAL: Final[Mapping[str, Callable[[], PrivateKey]]] = {
    "short-rsa": lambda: new_private_key("RSA", 1024),
    "curve": lambda: new_private_key("EC", 256),
    "tiny-curve": tiny_private_key,
}
"""The keys that faults may name in their `needs`, by what is special in them."""


def kit_for(  # noqa: PLR0913  each is something that a generator may need
    *,
    own: SigningCredential,
    throw_away: JosePrivateKey,
    now: datetime,
    new_id: Callable[[], str],
    genuine: str,
    forged: str,
    recipient: str,
    address: str,
    retired: SigningCredential | None = None,
    encryption: TrustedKey | None = None,
    others: Mapping[str, SigningCredential] | None = None,
    encryption_keys: Mapping[str, TrustedKey] | None = None,
) -> Kit:
    """Put a kit together; the *throw_away* key, which nobody trusts, gets a certificate like the trusted one."""
    foreign = look_alike(own.certificate, throw_away, "a key that nobody trusts")
    return Kit(
        now=now,
        new_id=new_id,
        genuine=genuine,
        forged=forged,
        own=own,
        foreign=foreign,
        recipient=recipient,
        address=address,
        retired=retired,
        encryption=encryption,
        others=others or {},
        encryption_keys=encryption_keys or {},
    )


def look_alike(certificate: Certificate, private: JosePrivateKey, label: str) -> SigningCredential:
    """Give a key a certificate that looks like another one; one of Ed25519 is for faults of tokens alone."""
    made = twin(certificate, private).certificate
    return SigningCredential(private=cast("PrivateKey", private), certificate=made, label=label)


def with_certificate(private: JosePrivateKey, at: datetime, label: str) -> SigningCredential:
    """Give a key that has none a certificate that is in date, for the faults of tokens that show one."""
    made = self_signed(
        private=private, subject=name_of([("CN", label)]), serial=1, not_before=at - YEAR, not_after=at + YEAR
    )
    return SigningCredential(private=cast("PrivateKey", private), certificate=made, label=label)


def special_keys(faults: Iterable[Fault], dated: Certificate) -> dict[str, SigningCredential]:
    """Make the special keys that the faults need, and no other, in certificates with the dates of a given one."""
    wanted = {name for each in faults for name in each.needs} & SPECIAL.keys()
    return {name: _special(name, dated) for name in sorted(wanted)}


def _special(name: str, dated: Certificate) -> SigningCredential:
    private = SPECIAL[name]()
    certificate = self_signed(
        private=private,
        subject=name_of([("CN", name)]),
        serial=1,
        not_before=dated.not_before,
        not_after=dated.not_after,
    )
    return SigningCredential(private=private, certificate=certificate, label=name)


def receivers_keys(keys: Iterable[TrustedKey], now: datetime) -> tuple[TrustedKey | None, Mapping[str, TrustedKey]]:
    """Tell the keys of a receiver apart for which one can encrypt: the first, and those that are special beside it."""
    usable = [each for each in keys if each.public.kind == "RSA"]
    dated = [(each, each.certificate is not None and each.certificate.not_after < now) for each in usable]
    good, ended = ([each for each, over in dated if over is which] for which in (False, True))
    special = dict(zip(("second-encryption",), good[1:], strict=False))
    special |= dict(zip(("expired-encryption",), ended, strict=False))
    return next(iter(good), None), special
