"""Whose sessions shall end: logout requests whose name fits only partly, is missing, or can be read in two ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import (
    added,
    find,
    named,
    put,
    reworded,
    without,
)
from ssolab.faults.saml.logout_requests import BOTH
from ssolab.faults.saml.texts import SUFFIX
from ssolab.saml.names import PERSISTENT

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_NAME: Final = "saml:NameID"
_UNKNOWN: Final = ("logout-name-unknown",)
_NOBODY: Final = ("logout-name-missing",)
_CITES: Final = "SAML2Core 3.3.4"


@fault("S-14", Nature.MISTAKE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, trips=_UNKNOWN, cites=_CITES)
def logout_of_somebody_who_is_not_here(root: Element, _kit: Kit) -> Element:
    """The logout request names somebody who has no session here.

    Its sender has to be told so, and nothing ends. The name has to be the one of the assertion.
    """
    return reworded(root, _NAME, f"{find(root, _NAME).text}{SUFFIX}")


@fault("S-14", Nature.MISTAKE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, trips=_UNKNOWN, cites=_CITES)
def logout_name_in_another_case(root: Element, _kit: Kit) -> Element:
    """The name in the logout request begins with a capital, that of the session does not.

    Names are compared character by character. A receiver that is generous ends the session of somebody whose name
    differs only in that.
    """
    return reworded(root, _NAME, (find(root, _NAME).text or "").capitalize())


@fault("S-14", Nature.ATTACK, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, trips=_UNKNOWN, cites=_CITES)
def logout_name_of_another_format(root: Element, _kit: Kit) -> Element:
    """The name in the logout request is that of the session, its Format is another one.

    A persistent identifier and an address of the same text may be two people. The whole name has to match, not its
    text alone.
    """
    return put(root, _NAME, Format=PERSISTENT)


@fault("S-14", Nature.MISTAKE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, trips=_UNKNOWN, cites=_CITES)
def logout_name_without_its_format(root: Element, _kit: Kit) -> Element:
    """The name in the logout request lacks the Format that it has in the assertion.

    Left out it means unspecified, which is another one. Its sender has to keep the name and to send it back
    unchanged.
    """
    return put(root, _NAME, Format=None)


@fault("S-14", Nature.ATTACK, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, trips=_UNKNOWN, cites=_CITES)
def logout_name_of_another_identity_provider(root: Element, _kit: Kit) -> Element:
    """The name in the logout request is qualified by another identity provider.

    Two identity providers may know two people by one name. The NameQualifier is part of the name.
    """
    return put(root, _NAME, NameQualifier=f"{find(root, _NAME).get('NameQualifier')}/other")


@fault("S-14", Nature.MISTAKE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, trips=_UNKNOWN, cites=_CITES)
def logout_name_without_its_sp_qualifier(root: Element, _kit: Kit) -> Element:
    """The name in the logout request lacks the SPNameQualifier that it has in the assertion.

    In an affiliation the same text names other people for other service providers. It is part of the name.
    """
    return put(root, _NAME, SPNameQualifier=None)


@fault("S-14", Nature.MISTAKE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, trips=_UNKNOWN, cites=_CITES)
def logout_name_with_a_provided_id(root: Element, _kit: Kit) -> Element:
    """The name in the logout request has an SPProvidedID that it did not have in the assertion.

    It is part of the name as well. Its sender has to keep the name and to send it back unchanged.
    """
    return put(root, _NAME, SPProvidedID="42")


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=_NOBODY,
    cites="SAML2Core 3.7.1",
)
def no_name_in_the_logout_request(root: Element, _kit: Kit) -> Element:
    """The logout request names nobody.

    A receiver that takes that for everybody would end all sessions at once.
    """
    return without(root, _NAME)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("logout-name-missing", "logout-name-unknown"),
    cites="SAML2Core 2.2.3",
)
def empty_name_in_the_logout_request(root: Element, _kit: Kit) -> Element:
    """The name in the logout request is empty, and nobody has a session without a name.

    The user lacks the attribute that its sender maps to the name. An empty name is nobody's, so nothing ends.
    """
    return reworded(root, _NAME, " ")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=_NOBODY,
    cites="SAML2Core 3.7.1",
)
def two_kinds_of_name_in_the_logout_request(root: Element, _kit: Kit) -> Element:
    """The logout request has a BaseID beside the NameID.

    Two readers could end the sessions of two people. One name is allowed, in one of its forms.
    """
    find(root, _NAME).addprevious(etree.Element(named("saml:BaseID")))
    return root


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("element-repeated", "logout-name-missing"),
    cites="SAML2Core 3.7.1",
)
def two_names_in_the_logout_request(root: Element, _kit: Kit) -> Element:
    """The logout request has two NameIDs, of which the first has a session here.

    Two readers could end the sessions of two people. One name is allowed, in one of its forms.
    """
    return added(root, ".", "saml:NameID", "somebody-else@greenmoor.org")


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=_NOBODY,
    cites="SAML2Core 3.7.1",
)
def encrypted_name_in_the_logout_request(root: Element, _kit: Kit) -> Element:
    """The logout request has an EncryptedID in place of the name.

    Nobody here can read it, so nobody knows whose sessions shall end.
    """
    find(root, _NAME).tag = named("saml:EncryptedID")
    return root


@fault(
    "T-01",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("name-id-not-whole",),
    cites="CVE-2017-11427",
)
def comment_in_the_name_to_log_out(root: Element, _kit: Kit) -> Element:
    """A comment cuts the name in the logout request in two, which is a known one once it is joined.

    A reader that stops at the comment ends the session of somebody else. No honest sender writes a comment there.
    """
    name = find(root, _NAME)
    text = name.text or ""
    comment = etree.Comment("")
    name.text, comment.tail = text[:5], text[5:]
    name.append(comment)
    return root
