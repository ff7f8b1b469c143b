"""Named rehearsals of rotations in which something is wrong with the names of keys, the key set, or who holds a key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.cutover.check import Verdict
from ssolab.cutover.habits import Known, Match
from ssolab.cutover.model import Link, Party, PartyKind, Step, Verb
from ssolab.cutover.openid_parties import OpenidParty
from ssolab.cutover.rotation import Mishap, Rotation, Trouble
from ssolab.cutover.rotations import PATIENT, QUICK, SLOW, at_once, pinned, rotation_lab, unhurried, verifier
from ssolab.cutover.scenarios import Kit, scenario
from ssolab.cutover.scene import Flow

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory

_MINUTES = timedelta(minutes=1)


@scenario(Verdict.AT_RISK)
def same_kid_new_key(kit: Kit) -> Inventory:
    """The new key is published under the kid of the old one.

    No kid is unknown, so no verifier fetches: each is out until its copy has run out, five minutes or a day. Only one
    that fetches after any failure is back at once.
    """
    return rotation_lab(
        kit,
        PATIENT,
        *at_once(kit),
        rotation=Rotation(old_kid="signing-key", new_kid="signing-key"),
    )


@scenario(Verdict.AT_RISK)
def new_kid_same_key(kit: Kit) -> Inventory:
    """The key stays, and its kid is another from one moment to the next.

    For verifiers that go by kid this is a new key which was never announced, although any copy could verify its tokens.
    """
    return rotation_lab(
        kit,
        PATIENT,
        *at_once(kit),
        rotation=Rotation(old_kid="264", new_kid="266"),
        new=kit.certificates["greenmoor"],
    )


@scenario(Verdict.OUTAGE)
def kid_removed(kit: Kit) -> Inventory:
    """Neither keys nor tokens carry a kid, through a rotation with all the time in the world.

    While two keys are listed a strict verifier cannot choose between them, and no unknown kid tells one with an old
    copy to fetch.
    """
    return rotation_lab(
        kit,
        QUICK,
        *unhurried(kit),
        rotation=Rotation(named=False),
    )


@scenario(Verdict.OUTAGE)
def jwks_5xx_during_promote(kit: Kit) -> Inventory:
    """The address of the key set answers 503 from ten minutes before the swap to ten minutes after it.

    The new key had been published two days before, so the steps are right. Whoever has a copy goes on for as long as it
    keeps it; who starts cold lets nobody in, and after a few minutes most have to start cold.
    """
    mishap = Mishap(trouble=Trouble.DOWN, start=kit.at(3, 8, 50), end=kit.at(3, 9, 10))
    return _in_trouble(kit, mishap)


@scenario(Verdict.OUTAGE)
def jwks_page_of_html_200(kit: Kit) -> Inventory:
    """The address of the key set answers 200 with a page that says to come back later.

    To a verifier it is as if there were no answer, provided that it looks before it throws its copy away.
    """
    mishap = Mishap(trouble=Trouble.ERROR_PAGE, start=kit.at(3, 8, 50), end=kit.at(3, 9, 10))
    return _in_trouble(kit, mishap)


def _in_trouble(kit: Kit, mishap: Mishap) -> Inventory:
    return rotation_lab(
        kit,
        (*QUICK, SLOW),
        *unhurried(kit),
        rotation=Rotation(mishaps=(mishap,)),
    )


@scenario(Verdict.AT_RISK)
def stale_edge(kit: Kit) -> Inventory:
    """For six hours some edges of the network serve the key set as it was before, and the swap comes after two.

    Old and new set alternate from one fetch to the next, so a verifier that fetches for an unknown kid may still not
    find it.
    """
    published = kit.at(1, 9)
    mishap = Mishap(trouble=Trouble.STALE, start=published, end=kit.at(1, 15))
    return rotation_lab(
        kit,
        QUICK,
        (Verb.PUBLISH, published),
        (Verb.SWAP, kit.at(1, 11)),
        (Verb.UNPUBLISH, kit.at(1, 16)),
        rotation=Rotation(mishaps=(mishap,)),
    )


@scenario(Verdict.AT_RISK)
def max_age_week(kit: Kit) -> Inventory:
    """The key set says that it may be kept for a week, and the swap comes a day after publishing.

    Who obeys the header, and fetches for nothing else, is out for up to six days; who has an age of its own is not.
    """
    obedient = replace(verifier(kit, SLOW, max_age=True), id="obeys-max-age")
    return rotation_lab(
        kit,
        QUICK,
        (Verb.PUBLISH, kit.at(1, 9)),
        (Verb.SWAP, kit.at(2, 9)),
        (Verb.UNPUBLISH, kit.at(2, 12)),
        rotation=Rotation(max_age=timedelta(days=7)),
        more=(obedient,),
    )


@scenario(Verdict.OUTAGE)
def x5c_of_old_cert_on_new_key(kit: Kit) -> Inventory:
    """The new key is listed with the certificate of the old one.

    No library compares the two, so nobody notices but a verifier that takes the key out of the certificate: it verifies
    with the old key for as long as that stands there.
    """
    by_certificate = verifier(kit, "openid-client")
    by_certificate = replace(
        by_certificate, id="reads-x5c", habits=replace(by_certificate.habits, match=Match.CERTIFICATE)
    )
    return rotation_lab(
        kit,
        QUICK,
        *unhurried(kit),
        rotation=Rotation(stale_envelope=True),
        more=(by_certificate,),
    )


@scenario(Verdict.OUTAGE)
def cert_expires_in_announce(kit: Kit) -> Inventory:
    """The certificate of the old key expires while the new key is listed and does not sign yet.

    A JWKS has no dates, so its readers notice nothing. A verifier that holds both certificates by hand, and looks at
    their dates, is out until the swap.
    """
    last = kit.certificates["greenmoor"].not_after
    dated = pinned(kit, "holds-certificates", checks_expiry=Known.YES)
    day = timedelta(days=1)
    lab = rotation_lab(
        kit,
        QUICK,
        (Verb.PUBLISH, last - 2 * day),
        (Verb.SWAP, last + day),
        (Verb.UNPUBLISH, last + 2 * day),
        more=(dated,),
        by_hand=(Step(do=Verb.ADD, at=last - day, party=dated.id),),
    )
    return replace(lab, clock=last - 3 * day)


@scenario(Verdict.OUTAGE)
def alg_change_rs256_to_ps256(kit: Kit) -> Inventory:
    """The new key signs PS256 where the old one signed RS256.

    To who settled on RS256 the tokens are refused whatever the key; who allows both notices nothing. The change of key
    was announced, that of the algorithm was not.
    """
    settled = replace(verifier(kit, "openid-client"), id="allows-rs256", openid=OpenidParty(algorithms=("RS256",)))
    return rotation_lab(
        kit,
        QUICK,
        *unhurried(kit),
        rotation=Rotation(new_alg="PS256"),
        more=(settled,),
    )


@scenario(Verdict.AT_RISK)
def single_slot_upload(kit: Kit) -> Inventory:
    """A client changes its key, and the app at the org has room for one certificate, which takes ten minutes to spread.

    There is no overlap: for ten minutes either key may be the right one. A second app, or a client that tries both
    keys, makes it harmless.
    """
    org = replace(
        pinned(kit, "org", slots=1, propagation=10 * _MINUTES, message_life=3 * _MINUTES),
        kind=PartyKind.SALESFORCE,
        flavour="salesforce",
        openid=OpenidParty(issuer="https://login.salesforce.com"),
    )
    old = kit.certificates["greenmoor"]
    client = Party(
        id="pipeline",
        kind=PartyKind.CLIENT,
        certificates={"app.crt": old},
        openid=OpenidParty(client_id="3MVG9.pipeline"),
    )
    lab = rotation_lab(kit, (), links=("pipeline-assertions",))
    cutover = replace(
        lab.cutover(None),
        steps=(
            Step(do=Verb.REPLACE, at=kit.at(1, 22), party="org"),
            Step(do=Verb.SWAP, at=kit.at(1, 22), party="pipeline"),
        ),
    )
    link = Link(id="pipeline-assertions", flow=Flow.JWT_BEARER, signer="pipeline", verifier="org")
    return replace(lab, parties={"pipeline": client, "org": org}, links={link.id: link}, cutovers={cutover.id: cutover})
