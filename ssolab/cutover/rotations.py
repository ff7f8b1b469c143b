"""Named rehearsals of a provider that changes its key, as verifiers meet it that each keep its JWKS in their own way.

They are data as the scenarios of SAML are: a rotation, steps, and verifiers by the profiles of their libraries.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.cutover.check import Verdict
from ssolab.cutover.habits import Known, Mode, Slots
from ssolab.cutover.model import Cutover, Link, Party, PartyKind, Step, Verb
from ssolab.cutover.openid_parties import OpenidParty
from ssolab.cutover.rotation import ListedKey, Rotation
from ssolab.cutover.scenarios import Kit, scenario
from ssolab.cutover.scene import Flow

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.cutover.habits import Habits
    from ssolab.cutover.model import Inventory

PROVIDER: Final = "greenmoor"
QUICK: Final = ("jose-remote-jwks", "openid-client", "pyjwt-jwk-client", "mod-auth-openidc", "go-oidc")
"""Verifiers that fetch at an unknown kid, after half a minute or a minute at most."""
SLOW: Final = "social-core-2021"
PATIENT: Final = (*QUICK, "dotnet-configuration-manager", SLOW)

_MINUTE: Final = timedelta(minutes=1)


def rotation_lab(  # noqa: PLR0913  a rotation has this many sides
    kit: Kit,
    verifiers: tuple[str, ...],
    *steps: tuple[Verb, datetime],
    rotation: Rotation | None = None,
    flow: Flow = Flow.OIDC_CODE,
    more: tuple[Party, ...] = (),
    by_hand: tuple[Step, ...] = (),
    **changes: Any,
) -> Inventory:
    """Let the provider leave its key, with one link to each verifier."""
    old, new = kit.certificates["greenmoor"], kit.certificates["sso_2027"]
    provider = Party(
        id=PROVIDER,
        kind=PartyKind.OP,
        certificates={"old.crt": old},
        openid=OpenidParty(issuer="https://id.greenmoor.example"),
    )
    parties = [*(verifier(kit, each) for each in verifiers), *more]
    links = [Link(id=f"{each.id}-tokens", flow=flow, signer=PROVIDER, verifier=each.id) for each in parties]
    cutover = Cutover(
        id="rotate",
        links=tuple(link.id for link in links),
        old=old,
        new=new,
        old_name=old.label,
        new_name=new.label,
        steps=(*(Step(do=verb, at=at, party=PROVIDER) for verb, at in steps), *by_hand),
        rotation=rotation,
    )
    return replace(
        kit.lab,
        parties={party.id: party for party in (provider, *parties)},
        links={link.id: link for link in links},
        cutovers={"rotate": replace(cutover, **changes)},
    )


def verifier(kit: Kit, name: str, **changes: Any) -> Party:
    """Give a verifier by the profile of its library; what is not known of that counts as the worst."""
    profile = kit.profiles[name]
    cache = None if profile.cache is None else replace(profile.cache.worst(), **changes)
    profile = replace(profile, cache=cache)
    return Party(id=name, kind=PartyKind.RP, profile=profile, habits=profile.habits)


def pinned(kit: Kit, name: str, **changes: Any) -> Party:
    """Give a verifier that holds keys by hand."""
    profile = kit.profiles["pinned-certificate"]
    known: Habits = replace(
        profile.habits,
        slots=Slots.MANY,
        mode=Mode.MANUAL,
        propagation=timedelta(0),
        checks_expiry=Known.NO,
        verifies=Known.YES,
    )
    return Party(id=name, kind=PartyKind.RP, profile=profile, habits=replace(known, **changes))


def at_once(kit: Kit) -> tuple[tuple[Verb, datetime], ...]:
    """Change the whole set from one moment to the next, as in an emergency."""
    return tuple((verb, kit.at(1, 9)) for verb in (Verb.PUBLISH, Verb.SWAP, Verb.UNPUBLISH))


def unhurried(kit: Kit) -> tuple[tuple[Verb, datetime], ...]:
    """Leave two days between publishing and swap, and three hours until the old key goes: enough for everybody."""
    return (Verb.PUBLISH, kit.at(1, 9)), (Verb.SWAP, kit.at(3, 9)), (Verb.UNPUBLISH, kit.at(3, 12))


@scenario(Verdict.SAFE)
def planned_overlap(kit: Kit) -> Inventory:
    """The new key is listed for two days before it signs, and the old one for an hour after.

    The order to copy: publish, wait for the slowest verifier (W_publish), swap, wait for the last token (W_drain),
    unpublish. Even a verifier that keeps its copy for a day, whatever the kid, notices nothing.
    """
    return rotation_lab(
        kit,
        PATIENT,
        (Verb.PUBLISH, kit.at(1, 9)),
        (Verb.SWAP, kit.at(3, 9)),
        (Verb.UNPUBLISH, kit.at(3, 10)),
    )


@scenario(Verdict.AT_RISK)
def skip_announce(kit: Kit) -> Inventory:
    """The new key is published at the moment at which it begins to sign.

    What most providers do of their own accord. Who fetches for an unknown kid is back after its cooldown, who does not
    is out until its copy has run out: here a day.
    """
    return rotation_lab(
        kit,
        PATIENT,
        (Verb.PUBLISH, kit.at(1, 9)),
        (Verb.SWAP, kit.at(1, 9)),
        (Verb.UNPUBLISH, kit.at(1, 10)),
    )


@scenario(Verdict.AT_RISK)
def promote_too_early(kit: Kit) -> Inventory:
    """The new key signs ten seconds before the slowest verifier is sure to know it.

    One verifier waits five minutes between two fetches; the swap comes after four minutes and fifty seconds, and
    whether its users get in depends on when it last fetched. All others are long past their cooldown.
    """
    published = kit.at(1, 9)
    return rotation_lab(
        kit,
        (*QUICK, "dotnet-configuration-manager"),
        (Verb.PUBLISH, published),
        (Verb.SWAP, published + 5 * _MINUTE - timedelta(seconds=10)),
        (Verb.UNPUBLISH, kit.at(1, 10)),
    )


@scenario(Verdict.AT_RISK)
def retire_too_early(kit: Kit) -> Inventory:
    """The old key is taken away two minutes after the swap, while its tokens are good for five.

    The key set is right for every new token. It is wrong for the old ones: whoever fetches now cannot verify them.
    """
    return rotation_lab(
        kit,
        QUICK,
        (Verb.PUBLISH, kit.at(1, 9)),
        (Verb.SWAP, kit.at(1, 12)),
        (Verb.UNPUBLISH, kit.at(1, 12, 2)),
    )


@scenario(Verdict.AT_RISK)
def race_just_before_signing(kit: Kit) -> Inventory:
    """A verifier fetches just before the new key is published, which signs ten seconds later.

    Its cooldown has only begun, so the unknown kid is refused although the key has been published. Who has no cooldown
    is never caught by this.
    """
    published = kit.at(1, 9)
    return rotation_lab(
        kit,
        ("openid-client", "spring-nimbus"),
        (Verb.PUBLISH, published),
        (Verb.SWAP, published + timedelta(seconds=10)),
        (Verb.UNPUBLISH, kit.at(1, 10)),
    )


@scenario(Verdict.SAFE)
def rollback(kit: Kit) -> Inventory:
    """The new key signs for an hour, then the old one again, and the new one is taken back.

    Nothing has to be waited for before going back, since the old key never left the key set and every copy still has
    it. What the new key signed needs its own drain before that one is taken away.
    """
    return rotation_lab(
        kit,
        PATIENT,
        (Verb.PUBLISH, kit.at(1, 9)),
        (Verb.SWAP, kit.at(3, 9)),
        (Verb.SWAP, kit.at(3, 10)),
        (Verb.UNPUBLISH, kit.at(3, 12)),
    )


@scenario(Verdict.AT_RISK)
def emergency(kit: Kit) -> Inventory:
    """The old key is compromised: the new one is published and signs at once, and the old one goes at once.

    Fresh tokens fail until every verifier has fetched, and tokens of the old key die; both are wanted. What is not: a
    verifier goes on believing the old key for as long as it keeps its copy, and fetching at an unknown kid does not
    help.
    """
    return rotation_lab(
        kit,
        PATIENT,
        *at_once(kit)[:-1],
        by_hand=(Step(do=Verb.UNPUBLISH, at=kit.at(1, 9), party=PROVIDER, compromised=True),),
    )


@scenario(Verdict.AT_RISK)
def cold_start_in_drain(kit: Kit) -> Inventory:
    """The old key is taken away while its tokens live, and only a verifier that restarts notices.

    It keeps its copy for a day, so nothing happens to who is running; who starts now meets tokens whose key is gone.
    """
    return rotation_lab(
        kit,
        (SLOW,),
        (Verb.PUBLISH, kit.at(1, 9)),
        (Verb.SWAP, kit.at(3, 9)),
        (Verb.UNPUBLISH, kit.at(3, 9, 1)),
    )


@scenario(Verdict.SAFE)
def order_flip(kit: Kit) -> Inventory:
    """The key set lists its keys in another order from one hour to the next.

    Salesforce lists its own unsorted. Who chooses by kid does not mind; nobody may take the first key for the newest.
    """
    return rotation_lab(
        kit,
        PATIENT,
        *unhurried(kit),
        rotation=Rotation(flipped=kit.at(3, 10)),
    )


@scenario(Verdict.SAFE)
def decoys(kit: Kit) -> Inventory:
    """The key set lists keys besides that verify nothing here: one for encryption, one of another service.

    A verifier chooses by kid and reads key by key, so a key that it does not need never spoils the set; libraries that
    read the whole set at once have broken on less.
    """
    others = (
        ListedKey(kid="enc-1", certificate=kit.certificates["entra"], alg="RSA-OAEP", use="enc"),
        ListedKey(kid="other-service", certificate=kit.certificates["adfs"], alg="RS256"),
    )
    return rotation_lab(
        kit,
        PATIENT,
        *unhurried(kit),
        rotation=Rotation(decoys=others),
    )
