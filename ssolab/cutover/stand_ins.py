"""A pair of SAML for a lab whose file has none: two parties of the lab's own that trust each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.keys import TrustedKey
from ssolab.saml.parties import AssertingParty, RelyingParty

if TYPE_CHECKING:
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Party


def stand_in_pair(asserting_by: Party, relying_by: Party, cast: Cast) -> tuple[AssertingParty, RelyingParty]:
    """Let two parties that speak no SAML do so, under names that nobody else has and with keys of the lab's own.

    They have no addresses yet; whoever serves them gives them some.
    """
    idp, sp = (f"https://{party.id}.invalid/saml" for party in (asserting_by, relying_by))
    signing = {name: cast.made_for(name, "signing") for name in (idp, sp)}
    trusted = {
        name: (TrustedKey.of(own.certificate, holder=name, source="the lab's own making", use="signing"),)
        for name, own in signing.items()
    }
    return (
        AssertingParty(entity_id=idp, credential=signing[idp], trusted=trusted[sp], sso=(), relying=sp, acs=()),
        RelyingParty(entity_id=sp, credential=signing[sp], trusted=trusted[idp], acs=(), asserting=idp, sso=()),
    )
