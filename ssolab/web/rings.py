"""The keys of both sides of SAML and of the OpenID provider on one machine, from being made to being taken away.

The provider has its ring in its settings. A side of SAML has one here, begun with the key that it signs with; the
settings follow the ring: its active key signs, and the metadata lists whatever is listed. A key that two of them have,
as where the asserting party signs tokens with the key of its Responses, moves in both at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ssolab.core.findings import InputError
from ssolab.core.keys import SigningCredential
from ssolab.oidc.keyring import KeyRing, KeyState, KeyVerb
from ssolab.oidc.life import LifeKey
from ssolab.oidc.parties import ACCESS_TOKENS
from ssolab.oidc.unmoved import key_move_impossible, unknown_key
from ssolab.saml.parties import AssertingParty, RelyingParty
from ssolab.web.holders import Holder
from ssolab.web.ring_state import SAML

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab, Play

HOLDERS: Final = (Holder.ASSERTING, Holder.RELYING, Holder.PROVIDER)
"""The parties that have rings, in the order in which they are shown."""


def ring_of(lab: Lab, holder: Holder) -> KeyRing:
    """Give the ring of a party.

    Raises:
        InputError: it has none, as the client of OpenID Connect, or its key has no name.
    """
    if holder is Holder.PROVIDER:
        return lab.openid.provider.keys
    if holder is Holder.CLIENT:
        raise InputError("party", "it has no ring of keys", f"choose one of {', '.join(HOLDERS)}")
    return lab.rings.of(holder, _party(lab, holder), lab.openid.begun)


def rings(lab: Lab) -> Mapping[Holder, KeyRing]:
    """Give every ring there is."""
    found: dict[Holder, KeyRing] = {}
    for holder in HOLDERS:
        try:
            found[holder] = ring_of(lab, holder)
        except InputError:  # a key of a kind that has no thumbprint, or that signs no token: nothing to be moved here
            continue
    return found


def holding(lab: Lab, name: str, only: Holder | None = None) -> tuple[str, tuple[Holder, ...]]:
    """Find a key by its kid, or by the SHA-256 of its public key: its kid, and the parties in whose rings it stands.

    Raises:
        InputError: there is no such key, or the party of *only* does not have it.
    """
    there = rings(lab)
    for holder, ring in there.items():
        for key in ring.keys:
            if name in (key.kid, key.public.sha256) and only in (None, holder):
                return key.kid, tuple(
                    each
                    for each, other in there.items()
                    if only in (None, each) and any(key.kid == theirs.kid for theirs in other.keys)
                )
    raise unknown_key(name, dict.fromkeys(key.kid for ring in there.values() for key in ring.keys))


def shares(lab: Lab) -> bool:
    """Say whether the provider signs with the key of the asserting party."""
    there = rings(lab)
    return {Holder.ASSERTING, Holder.PROVIDER} <= set(there) and bool(
        _active(there[Holder.ASSERTING]) & _active(there[Holder.PROVIDER])
    )


def _active(ring: KeyRing) -> set[bytes]:
    return {key.public.spki for key in ring.keys if key.state is KeyState.ACTIVE}


def add_key(lab: Lab, holder: Holder, credential: SigningCredential) -> tuple[LifeKey, Entry]:
    """Take a new key into the ring of a party, and of the provider beside the party whose key it signs with.

    Raises:
        InputError: the key is there already, or cannot be used.
    """
    with lab.rings.moving:
        to = [holder, *([Holder.PROVIDER] if holder is Holder.ASSERTING and shares(lab) else [])]
        made = {each: _life(credential, _purpose(lab, each), lab.now()) for each in to}
        _settle(lab, {each: ring_of(lab, each).added(key) for each, key in made.items()})
    key = made[holder]
    whose = " and ".join(made)
    return key, lab.record(
        side=holder.side, event="key-added", summary=f"Key {key.label} made for {whose}: {key.kid}, {key.public.text}"
    )


def _purpose(lab: Lab, holder: Holder) -> str:
    """Say what a new key is for: a provider's does what its key for tokens of all kinds does."""
    if holder is not Holder.PROVIDER:
        return SAML
    signing = (key for key in ring_of(lab, holder).keys if key.state is KeyState.ACTIVE)
    return next((key.purpose for key in signing if key.purpose != ACCESS_TOKENS), "")


def _life(credential: SigningCredential, purpose: str, now: datetime) -> LifeKey:
    return LifeKey.of(
        credential.private,
        now,
        certificate=credential.certificate,
        label=credential.label,
        purpose=purpose,
    )


def move_key(  # noqa: PLR0913  which key, how, where, why and since when
    lab: Lab,
    name: str,
    verb: KeyVerb,
    only: Holder | None = None,
    *,
    why: str = "by hand",
    at: datetime | None = None,
) -> tuple[LifeKey, Entry]:
    """Move a key in every ring that has it, or in that of one party; all of them, or none.

    It stands there since *at*, without it since now.

    Raises:
        InputError: there is no such key, or no such move.
    """
    with lab.rings.moving:
        kid, holders = holding(lab, name, only)
        before = {each: ring_of(lab, each) for each in holders}
        after = {each: _moved(each, ring, verb, kid, at or lab.now()) for each, ring in before.items()}
        _settle(lab, after)
    told = "; ".join(f"{each}: {_difference(before[each], after[each])}" for each in holders)
    key = after[holders[0]].key(kid)
    summary = f"{verb.value.capitalize()} {key.label} ({kid}), {why}: {told}"
    return key, lab.record(side=holders[0].side, event="key-moved", summary=summary)


def _moved(holder: Holder, ring: KeyRing, verb: KeyVerb, kid: str, now: datetime) -> KeyRing:
    """Make a move; where the key that signs is compromised, the one that is published takes over at once."""
    key = ring.key(kid)
    if verb is KeyVerb.COMPROMISE and key.state is KeyState.ACTIVE:
        waiting = [each for each in ring.keys if each.family == key.family and each.state is KeyState.PUBLISHED]
        if waiting:
            return ring.swapped(waiting[0].kid, now).compromised(kid, now)
        if holder is not Holder.PROVIDER:
            because, remedy = "it signs, and no other could take over", "make a key and publish it first"
            raise key_move_impossible(key, because, remedy)
    return ring.moved(verb, kid, now)


def _difference(before: KeyRing, after: KeyRing) -> str:
    changes = [
        f"{new.label} {old.state} -> {new.state}"
        for old, new in zip(before.keys, after.keys, strict=True)
        if old.state is not new.state
    ]
    return ", ".join(changes)


def _settle(lab: Lab, after: Mapping[Holder, KeyRing]) -> None:
    """Let every party use its new ring."""
    for holder, ring in after.items():
        if holder is Holder.PROVIDER:
            lab.openid.move_keys(_always(ring))
        else:
            party = _party(lab, holder)
            lab.rings.keep(holder, party.entity_id, ring)
            lab.change(_dressed(holder, party.entity_id, ring))


def _always(ring: KeyRing) -> Callable[[KeyRing], KeyRing]:
    return lambda _before: ring


def _dressed(holder: Holder, entity_id: str, ring: KeyRing) -> Callable[[Play], Play]:
    """Have a side sign with the active key of its ring and publish those that are listed, in every link."""
    active = next(key for key in ring.keys if key.state is KeyState.ACTIVE)
    certificate, private = active.certificate, active.private
    if certificate is None or isinstance(private, Ed25519PrivateKey):
        raise InputError(f"key {active.label}", "it cannot sign SAML", "use an RSA or EC key with a certificate")
    credential = SigningCredential(private=private, certificate=certificate, label=active.label)
    own = {key.public.spki for key in ring.keys}
    listed = tuple(key.certificate for key in ring.listed() if key.certificate is not None)

    def alter(play: Play) -> Play:
        party: AssertingParty | RelyingParty = play.asserting if holder is Holder.ASSERTING else play.relying
        if party.entity_id != entity_id:
            return play
        beside = tuple(each for each in party.published if each.spki not in own)
        if isinstance(party, AssertingParty):
            return replace(play, asserting=replace(party, credential=credential, published=(*listed, *beside)))
        return replace(play, relying=replace(party, credential=credential, published=(*listed, *beside)))

    return alter


def _party(lab: Lab, holder: Holder) -> AssertingParty | RelyingParty:
    return lab.asserting if holder is Holder.ASSERTING else lab.relying
