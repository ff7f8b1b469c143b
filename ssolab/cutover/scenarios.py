"""Named rehearsals: what goes right and wrong around a key change, each played on the built-in lab.

A scenario is data: links, steps and habits. Its function's name is its code, and it declares the verdict that it must
come to, so that a scenario which no longer breaks, or suddenly does, is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Entry, Kind, described
from ssolab.core.findings import DefectError
from ssolab.core.keys import Permission
from ssolab.cutover.check import Verdict
from ssolab.cutover.habits import Known, Match
from ssolab.cutover.model import AddressChange, Brings, Cutover, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.core.certs import Certificate
    from ssolab.cutover.model import Inventory, Profile

ORG = "greenmoor"


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What scenarios are made of: the built-in lab, the certificates that it and they use, and profiles, by name."""

    lab: Inventory
    certificates: Mapping[str, Certificate]
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def at(self, day: int, hour: int = 0, minute: int = 0) -> datetime:
        """Give a moment by the day of the lab, whose first is 0."""
        if self.lab.clock is None:
            raise DefectError("the built-in lab has no clock")
        return self.lab.clock.replace(hour=hour, minute=minute) + timedelta(days=day)

    def swap(self, links: tuple[str, ...], *steps: Step, **changes: Any) -> Inventory:
        """Leave the retired certificate over these links with these steps."""
        return self.lab_with(replace(self.lab.cutover(None), links=links, steps=steps, **changes))

    def lab_with(self, cutover: Cutover, *, clock: datetime | None = None) -> Inventory:
        """Give the lab with this one cutover, and a clock of its own where it plays at another time."""
        return replace(self.lab, cutovers={cutover.id: cutover}, clock=clock or self.lab.clock)


@dataclass(frozen=True, kw_only=True)
class Scenario(Entry):
    """A named rehearsal and the verdict that it comes to."""

    verdict: Verdict
    build: Callable[[Kit], Inventory]


def scenario(verdict: Verdict) -> Callable[[Callable[[Kit], Inventory]], Scenario]:
    """Make a scenario of a function that builds the lab to be played."""

    def decorate(function: Callable[[Kit], Inventory]) -> Scenario:
        code, title, text = described(function)
        return Scenario(kind=Kind.SCENARIO, code=code, title=title, text=text, verdict=verdict, build=function)

    return decorate


def _habits(lab: Inventory, party: str, **changes: Any) -> Inventory:
    changed = lab.parties[party]
    changed = replace(changed, habits=replace(changed.habits, **changes))
    return replace(lab, parties={**lab.parties, party: changed})


@scenario(Verdict.SAFE)
def overlap(kit: Kit) -> Inventory:
    """Both keys are known before the swap, and the old one leaves after it.

    The order to copy: add or publish, wait for the slowest reader, swap, wait for the last message, remove. It needs a
    partner that can hold two keys.
    """
    return kit.swap(
        ("pingone-requests", "shib-requests"),
        Step(do=Verb.PUBLISH, at=kit.at(1, 9), party=ORG),
        Step(do=Verb.ADD, at=kit.at(2, 9), party="pingone"),
        Step(do=Verb.SWAP, at=kit.at(5, 22), party=ORG),
        Step(do=Verb.REMOVE, at=kit.at(6, 9), party="pingone"),
        Step(do=Verb.UNPUBLISH, at=kit.at(6, 9), party=ORG),
    )


@scenario(Verdict.AT_RISK)
def hard_swap(kit: Kit) -> Inventory:
    """A partner with one slot replaces the key at the very moment of the swap.

    The best that one slot allows: logins that are under way may fail for a few minutes, and no later login does.
    """
    return kit.swap(
        ("okta-requests",),
        Step(do=Verb.REPLACE, at=kit.at(5, 22), party="okta"),
        Step(do=Verb.SWAP, at=kit.at(5, 22), party=ORG),
    )


@scenario(Verdict.OUTAGE)
def late_partner_adds_after_the_swap(kit: Kit) -> Inventory:
    """One partner takes the new key over two days after the swap.

    The commonest outage of all: the swap waited for a date and not for a confirmation.
    """
    return kit.swap(
        ("pingone-requests", "entra-requests"),
        Step(do=Verb.SWAP, at=kit.at(5, 22), party=ORG),
        Step(do=Verb.ADD, at=kit.at(7, 22), party="pingone"),
    )


@scenario(Verdict.OUTAGE)
def swap_before_publish(kit: Kit) -> Inventory:
    """The signer swaps first and publishes its new key a day later.

    A partner that reads metadata by itself is out until it has read the new one, and every reader has its own phase.
    """
    return kit.swap(
        ("shib-requests",),
        Step(do=Verb.SWAP, at=kit.at(5, 22), party=ORG),
        Step(do=Verb.PUBLISH, at=kit.at(6, 22), party=ORG),
    )


@scenario(Verdict.OUTAGE)
def old_key_removed_before_the_swap(kit: Kit) -> Inventory:
    """The old key is removed three hours before the swap.

    Having the new key in place is not enough: the old one is in use until the swap, and on its way for minutes more.
    """
    return kit.swap(
        ("pingone-requests",),
        Step(do=Verb.ADD, at=kit.at(2, 9), party="pingone"),
        Step(do=Verb.REMOVE, at=kit.at(5, 19), party="pingone"),
        Step(do=Verb.SWAP, at=kit.at(5, 22), party=ORG),
    )


@scenario(Verdict.OUTAGE)
def certificate_expires_before_the_swap(kit: Kit) -> Inventory:
    """The request-signing certificate expires three days before the swap.

    One partner enforces the dates of certificates and is out from the last second on; the other trusts the key alone
    and notices nothing.
    """
    old = kit.certificates["greenmoor"]
    last = old.not_after
    cutover = replace(
        kit.lab.cutover(None),
        id="renew",
        old=old,
        old_name=old.label,
        links=("adfs-requests", "pingone-requests"),
        steps=(
            Step(do=Verb.ADD, at=last - timedelta(days=3), party="adfs"),
            Step(do=Verb.ADD, at=last - timedelta(days=3), party="pingone"),
            Step(do=Verb.SWAP, at=last + timedelta(days=3), party=ORG),
        ),
    )
    return kit.lab_with(cutover, clock=last - timedelta(days=7))


@scenario(Verdict.OUTAGE)
def idp_initiated_unaffected(kit: Kit) -> Inventory:
    """Nobody is told of the swap: SP-initiated login breaks, IdP-initiated login goes on.

    No request is signed in an IdP-initiated login, so the request-signing certificate has no part in it.
    """
    return kit.swap(
        ("pingone-requests", "okta-idp-initiated", "adfs-idp-initiated"),
        Step(do=Verb.SWAP, at=kit.at(5, 22), party=ORG),
    )


@scenario(Verdict.OUTAGE)
def single_to_multiple_configurations(kit: Kit) -> Inventory:
    """Enabling multiple SAML configurations swaps the certificate and the login address together.

    A partner that takes over the certificate alone is out because of the address; so is one that ignores signatures;
    and IdP-initiated login, which a new certificate never touches, fails until the partner sends to the new address.
    """
    return kit.swap(
        ("shib-requests", "pingone-requests", "entra-requests", "okta-idp-initiated"),
        Step(do=Verb.PUBLISH, at=kit.at(1, 9), party=ORG),
        Step(do=Verb.ADD, at=kit.at(2, 9), party="pingone", brings=Brings.KEY),
        Step(do=Verb.SWAP, at=kit.at(5, 22), party=ORG),
        Step(do=Verb.ADD, at=kit.at(6, 9), party="pingone", brings=Brings.ADDRESS),
        Step(do=Verb.ADD, at=kit.at(6, 9), party="entra", brings=Brings.ADDRESS),
        Step(do=Verb.ADD, at=kit.at(6, 9), party="okta", brings=Brings.ADDRESS),
        address=AddressChange(
            before="https://login.salesforce.com/?so=00D5f000004GrnM",
            after="https://greenmoor.my.salesforce.com?so=00D5f000004GrnM",
        ),
    )


@scenario(Verdict.OUTAGE)
def renewal_of_2012_same_key(kit: Kit) -> Inventory:
    """The proxy certificate was renewed in January 2012 over the same key, and three kinds of partner saw three things.

    One compares keys and notices nothing. One compares certificates and holds both, so it is safe once the new one is
    added. One compares certificates and has room for one: it is out. Played as it was then, with a 1024-bit key and
    SHA-1, which only a named permission allows.
    """
    old, new = kit.certificates["proxy_2010"], kit.certificates["proxy_2011"]
    start = datetime(2012, 1, 4, 17, tzinfo=UTC)
    cutover = Cutover(
        id="renewal-2012",
        links=("shib-requests", "pingone-requests", "okta-requests"),
        old=old,
        new=new,
        old_name=f"{old.label} of 2010",
        new_name=f"{new.label} of 2011",
        steps=(
            Step(do=Verb.ADD, at=start + timedelta(hours=2), party="pingone"),
            Step(do=Verb.SWAP, at=start + timedelta(hours=6), party=ORG),
            Step(do=Verb.REPLACE, at=start + timedelta(hours=16), party="okta"),
            Step(do=Verb.REMOVE, at=start + timedelta(hours=20), party="pingone"),
        ),
        hash="sha1",
    )
    lab = kit.lab_with(cutover, clock=start)
    permit = frozenset({Permission.SHA1, Permission.RSA1024})
    org = lab.parties[ORG]
    parties = {name: replace(party, permit=permit) for name, party in lab.parties.items()}
    parties[ORG] = replace(
        parties[ORG], certificates={**org.certificates, "proxy-2010.crt": old, "proxy-2011.crt": new}
    )
    lab = replace(lab, parties=parties)
    lab = _habits(lab, "pingone", match=Match.CERTIFICATE)
    lab = _habits(lab, "okta", match=Match.CERTIFICATE)
    return _habits(lab, "shib", match=Match.KEY, checks_expiry=Known.NO)
