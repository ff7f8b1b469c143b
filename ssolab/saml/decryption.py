"""Opening what is encrypted in a Response: its Assertion, the name in it, its attributes.

Nothing is opened in a message that is refused already, so that a forged one cannot ask questions of our private key.
What comes out is a document of its own that goes through the same door as every other; a signature around the
ciphertext, or one inside, has to vouch for it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity, Subject, Where
from ssolab.core.instants import format_instant
from ssolab.core.xmlenc import decrypt, not_opened
from ssolab.core.xmlencreasons import malformed_encryption
from ssolab.core.xmlreasons import duplicate_id
from ssolab.core.xmltree import SAML, where
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.messages import ENCRYPTED
from ssolab.saml.statements import ATTRIBUTE, ENCRYPTED_ATTRIBUTE
from ssolab.saml.subjects import ENCRYPTED_ID, NAME_ID, SUBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.core.findings import DecryptionFacts, Finding
    from ssolab.core.keys import Permission
    from ssolab.core.xmlenc import Decryption, DecryptionKey
    from ssolab.core.xmltree import Element
    from ssolab.saml.judging import Judged
    from ssolab.saml.materials import Expected, Materials

_ATTRIBUTES: Final = f"{{{SAML}}}AttributeStatement/{ENCRYPTED_ATTRIBUTE}"
_NAME: Final = f"{SUBJECT}/{ENCRYPTED_ID}"
MAX_PARTS: Final = 32
"""Encrypted names and attributes in one Assertion: each costs a private key operation, or several."""


@refusal(severity=Severity.WARNING, cites="SAML2MetaIOP 2.6.1")
def encryption_certificate_expired(certificate: Certificate, now: datetime, place: Where) -> Problem:
    """The certificate around the key that opened the content has expired.

    Trust is by key and not by date, so the content is read. A sender that looks at dates will refuse to encrypt for
    this certificate: publish a new one in our metadata, and keep the old key until every sender has changed.
    """
    return Problem(
        f"the encryption certificate {certificate.label} has expired",
        expected=f"a certificate that is valid at {format_instant(now)}",
        observed=f"valid until {format_instant(certificate.not_after)}",
        where=place,
        subject=Subject(spki_sha256=certificate.spki_sha256),
    )


@refusal(severity=Severity.INFO, cites="XMLEnc 6.1.3")
def left_encrypted(place: Where) -> Problem:
    """Something was not decrypted, because the message is refused in any case.

    A receiver that opens whatever it is sent answers questions about its private key. Settle the other findings first;
    then this is opened and judged as well.
    """
    return Problem("nothing is decrypted in a message that is refused already", where=place)


@refusal(severity=Severity.WARNING, cites="SAML2Core 2.7.3.2")
def attribute_encrypted(place: Where) -> Problem:
    """An attribute is encrypted, and no key to read it was given.

    The login goes on without it. Give the private key that belongs to the encryption certificate in our metadata.
    """
    return Problem("an attribute is encrypted", "a readable Attribute", "an EncryptedAttribute", place)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What came of the encrypted parts of one message, and what else is now known of them.

    `element` is what to read in the place of what was encrypted. `shells` says in which received element each decrypted
    one came, and `origins` which element each copied one was copied from: both are for naming places.
    """

    element: Element | None = None
    shells: Mapping[Element, Element] = field(default_factory=dict)
    origins: Mapping[Element, Element] = field(default_factory=dict)
    sealed: bool = True
    facts: tuple[DecryptionFacts, ...] = ()
    findings: tuple[Finding, ...] = ()


NOTHING: Final = Opened()


def decrypted_id(  # noqa: PLR0913  what is opened, with what, and how strictly
    element: Element,
    keys: Sequence[DecryptionKey],
    *,
    now: datetime,
    permit: frozenset[Permission] = frozenset(),
    recipient: str | None = None,
    document: str = "message",
) -> Decryption:
    """Open an EncryptedID that holds a NameID (SAML2Core 2.2.4).

    The caller has verified a signature over *element* before: nothing here vouches for the name.

    Raises:
        ConfigError: there is no key.
    """
    return decrypted(element, NAME_ID, keys, now=now, permit=permit, recipient=recipient, document=document)


def decrypted(  # noqa: PLR0913  what is opened, with what, and how strictly
    shell: Element,
    wanted: str,
    keys: Sequence[DecryptionKey],
    *,
    now: datetime,
    permit: frozenset[Permission] = frozenset(),
    recipient: str | None = None,
    document: str | None = None,
) -> Decryption:
    """Open an encrypted element of SAML, and remark that the certificate around the key has expired.

    Raises:
        ConfigError: there is no key.
    """
    done = decrypt(shell, keys, wanted=wanted, permit=permit, recipient=recipient, document=document)
    certificate = None if done.key is None else done.key.certificate
    if certificate is None or certificate.not_after >= now:
        return done
    expired = encryption_certificate_expired(certificate, now, where(shell, document))
    return replace(done, findings=(*done.findings, expired))


def open_assertion(root: Element, outer: Judged | None, expected: Expected, *, refused: bool) -> Opened:
    """Open the EncryptedAssertion that stands directly below a Response.

    What a signature over the Response covered is taken, where there is one; otherwise what was received.
    """
    received = root.find(ENCRYPTED)
    if received is None or not expected.decryption:
        return NOTHING
    place = where(received, expected.document)
    if refused or (outer is not None and not outer.held):
        return Opened(findings=(left_encrypted(place),))
    signed = None if outer is None else outer.signed
    shell = received if signed is None else signed.element.find(ENCRYPTED)
    if shell is None:  # the signature covers the whole Response, so it cannot lack what was received
        return NOTHING
    done = _opened(shell, ASSERTION, expected, place)
    if done.element is None:
        return Opened(findings=done.findings)
    return Opened(
        element=done.element,
        shells={done.element: received},
        sealed=done.sealed,
        facts=() if done.facts is None else (done.facts,),
        findings=(*done.findings, *_known_elsewhere(done.element, root, place)),
    )


def unproven(opened: Opened, outer: Judged | None, inner: Judged | None) -> bool:
    """Say whether content that anybody could have changed was opened without a signature that holds.

    With a CBC cipher, telling "opened, and wrong" from "not opened" is the oracle of Jager and Somorovsky.
    """
    vouched = any(each is not None and each.held for each in (outer, inner))
    return opened.element is not None and not opened.sealed and not vouched


def shut(opened: Opened, expected: Expected) -> Opened:
    """Take back what was opened: it is told as if it had not been."""
    shell = next(iter(opened.shells.values()))
    kept = (found for found in opened.findings if found.code == "weak-encryption")
    return Opened(findings=(*kept, not_opened(shell, expected.decryption, expected.document)))


def open_parts(message: Materials, expected: Expected, *, refused: bool) -> Opened:
    """Open the name and the attributes that are encrypted in an Assertion; the Assertion itself is not changed.

    The copy that comes back holds a NameID and Attributes in their places.
    """
    assertion = message.assertion
    found = [] if assertion is None else [*assertion.iterfind(_NAME), *assertion.iterfind(_ATTRIBUTES)]
    if assertion is None or not found:
        return NOTHING
    if not expected.decryption:
        hidden = (each for each in found[:MAX_PARTS] if each.tag == ENCRYPTED_ATTRIBUTE)
        return Opened(findings=tuple(attribute_encrypted(message.where(each)) for each in hidden))
    if refused:
        return Opened(findings=tuple(left_encrypted(message.where(each)) for each in found[:MAX_PARTS]))
    if len(found) > MAX_PARTS:
        problem, place = "too many encrypted parts in one Assertion", message.where(found[MAX_PARTS])
        return Opened(findings=(malformed_encryption(problem, place, f"at most {MAX_PARTS}", str(len(found))),))
    readable = copy.deepcopy(assertion)
    origins = dict(zip(readable.iter(), assertion.iter(), strict=True))
    copies = {original: copied for copied, original in origins.items()}
    shells: dict[Element, Element] = {}
    facts: list[DecryptionFacts] = []
    findings: list[Finding] = []
    for shell in found:
        wanted = NAME_ID if shell.tag == ENCRYPTED_ID else ATTRIBUTE
        done = _opened(shell, wanted, expected, message.where(shell))
        findings += done.findings
        copied = copies[shell]
        above = copied.getparent()
        if done.element is not None and above is not None:
            above.replace(copied, done.element)
            shells[done.element] = shell
        if done.facts is not None:
            facts.append(done.facts)
    return Opened(
        element=readable, shells=shells, origins=origins, facts=tuple(facts), findings=tuple(dict.fromkeys(findings))
    )


def within(findings: Iterable[Finding], opened: Opened, document: str) -> Iterator[Finding]:
    """Let findings about a decrypted document name the place in the message where it came from."""
    shell = next(iter(opened.shells.values()))
    return (_moved(found, "", where(shell, document)) for found in findings)


def _moved(found: Finding, own: str, place: Where) -> Finding:
    """Let a finding speak of *place* where it speaks of *own*; the lines of a decrypted document are nobody's."""
    path = "" if found.where is None else (found.where.path or "").removeprefix(own)
    return replace(found, where=replace(place, path=f"{place.path or ''}{path}"))


def _opened(shell: Element, wanted: str, expected: Expected, place: Where) -> Decryption:
    """Open one element with our keys; what is said of it names its *place* in the message."""
    done = decrypted(
        shell, wanted, expected.decryption, now=expected.now, permit=expected.permit, recipient=expected.audience
    )
    own = where(shell).path or ""
    findings = tuple(_moved(each, own, place) for each in done.findings)
    facts = None if done.facts is None else replace(done.facts, decrypted_element=place.path or "")
    return replace(done, findings=findings, facts=facts)


def _known_elsewhere(assertion: Element, root: Element, place: Where) -> Iterator[Finding]:
    """Report each ID of the decrypted document that the message around it uses as well."""
    around = {value for each in root.iter("*") for value in each.attrib.values()}
    for each in assertion.iter("*"):
        identifier = each.get("ID")
        if identifier is not None and identifier in around:
            yield duplicate_id(identifier, place)
