"""How the parties of OpenID Connect and OAuth stand before anything moves: a provider's ring of keys, and its clients.

The keys are called as the provider's own key set calls them, though a twin may play them, so that a partner meets the
names that it will meet on the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.jose import ALGORITHMS
from ssolab.core.jwk import thumbprint
from ssolab.core.keys import PublicKey
from ssolab.cutover.model import PartyKind
from ssolab.cutover.timeline import involved
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Cutover, Inventory, Party

TOKENS: Final = "tokens"
"""The purpose of the keys of a ring out of a lab file: one signs at a time, whatever its algorithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A key of a provider, as its files tell of it."""

    public: PublicKey
    certificate: Certificate | None
    kid: str | None = None
    alg: str | None = None
    listed: bool = False


def signed_tokens(inventory: Inventory, party: Party) -> bool:
    """Say whether a party signs what goes over a link of OpenID Connect or OAuth."""
    return any(link.signer == party.id and not link.flow.is_saml for link in inventory.links.values())


def cutovers_of(inventory: Inventory, party: Party) -> tuple[Cutover, ...]:
    """Give the cutovers that leave a key of this party on a link over which its tokens go, in the lab's order."""
    return tuple(
        cutover
        for cutover in inventory.cutovers.values()
        if any(
            link.signer == party.id and not link.flow.is_saml and involved(inventory, cutover, link)
            for link in (inventory.links[each] for each in cutover.links)
        )
    )


def kid_of(party: Party, certificate: Certificate) -> str:
    """Give the name under which a party lists the key of a certificate: that of its key set, else the thumbprint.

    Raises:
        InputError: the key is of a kind that no JWK is written for.
    """
    kids = party.openid.kids if party.openid else {}
    return kids.get(certificate.spki_sha256) or thumbprint(PublicKey(certificate.spki))


def ring_of(inventory: Inventory, party: Party, cast: Cast, at: datetime) -> KeyRing | None:
    """Set up the ring of a provider as it stands at first, None where its files tell of no key that signs tokens.

    The key that the first cutover leaves is active, without one that of `signing_certificate`. What the key set lists
    beside it is published; the rest waits until somebody publishes it. The order is that of the key set.

    Raises:
        ConfigError: a key signs no token, or two share a name.
    """
    if party.kind is PartyKind.SALESFORCE and not signed_tokens(inventory, party):
        return None  # its certificates are those of SAML
    held = tuple(_held(inventory, party))
    if not held:
        return None
    active = _active(inventory, party, held)
    try:
        return KeyRing(tuple(_life(each, cast, at, _state(each, active)) for each in held))
    except InputError as error:
        raise ConfigError(
            f"{inventory.name}: party {party.id}", f"{error.name}: {error.problem}", error.remedy
        ) from None


def _held(inventory: Inventory, party: Party) -> Iterator[_Held]:
    """Give each key once: those of the key set in its order, then those of the other certificates."""
    cutovers = cutovers_of(inventory, party)
    certificates = (*party.own_certificates(), *(each for cut in cutovers for each in (cut.old, cut.new)))
    first = {each.spki_sha256: each for each in reversed(certificates)}
    listed = party.openid.listed if party.openid else ()
    for key in listed:
        certificate = first.pop(key.public.sha256, None) or key.certificate
        yield _Held(public=key.public, certificate=certificate, kid=key.kid, alg=key.alg, listed=True)
    for certificate in dict.fromkeys(certificates):
        if first.pop(certificate.spki_sha256, None) is not None:
            yield _Held(public=PublicKey(certificate.spki), certificate=certificate)


def _active(inventory: Inventory, party: Party, held: tuple[_Held, ...]) -> _Held:
    certificates = (*(each.old for each in cutovers_of(inventory, party)), *party.own_certificates())
    for certificate in certificates:
        return next(each for each in held if each.public.sha256 == certificate.spki_sha256)
    return held[0]


def _state(key: _Held, active: _Held) -> KeyState:
    if key is active:
        return KeyState.ACTIVE
    return KeyState.PUBLISHED if key.listed else KeyState.GENERATED


def _life(key: _Held, cast: Cast, at: datetime, state: KeyState) -> LifeKey:
    played = None if key.certificate is None else cast.credential(key.certificate)
    known = key.alg is not None and key.alg in ALGORITHMS and ALGORITHMS[key.alg].fits(key.public)
    kid = thumbprint(key.public) if key.kid is None else key.kid
    return LifeKey.of(
        cast.private(key.public) if played is None else played.private,
        at,
        alg=key.alg if known else None,
        kid=kid,
        certificate=None if played is None else played.certificate,
        label=kid if played is None else played.label,
        state=state,
        purpose=TOKENS,
    )
