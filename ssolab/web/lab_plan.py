"""The plan of a provider that is served, out of the cutovers of its lab file: steps become moves of keys and trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.jose import algorithm_for
from ssolab.core.keys import PublicKey
from ssolab.cutover.habits import ASSUMED_PROPAGATION, Mode, known_or
from ssolab.cutover.model import PartyKind, Verb
from ssolab.cutover.openid_staging import cutovers_of, kid_of
from ssolab.cutover.staging import asserting_party
from ssolab.cutover.timeline import involved
from ssolab.cutover.token_link import client_id_of
from ssolab.oidc.keyring import KeyVerb
from ssolab.oidc.relying import ClientKey
from ssolab.oidc.waiting import Delays
from ssolab.web.holders import TrustVerb
from ssolab.web.key_plan import KeyPlan, PlannedMove, PlannedSigning, PlannedTrust

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ssolab.core.certs import Certificate
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Cutover, Inventory, Link, Party, Step

_TRUSTING = {Verb.ADD: TrustVerb.ADD, Verb.REPLACE: TrustVerb.REPLACE, Verb.REMOVE: TrustVerb.REMOVE}


def plan_of(inventory: Inventory, provider: Party, cast: Cast, played: Collection[str] = ()) -> KeyPlan:
    """Plan what the cutovers of a lab file say of a provider and of those who sign for it or believe it.

    *played* are the ids of the clients that the lab itself plays; the others have their own keys, wherever they run.
    The time that a changed key set takes to every server (P) and a swap to every node (B) are the provider's habits;
    where the first is not known, the same is assumed as in a rehearsal.
    """
    own = cutovers_of(inventory, provider)
    tied = tuple(
        (cutover, link)
        for cutover in inventory.cutovers.values()
        for link in (inventory.links[each] for each in cutover.links)
        if not link.flow.is_saml
        and asserting_party(inventory, link).id == provider.id
        and involved(inventory, cutover, link)
    )
    moves = [move for cutover in own for move in _moves(cutover, provider)]
    partners: dict[PlannedTrust | PlannedSigning, None] = {}
    for cutover, link in tied:
        partners |= dict.fromkeys(_partners(inventory, cutover, link, cast, played))
    return KeyPlan(
        id=", ".join(dict.fromkeys([*(each.id for each in own), *(cutover.id for cutover, _ in tied)])),
        moves=tuple(sorted(moves, key=lambda each: each.at)),
        partners=tuple(sorted(partners, key=lambda each: each.at)),
        delays=Delays(
            replicas=known_or(provider.habits.propagation, ASSUMED_PROPAGATION), rollout=provider.habits.swap_takes
        ),
    )


def _steps(cutover: Cutover) -> list[Step]:
    return sorted(cutover.steps, key=lambda step: step.at)


def _moves(cutover: Cutover, provider: Party) -> Iterator[PlannedMove]:
    """Give the moves of the provider's keys; a second swap goes back."""
    old, new = (kid_of(provider, each) for each in (cutover.old, cutover.new))
    if old == new:  # another certificate over the same key: nothing of it shows in a key set
        return
    active, there = old, provider.openid is not None and provider.openid.lists(cutover.new.spki_sha256)
    for step in _steps(cutover):
        if not step.do.by_signer or step.party not in (None, provider.id):
            continue
        verb, kid = KeyVerb(step.do.value), new
        if step.do is Verb.SWAP:
            active = kid = new if active == old else old
        elif step.do is Verb.UNPUBLISH:
            kid = old if active == new else new
            verb = KeyVerb.COMPROMISE if step.compromised else verb
        elif there:
            continue  # its key set had it from the beginning
        yield PlannedMove(at=step.at, verb=verb, kid=kid, plan=cutover.id)


def _partners(
    inventory: Inventory, cutover: Cutover, link: Link, cast: Cast, played: Collection[str]
) -> Iterator[PlannedTrust | PlannedSigning]:
    """Give what changes by hand on one link: whom its verifier believes, and with what a client signs."""
    signer, verifier = inventory.signer(link), inventory.verifier(link)
    by_provider = not link.flow.signed_by_asserting
    client = client_id_of(signer if by_provider else verifier)
    active = cutover.old
    for step in _steps(cutover):
        if step.do in _TRUSTING:
            by_hand = verifier.habits.mode in (Mode.MANUAL, Mode.API)
            if step.party == verifier.id or (step.party is None and by_hand):
                verb = _TRUSTING[step.do]
                named = cutover.old if verb is TrustVerb.REMOVE else cutover.new
                for certificate in _meant(named, signer, cast, played):
                    yield PlannedTrust(
                        at=step.at,
                        verb=verb,
                        certificate=certificate,
                        client_id=client,
                        by_provider=by_provider,
                        plan=cutover.id,
                    )
                    verb = TrustVerb.ADD if verb is TrustVerb.REPLACE else verb
        elif signer.id in played and step.do is Verb.SWAP and step.party in (None, signer.id, verifier.id):
            active = cutover.new if active is cutover.old else cutover.old
            yield PlannedSigning(
                at=step.at,
                key=_signing_key(signer, active, cast),
                label=cast.credential(active).label,
                client_id=client,
                plan=cutover.id,
            )


def _meant(certificate: Certificate, signer: Party, cast: Cast, played: Collection[str]) -> tuple[Certificate, ...]:
    """Give the certificate to believe: a client's own, with that of its twin where the lab plays the client."""
    twin = cast.credential(certificate).certificate
    if signer.kind in (PartyKind.OP, PartyKind.SALESFORCE):
        return (twin,)
    return tuple(dict.fromkeys((certificate, twin))) if signer.id in played else (certificate,)


def _signing_key(party: Party, certificate: Certificate, cast: Cast) -> ClientKey:
    kids = party.openid.kids if party.openid else {}
    return ClientKey(
        private=cast.credential(certificate).private,
        alg=algorithm_for(PublicKey(certificate.spki)).name,
        kid=kids.get(certificate.spki_sha256),
    )
