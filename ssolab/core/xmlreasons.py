"""Why the shape of an XML signature is refused: its catalog entries, and nothing but their words.

They stand apart from the procedures that find them, so that those read without interruption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem
from ssolab.core.keyreasons import excerpt, permitted_severity

if TYPE_CHECKING:
    from ssolab.core.findings import Where


@refusal(cites="SAML2Core 5.4.1")
def signature_missing(element: str, place: Where) -> Problem:
    """There is no signature where one is needed.

    A signature counts only as a direct child of the element that it signs. Let the sender sign this element, or verify
    the element that it does sign. A redirect carries its signature beside the message, in the address: verify the whole
    address then, and not the XML alone.
    """
    return Problem(f"{element} holds no ds:Signature", "one ds:Signature", "none", place)


@refusal(cites="SAML2Core 5.4.1")
def several_signatures(count: int, place: Where) -> Problem:
    """One element holds more than one signature.

    A verifier and a reader could then speak of different ones, so none is judged. The sender must sign the element
    once.
    """
    return Problem("the element holds several ds:Signature children", "1", str(count), place)


@refusal(cites="SAML2Core 2.3.3")
def misplaced_signature(element: str, place: Where) -> Problem:
    """The signature does not stand where the schema puts it.

    It comes directly after the Issuer, and first where there is no Issuer. Elsewhere a forger has moved it, or a
    library appended it; let the sender put it in its place.
    """
    return Problem(f"ds:Signature is not where {element} has its signature", "after saml:Issuer, or first", None, place)


@refusal(cites="SAML2Core 1.3")
def document_type_present(place: Where) -> Problem:
    """The document declares a document type.

    Entities and default attributes make two parsers see two documents. SAML needs none: remove the DOCTYPE.
    """
    return Problem("the document has a DOCTYPE", "no document type", None, place)


@refusal(cites="XMLDSig 4.2")
def malformed_signature(
    problem: str, place: Where, expected: str | None = None, observed: str | None = None
) -> Problem:
    """The signature is not built as the one shape that we accept.

    Each part must be there once and in order: SignedInfo, SignatureValue, KeyInfo; CanonicalizationMethod,
    SignatureMethod, Reference; Transforms, DigestMethod, DigestValue. Let a current library write the signature.
    """
    return Problem(problem, expected, None if observed is None else excerpt(observed) or "nothing", place)


@refusal(cites="XMLDSig 4.6")
def object_in_signature(place: Where) -> Problem:
    """The signature carries an Object.

    Whatever stands in it drops out of the digest, which makes it the favourite hiding place of forged or stolen
    assertions. SAML has no use for it; nothing may stand there.
    """
    return Problem("a ds:Object stands in the signature", "no ds:Object", None, place)


@refusal(cites="XMLDSig 4.2")
def comment_in_signature(what: str, place: Where) -> Problem:
    """A comment or processing instruction stands inside the signature.

    Canonicalisation drops comments, so one that splits a digest is read differently by different readers. No library
    writes one; treat the message as manipulated.
    """
    return Problem("something stands in the signature that readers may skip", "elements and text only", what, place)


@refusal(cites="SAML2Core 5.4.2")
def several_references(count: int, place: Where) -> Problem:
    """The signature refers to more than one thing.

    SAML allows a single Reference, to the element that holds the signature. With several, one may be checked and
    another believed; let the sender sign each element by itself.
    """
    return Problem("SignedInfo holds several ds:Reference", "1", str(count), place)


@refusal(cites="SAML2Core 5.4.2")
def reference_not_to_parent(uri: str | None, identifier: str | None, place: Where) -> Problem:
    """The signature is not over the element that holds it.

    The Reference must name the ID of that element. Anything else (the whole document, another element, an address)
    means that what is read is not what was signed; nothing is ever fetched.
    """
    expected = f"#{identifier}" if identifier else "# and the ID of the element"
    return Problem("the Reference does not name the element that holds the signature", expected, excerpt(uri), place)


@refusal(cites="SAML2Core 1.3.4")
def missing_id(element: str, identifier: str | None, place: Where) -> Problem:
    """The signed element has no usable ID.

    A SAML signature refers to the un-namespaced ID attribute of its element. Let the sender write one of letters,
    digits, underscore, hyphen and full stop.
    """
    return Problem(f"{element} has no ID that a Reference can name", "an ID attribute", excerpt(identifier), place)


@refusal(cites="SAML2Core 1.3.4")
def duplicate_id(identifier: str, place: Where) -> Problem:
    """The ID of the signed element stands a second time in the document.

    A verifier that resolves the Reference to one of them and a reader that takes the other is signature wrapping. Any
    attribute of that value counts, whatever its name, but for the SessionIndex of an AuthnStatement, which Microsoft's
    identity providers fill so.
    """
    return Problem("another attribute has the ID of the signed element", "a unique ID", excerpt(identifier), place)


@refusal(cites="SAML2Core 5.4.4")
def missing_enveloped_transform(place: Where) -> Problem:
    """The Reference does not leave the signature out of what it signs.

    A signature inside its own element needs the enveloped-signature transform, once and first. Let the sender's library
    add it.
    """
    return Problem("the enveloped-signature transform is missing", "enveloped-signature first", None, place)


@refusal(cites="SAML2Core 5.4.4")
def forbidden_transform(what: str | None, place: Where) -> Problem:
    """A transform is not one of the two that SAML allows.

    Only enveloped-signature, then exclusive canonicalisation, are accepted, in this order and once each. Others (XSLT,
    XPath, base64) can drop the signed content before it is digested; they are refused and never run.
    """
    return Problem("a transform is not allowed", "enveloped-signature, then exclusive c14n", excerpt(what), place)


@refusal(cites="SAML2Core 5.4.3")
def forbidden_canonicalisation(uri: str | None, place: Where) -> Problem:
    """The canonicalisation method is not exclusive canonicalisation.

    Forms with comments, version 1.1 and unknown ones are refused. Let the sender use
    http://www.w3.org/2001/10/xml-exc-c14n#.
    """
    return Problem(
        "the canonicalisation is not allowed", "http://www.w3.org/2001/10/xml-exc-c14n#", excerpt(uri), place
    )


@refusal(cites="SAML2Core 5.4.3")
def inclusive_canonicalisation(place: Where, *, permitted: bool) -> Problem:
    """The signature uses inclusive canonicalisation.

    It mixes the namespaces of the surrounding message into what is signed, so an assertion breaks when it is moved. It
    is refused unless the permission inclusive-c14n is given; better, let the sender use exclusive canonicalisation.
    """
    problem = "inclusive canonicalisation is used" + (" (permitted)" if permitted else "")
    return Problem(problem, "exclusive canonicalisation", None, place, severity=permitted_severity(permitted))


@refusal(cites="XMLDSig 4.4.1")
def relative_namespace(uri: str | None, place: Where) -> Problem:
    """A namespace in the signed element is a relative URI.

    Canonicalisation is undefined for it, and verifiers that go on all the same digest nothing at all. Let the sender
    use absolute namespace names.
    """
    return Problem("the canonical form is undefined: a namespace is relative", "absolute URIs", excerpt(uri), place)


@refusal(cites="XMLDSig 4.4.1")
def undefined_canonical_form(problem: str, place: Where) -> Problem:
    """What would have been digested is empty or cannot be written.

    A digest of nothing fits every message that fails in the same way, so it proves nothing. Let the sender sign a
    well-formed element.
    """
    return Problem(f"there is no canonical form to digest: {excerpt(problem)}", "the signed element", None, place)


@refusal(cites="XMLDSig 4.3")
def malformed_base64(element: str, place: Where | None) -> Problem:
    """A value that must be base64 is not.

    After white space is removed, only the base64 alphabet and correct padding are accepted, so that everybody reads the
    same bytes. The message was damaged on its way, often by a line-wrapping or URL-decoding step.
    """
    return Problem(f"{element} is not base64", "base64", None, place)


@refusal(cites="XMLDSig 3.2.1")
def digest_mismatch(problem: str, expected: str, observed: str, place: Where) -> Problem:
    """The signed element was changed after it was signed.

    The digest of what arrived is not the digest that was signed. The finding shows what was digested, and names the
    usual harmless causes (reformatted, line ends, comments) where one of them would explain it. Let the message travel
    as the bytes that were signed.
    """
    return Problem(problem, expected, observed, place)
