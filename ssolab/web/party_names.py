"""Finding a party by whatever it is called: its role, its name in the protocol, or its id in the lab file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.unwelcome import unknown_party
from ssolab.web.holders import Holder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.web.lab import Lab


def holder_named(lab: Lab, name: str) -> Holder:
    """Find a party by its role, its entityID, issuer or client_id, or its id in the lab file.

    Raises:
        InputError: there is none of that name.
    """
    called = list(_names(lab))
    for known, holder in called:
        if known == name:
            return holder
    raise unknown_party(name, dict.fromkeys(known for known, _ in called))


def _names(lab: Lab) -> Iterator[tuple[str, Holder]]:
    """Give every name of every party; of two parties of one name the first is meant."""
    yield from ((each.value, each) for each in Holder)
    asserting, relying = lab.pair
    yield asserting.entity_id, Holder.ASSERTING
    yield relying.entity_id, Holder.RELYING
    yield lab.openid.provider.issuer, Holder.PROVIDER
    yield lab.openid_rp.client.client_id, Holder.CLIENT
    yield from ((name, Holder(role)) for name, role in lab.play.called.items())
    for held in lab.origins:
        if held.origin.entity_id == asserting.entity_id:
            yield held.origin.party, Holder.ASSERTING
        elif held.origin.entity_id == relying.entity_id:
            yield held.origin.party, Holder.RELYING
