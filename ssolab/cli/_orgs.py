"""An org of Salesforce on the command line: the switches for what it is not known to do, and how `serve` plays it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ssolab.core.findings import ConfigError
from ssolab.salesforce.switches import CLOCK_ALLOWANCE, SWITCHES, set_switches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssolab.cutover.habits import Habits
    from ssolab.cutover.model import Inventory, Link
    from ssolab.salesforce.org import Org
    from ssolab.salesforce.switches import Switches
    from ssolab.saml.parties import AssertingParty, RelyingParty, SignedParts
    from ssolab.saml.publishing import Flavour
    from ssolab.web.lab import Play


def _help() -> str:
    words = [f"{each.name}={'|'.join(filter(None, each.words)) or 'SECONDS'} ({each.usual})" for each in SWITCHES]
    return (
        "How an org behaves as service provider where that is not known: "
        f"{', '.join(words)}; in brackets the default. May be given several times; also `switches` of the party."
    )


def switch_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that sets switches."""
    return click.option("--switch", "switches", multiple=True, metavar="NAME=VALUE", help=_help())(command)


def set_by_option(org: Org, given: Iterable[str]) -> Org:
    """Set what the command line says of the switches, over what the lab file says.

    Raises:
        ConfigError: a value is no NAME=VALUE, or there is no such switch.
    """
    pairs = []
    for each in given:
        name, equals, word = each.partition("=")
        if not equals:
            raise ConfigError("--switch", f"{each[:80]!r} has no value", "write NAME=VALUE, such as clock=480000ms")
        pairs.append((name.strip(), word.strip()))
    return replace(org, switches=set_switches(pairs, org.switches, called="--switch"))


def played(
    inventory: Inventory,
    link: Link,
    sides: tuple[AssertingParty, RelyingParty],
    *,
    switches: Iterable[str] = (),
    sign: SignedParts | None = None,
) -> Play:
    """Let the sides of a link behave in their flavours; what is an org, as its project files and switches say.

    As service provider an org has one configuration for its identity provider: how its requests travel and what is
    hashed under them. As identity provider it signs Response and Assertion, as the one real sample does, unless told
    otherwise.

    Raises:
        ConfigError: a switch is not known.
    """
    from ssolab.cutover.staging import asserting_party, relying_party
    from ssolab.web.lab import Play

    relying_by = relying_party(inventory, link)
    org = _settled(set_by_option(relying_by.org, switches), relying_by.habits)
    asserting, relying = flavoured(inventory, sides, sign=sign)
    if relying.flavour == "salesforce":
        relying = _configured(_switched(relying, org.switches), org)
    return Play(
        link=link.id,
        flow=link.flow,
        asserting=asserting,
        relying=relying,
        asserting_org=asserting_party(inventory, link).org,
        relying_org=org,
    )


def flavoured(
    inventory: Inventory, sides: tuple[AssertingParty, RelyingParty], *, sign: SignedParts | None = None
) -> tuple[AssertingParty, RelyingParty]:
    """Let two sides behave in the flavours that the lab says, and the identity provider sign what its flavour does."""
    asserting, relying = sides
    asserting = replace(asserting, flavour=_flavour(inventory, "asserting", asserting))
    relying = replace(relying, flavour=_flavour(inventory, "relying", relying))
    usual = "both" if asserting.flavour == "salesforce" else asserting.sign
    return replace(asserting, sign=sign or usual), relying


def _flavour(inventory: Inventory, side: str, party: AssertingParty | RelyingParty) -> Flavour:
    """Give the flavour in which a side is served: what the lab settings say of that side, else the party's own."""
    said = inventory.flavours.get(side)
    return party.flavour if said is None else "salesforce" if said == "salesforce" else "generic"


def _settled(org: Org, habits: Habits) -> Org:
    """Take over from the party's habits what somebody said of clock and expiry, where no switch says it."""
    from ssolab.cutover.habits import Habits, Known

    switches = org.switches
    if switches.clock is None and habits.skew != Habits().skew:
        switches = replace(switches, clock=habits.skew)
    if switches.expiry is None and habits.checks_expiry is not Known.UNKNOWN:
        switches = replace(switches, expiry=habits.checks_expiry is Known.YES)
    return replace(org, switches=switches)


def _switched(relying: RelyingParty, switches: Switches) -> RelyingParty:
    """Lay the switches over the settings; that an org takes SHA-1 under an assertion is documented, so it is none."""
    from ssolab.core.keys import Permission

    return replace(
        relying,
        skew=CLOCK_ALLOWANCE if switches.clock is None else switches.clock,
        checks_expiry=switches.expiry is True,
        permit=relying.permit | {Permission.SHA1},
    )


def _configured(relying: RelyingParty, org: Org) -> RelyingParty:
    from ssolab.saml.names import POST, REDIRECT

    config = org.config_for(relying.asserting)
    if config is None:
        return relying
    binding = relying.binding if config.redirect_binding is None else REDIRECT if config.redirect_binding else POST
    reachable = any(each.binding == binding for each in relying.sso)
    return replace(relying, binding=binding if reachable else relying.binding, hash=config.request_hash)
