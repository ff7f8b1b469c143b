"""How the kit of the generators is put together from what an edge has at hand: a trusted key and a throw-away one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.keys import SigningCredential
from ssolab.core.selfsigned import twin
from ssolab.faults.engine import Kit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ssolab.core.keys import PrivateKey, TrustedKey


def kit_for(  # noqa: PLR0913  each is something that a generator may need
    *,
    own: SigningCredential,
    throw_away: PrivateKey,
    now: datetime,
    new_id: Callable[[], str],
    genuine: str,
    forged: str,
    recipient: str,
    address: str,
    retired: SigningCredential | None = None,
    encryption: TrustedKey | None = None,
    encryption_keys: Mapping[str, TrustedKey] | None = None,
) -> Kit:
    """Put a kit together; the *throw_away* key, which nobody trusts, gets a certificate like the trusted one."""
    foreign = SigningCredential(
        private=throw_away, certificate=twin(own.certificate, throw_away).certificate, label="a key that nobody trusts"
    )
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
        encryption_keys=encryption_keys or {},
    )


def receivers_keys(keys: Iterable[TrustedKey], now: datetime) -> tuple[TrustedKey | None, Mapping[str, TrustedKey]]:
    """Tell the keys of a receiver apart for which one can encrypt: the first, and those that are special beside it."""
    usable = [each for each in keys if each.public.kind == "RSA"]
    dated = [(each, each.certificate is not None and each.certificate.not_after < now) for each in usable]
    good, ended = ([each for each, over in dated if over is which] for which in (False, True))
    special = dict(zip(("second-encryption",), good[1:], strict=False))
    special |= dict(zip(("expired-encryption",), ended, strict=False))
    return next(iter(good), None), special
