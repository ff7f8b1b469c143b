"""Whom the sides of the lab trust, changed by hand: a certificate comes in beside the others, in their stead, or goes.

What is changed so holds for every link that is played with the same partner, until metadata that is read anew says
otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from ssolab.core.jwk import TrustedJwk
from ssolab.core.keys import TrustedKey
from ssolab.core.unwelcome import client_not_named, key_not_held, last_trusted_key, trust_not_by_hand
from ssolab.oidc.relying import PinnedTrust
from ssolab.web.holders import Holder, TrustVerb

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate
    from ssolab.oidc.parties import Client
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab, Play
    from ssolab.web.origins import Side

BY_HAND: Final = "a certificate that was brought in by hand"
K = TypeVar("K", TrustedKey, TrustedJwk)


_TOLD: Final = {
    TrustVerb.ADD: "trusts {key} from now on, beside others",
    TrustVerb.REPLACE: "trusts {key} from now on, and no other",
    TrustVerb.REMOVE: "trusts {key} no longer",
}


def believe(lab: Lab, side: Side, partner: str, trusted: tuple[TrustedKey, ...]) -> None:
    """Let a side trust these keys of its partner from now on, whichever link is played."""

    def alter(play: Play) -> Play:
        if side == "relying" and play.relying.asserting == partner:
            return replace(play, relying=replace(play.relying, trusted=trusted))
        if side == "asserting" and play.asserting.relying == partner:
            return replace(play, asserting=replace(play.asserting, trusted=trusted))
        return play

    lab.change(alter)


def change_trust(  # noqa: PLR0913  who, whom, how and why
    lab: Lab,
    holder: Holder,
    verb: TrustVerb,
    certificate: Certificate,
    client_id: str | None = None,
    *,
    why: str = "",
) -> Entry:
    """Do what a verb says with a certificate, and write it into the journal.

    Args:
        lab: whose party.
        holder: who trusts. The provider trusts what its clients sign, each by keys of its own.
        verb: what is done.
        certificate: whose key it is.
        client_id: which client's keys, where the provider trusts them; the only one's where there is one.
        why: on whose behalf, if not by hand.

    Raises:
        InputError: the key is not there to be removed, or is the last; the party reads its keys from an address; the
            provider has no such client.
    """
    if holder is Holder.CLIENT:
        who = _by_client(lab, verb, certificate)
    elif holder is Holder.PROVIDER:
        who = _by_provider(lab, verb, certificate, client_id)
    else:
        who = _by_saml(lab, holder, verb, certificate)
    told = _TOLD[verb].format(key=f"{certificate.label} (SPKI {certificate.spki_sha256[:16]})")
    return lab.record(side=holder.side, event="trust-changed", summary=f"{who} {told}{why and ', '}{why}")


def _by_saml(lab: Lab, holder: Holder, verb: TrustVerb, certificate: Certificate) -> str:
    side = holder.side
    party = lab.relying if side == "relying" else lab.asserting
    partner = lab.relying.asserting if side == "relying" else lab.asserting.relying
    added = TrustedKey.of(certificate, holder=partner, source=BY_HAND, use="signing")
    believe(lab, side, partner, _changed(party.trusted, added, verb, party.entity_id))
    return party.entity_id


def _by_client(lab: Lab, verb: TrustVerb, certificate: Certificate) -> str:
    state, client = lab.openid_rp, lab.openid_rp.client
    pinned = client.trust.keys if isinstance(client.trust, PinnedTrust) else None
    if pinned is None and verb is not TrustVerb.REPLACE:
        raise trust_not_by_hand(client.client_id)
    keys = _changed(pinned or (), TrustedJwk.of(certificate, BY_HAND), verb, client.client_id)
    state.reconfigure(replace(client, trust=PinnedTrust(keys=keys)))
    return client.client_id


def _by_provider(lab: Lab, verb: TrustVerb, certificate: Certificate, client_id: str | None) -> str:
    client = _client(lab, client_id)
    added = TrustedKey.of(certificate, holder=client.client_id, source=BY_HAND, use="signing")
    lab.openid.register(replace(client, keys=_changed(client.keys, added, verb, client.client_id)))
    return f"{lab.openid.provider.issuer}, of {client.label},"


def _client(lab: Lab, client_id: str | None) -> Client:
    clients = lab.openid.clients
    if client_id is None and len(clients) == 1:
        return next(iter(clients.values()))
    if client_id is None or client_id not in clients:
        raise client_not_named(client_id, clients)
    return clients[client_id]


def _changed(held: tuple[K, ...], added: K, verb: TrustVerb, who: str) -> tuple[K, ...]:
    if verb is TrustVerb.REPLACE:
        return (added,)
    others: list[K] = [each for each in held if each.public.spki != added.public.spki]
    if verb is TrustVerb.ADD:
        others.append(added)
        return tuple(others)
    if len(others) == len(held):
        raise key_not_held(who, (each.public.sha256[:16] for each in held))
    if not others:
        raise last_trusted_key(who)
    return tuple(others)
