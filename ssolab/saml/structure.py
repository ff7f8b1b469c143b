"""The shape that a Response must have before anything is read: one Assertion, and signatures only where they belong.

Every signature wrapping attack hides a second assertion or a second signature somewhere in the message. So the whole
tree is searched, as it was received, and what stands in an odd place refuses the message. These checks cannot be
waived.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem
from ssolab.core.xmlreasons import signature_missing
from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import PREFIXES, SAMLP, local_name, where
from ssolab.saml.artifact import ARTIFACT_RESOLVE, ARTIFACT_RESPONSE
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.logout import LOGOUT_REQUEST, LOGOUT_RESPONSE
from ssolab.saml.messages import AUTHN_REQUEST, ENCRYPTED, RESPONSE
from ssolab.saml.names import SUCCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import Finding
    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import WantSigned


def _names(prefixed: str) -> frozenset[str]:
    """Expand names written with the usual prefixes."""
    namespaces = {prefix: namespace for namespace, prefix in PREFIXES.items()}
    pairs = (each.split(":") for each in prefixed.split())
    return frozenset(f"{{{namespaces[prefix]}}}{name}" for prefix, name in pairs)


_CHILDREN = {
    RESPONSE: _names("saml:Issuer ds:Signature samlp:Extensions samlp:Status saml:Assertion saml:EncryptedAssertion"),
    ASSERTION: _names(
        "saml:Issuer ds:Signature saml:Subject saml:Conditions saml:Advice saml:Statement saml:AuthnStatement"
        " saml:AuthzDecisionStatement saml:AttributeStatement"
    ),
    AUTHN_REQUEST: _names(
        "saml:Issuer ds:Signature samlp:Extensions saml:Subject samlp:NameIDPolicy saml:Conditions"
        " samlp:RequestedAuthnContext samlp:Scoping"
    ),
    LOGOUT_REQUEST: _names(
        "saml:Issuer ds:Signature samlp:Extensions saml:BaseID saml:NameID saml:EncryptedID samlp:SessionIndex"
    ),
    LOGOUT_RESPONSE: _names("saml:Issuer ds:Signature samlp:Extensions samlp:Status"),
    ARTIFACT_RESOLVE: _names("saml:Issuer ds:Signature samlp:Extensions samlp:Artifact"),
    ARTIFACT_RESPONSE: _names("saml:Issuer ds:Signature samlp:Extensions samlp:Status"),  # without its message
}
_STATUS_CODE = f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode"


def signature_in(element: Element | None) -> Element | None:
    """Give the signature that stands where an enveloped one does."""
    return None if element is None else element.find(SIGNATURE)


@check(cites="SAML2Prof 4.1.4.2")
def assertion_missing(response: Element, document: str) -> Iterator[Problem]:
    """The Response says Success and holds no Assertion.

    There is nobody in it to log in. Look at the message before it was sent: a filter or an attack took the Assertion
    out.
    """
    code = response.find(_STATUS_CODE)
    success = code is not None and code.get("Value") == SUCCESS
    if success and response.find(ASSERTION) is None and response.find(ENCRYPTED) is None:
        yield Problem(
            "the Response holds no Assertion",
            expected="one Assertion",
            observed="none",
            where=where(response, document),
        )


@check(cites="SAML2Prof 4.1.4.2")
def assertion_encrypted(response: Element, document: str) -> Iterator[Problem]:
    """The Assertion is encrypted, and no key to read it was given.

    Encryption hides who is meant, so nothing of it can be judged. Give the private key that belongs to the encryption
    certificate in the service provider's metadata (`--decrypt`), or have the identity provider send the Assertion in
    the clear for this test.
    """
    for each in response.iter(ENCRYPTED):
        yield Problem(
            "the Assertion is encrypted",
            expected="a readable Assertion",
            observed="an EncryptedAssertion",
            where=where(each, document),
        )


@check(cites="CVE-2022-41912")
def assertion_extra(response: Element, document: str) -> Iterator[Problem]:
    """The message holds a second Assertion, or one in an odd place.

    One Assertion directly below the Response is all that a login needs. One more, be it in Advice, Extensions or a
    signature's Object, is how signature wrapping attacks make two readers see two different users. Have an honest
    identity provider send one alone; treat any other such message as an attack.
    """
    proper = response if response.tag == ASSERTION else next(response.iterchildren(ASSERTION, ENCRYPTED), None)
    for each in response.iter(ASSERTION, ENCRYPTED):
        if each is not proper:
            yield Problem(
                "an Assertion that must not be there",
                expected="one Assertion, a child of the Response",
                observed=f"ID {each.get('ID', 'missing')}",
                where=where(each, document),
            )


@check(cites="SAML2Core 3.3.3")
def response_nested(response: Element, document: str) -> Iterator[Problem]:
    """A second Response stands inside the first.

    No profile allows that, and signature wrapping attacks keep the signed original there. Treat the message as an
    attack.
    """
    for each in response.iterdescendants(RESPONSE):
        yield Problem(
            "a Response inside the Response",
            expected="one Response",
            observed=f"ID {each.get('ID', 'missing')}",
            where=where(each, document),
        )


@check(cites="SAML2Core 5.4.1")
def stray_signature(root: Element, document: str) -> Iterator[Problem]:
    """A signature stands where SAML has none.

    Signatures belong directly below the message or below its Assertion, one each. One in another place signs
    something that nobody reads, and makes a forged message look signed. If the sender did not put it there, treat the
    message as an attack.
    """
    proper = [signature_in(each) for each in (root, root.find(ASSERTION) if root.tag == RESPONSE else None)]
    for each in root.iter(SIGNATURE):
        if not any(each is one for one in proper):
            parent = each.getparent()
            yield Problem(
                "a Signature that must not be there",
                expected="at most one Signature, directly below the message or its Assertion",
                observed=None if parent is None else f"a Signature below {local_name(parent)}",
                where=where(each, document),
            )


@check(cites="SAML2Core 3.2.2")
def element_unexpected(root: Element, document: str) -> Iterator[Problem]:
    """An element stands directly below the message or its Assertion that the schema does not allow there.

    A Signature whose namespace is off by one letter looks like this: it would count as no signature at all. Have the
    sender put additions into Extensions or Advice.
    """
    for parent in (root, root.find(ASSERTION)):
        allowed = _CHILDREN.get("" if parent is None else parent.tag)
        if parent is None or allowed is None:
            continue
        for each in parent.iterchildren("*"):
            if each.tag not in allowed:
                yield Problem(
                    f"{local_name(parent)} must not hold this element",
                    expected="only what the schema allows",
                    observed=str(each.tag),
                    where=where(each, document),
                )


def missing_signatures(
    response: Element, assertion: Element | None, want: WantSigned, document: str, *, covered: bool = False
) -> Iterator[Finding]:
    """Report each wanted signature that is not there; of an *assertion* that stayed encrypted nothing is known.

    Where the Response is *covered*, the signature around it is its own.
    """
    outer, inner = covered or signature_in(response) is not None, signature_in(assertion)
    hidden = assertion is None and response.find(ENCRYPTED) is not None
    if want == "either" and not outer and inner is None and not hidden:
        yield unsigned(response, "a signed Response or a signed Assertion", document)
    if want in {"response", "both"} and not outer:
        yield unsigned(response, "a signed Response", document)
    if want in {"assertion", "both"} and inner is None and not hidden:
        yield unsigned(response if assertion is None else assertion, "a signed Assertion", document)


def unsigned(element: Element, wanted: str, document: str) -> Finding:
    """Report that an element has no signature although one is wanted."""
    return replace(signature_missing(local_name(element), where(element, document)), expected=wanted)
