"""Texts that are harmless in XML and dangerous where they are shown: scripts for pages, control characters for logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import find, reworded

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

SCRIPT: Final = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
_AUDIENCE: Final = "saml:Assertion/saml:Conditions/saml:AudienceRestriction/saml:Audience"


@fault("O-03", Nature.ATTACK, Stage.TREE, trips=("audience-mismatch",), cites="CWE-79")
def script_in_the_audience(root: Element, _kit: Kit) -> Element:
    """The audience is a script that would run on a page which shows it as it is.

    It is refused as any other wrong audience; the page that says so must show it as text.
    """
    return reworded(root, _AUDIENCE, SCRIPT)


@fault("O-03", Nature.ATTACK, Stage.TREE, trips=("issuer-mismatch", "issuer-not-key-holder"), cites="CWE-79")
def script_in_the_issuers(root: Element, _kit: Kit) -> Element:
    """Both Issuers are a script that would run on a page which shows them as they are.

    They are refused as any other wrong issuer; the page that says so must show them as text.
    """
    for path in ("saml:Issuer", "saml:Assertion/saml:Issuer"):
        reworded(root, path, SCRIPT)
    return root


@fault("O-03", Nature.LEGITIMATE, Stage.TREE, cites="CWE-79")
def script_in_an_attribute(root: Element, _kit: Kit) -> Element:
    """An attribute of the user is a script that would run on a page which shows it as it is.

    The identity provider vouches for it, so the login is good; the page after it must show it as text.
    """
    find(root, "saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue").text = SCRIPT
    return root


@fault("O-01", Nature.ATTACK, Stage.TREE, trips=("issuer-mismatch", "issuer-not-key-holder"), cites="CWE-117")
def control_characters_in_the_issuers(root: Element, _kit: Kit) -> Element:
    """Both Issuers hold a control sequence for terminals and a line break.

    They are refused as any other wrong issuer; a terminal or a log that says so must show them and never obey them.
    """
    for path in ("saml:Issuer", "saml:Assertion/saml:Issuer"):
        reworded(root, path, "https://idp.example\x9b2J\n2027-01-04 accepted: admin")
    return root
