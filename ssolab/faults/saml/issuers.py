"""Who says it: several trusted partners, one of which speaks for another, and names that two of them both give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.core.keys import TrustedKey
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import find, reworded
from ssolab.faults.saml.own_key import held_as_key_of
from ssolab.faults.saml.styles import ANYHOW

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit, Sealing

PARTNER: Final = "https://another-partner.example/idp"
"""The entityID of an identity provider that the receiver trusts as well."""
_OUTER: Final = "saml:Issuer"
_INNER: Final = "saml:Assertion/saml:Issuer"


def _own_key(kit: Kit) -> tuple[TrustedKey, ...]:
    """Trust the sender's key, and leave open for whom it speaks."""
    return (TrustedKey.of(kit.own.certificate),)


def _both_partners(kit: Kit) -> tuple[TrustedKey, ...]:
    """Trust the sender, and the stranger as the other partner."""
    return (*_own_key(kit), TrustedKey.of(kit.foreign.certificate, holder=PARTNER))


def _said_by(root: Element, issuer: str) -> Element:
    return reworded(reworded(root, _OUTER, issuer), _INNER, issuer)


@fault(
    "S-07",
    Nature.ATTACK,
    Stage.SEAL,
    signs=ANYHOW,
    receiver={"trusted": _both_partners},
    trips=("issuer-not-key-holder",),
    cites="SAML2MetaIOP 2.6.1",
)
def signed_by_another_trusted_partner(sealing: Sealing, kit: Kit) -> Sealing:
    """Another partner, which the receiver trusts as well, signs in the name of this one.

    Its key is trusted, and speaks for that partner alone. A receiver with one heap of keys lets any partner log in the
    users of every other.
    """
    return replace(sealing, credential=kit.foreign)


@fault(
    "S-07",
    Nature.ATTACK,
    Stage.TREE,
    signs=ANYHOW,
    receiver={"trusted": held_as_key_of(PARTNER)},
    trips=("issuer-mismatch",),
    cites="SAML2Prof 4.1.4.3",
)
def login_at_another_partner(root: Element, _kit: Kit) -> Element:
    """The answer comes from another partner than the login was begun with.

    Message, key and issuer are that partner's, and agree. The login was to be at this one, so its answer is awaited.
    """
    return _said_by(root, PARTNER)


@fault(
    "S-07",
    Nature.MISTAKE,
    Stage.TREE,
    signs=ANYHOW,
    trips=("issuer-mismatch", "issuer-not-key-holder"),
    cites="SAML2Core 2.2.5",
    lax=True,
)
def issuer_that_nobody_knows(root: Element, _kit: Kit) -> Element:
    """The message names an issuer that the receiver does not know.

    The identity provider was given a new entityID, or one side's settings have a slip of the pen. Load its current
    metadata.
    """
    return _said_by(root, "https://nobody-knows.example/saml")


@fault(
    "S-07",
    Nature.MISTAKE,
    Stage.TREE,
    signs=ANYHOW,
    trips=("issuer-mismatch", "issuer-not-key-holder"),
    cites="SAML2Core 2.2.5",
    lax=True,
)
def issuer_with_a_stroke_at_its_end(root: Element, _kit: Kit) -> Element:
    """The issuer is the right one, but for a slash at its end.

    An entityID is compared letter by letter. What a web server takes for one address are two parties here.
    """
    return _said_by(root, f"{find(root, _INNER).text}/")


@fault(
    "S-07",
    Nature.ATTACK,
    Stage.TREE,
    signs=ANYHOW,
    trips=("issuer-mismatch", "issuer-not-key-holder", "issuers-differ"),
    cites="SAML2Prof 4.1.4.2",
    lax=True,
)
def response_of_another_issuer(root: Element, _kit: Kit) -> Element:
    """The Response names another issuer than the Assertion in it.

    The Assertion was put into somebody else's message. Both have to name the party that was asked.
    """
    return reworded(root, _OUTER, PARTNER)


@fault(
    "S-07",
    Nature.ATTACK,
    Stage.TREE,
    signs=ANYHOW,
    receiver={"issuer": None, "trusted": _own_key},
    trips=("issuers-differ",),
    cites="SAML2Prof 4.1.4.2",
)
def two_issuers_where_any_is_welcome(root: Element, _kit: Kit) -> Element:
    """The Response names another issuer than the Assertion in it, and the receiver takes messages of anybody it trusts.

    Whichever of the two it goes by, it may be the wrong one. One party makes both, so they have to agree whoever it is
    that is welcome.
    """
    return reworded(root, _OUTER, PARTNER)


@fault(
    "S-16",
    Nature.LEGITIMATE,
    Stage.TREE,
    signs=ANYHOW,
    receiver={"issuer": None, "trusted": held_as_key_of(PARTNER)},
    cites="SAML2Core 8.3",
)
def same_name_from_another_partner(root: Element, _kit: Kit) -> Element:
    """Another partner logs in somebody of its own, whose name is that of a user of this one.

    Two partners may give one name to two people. The login is good, and its identity is issuer and name together: a
    receiver that looks up the name alone lets one partner's users in as the other's.
    """
    return _said_by(root, PARTNER)
