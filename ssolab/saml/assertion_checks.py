"""Checks of what an Assertion says: about whom, for whom, under which conditions, and whether its text is whole."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from lxml import etree

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.xmltree import SAML
from ssolab.saml.assertions import KNOWN_CONDITIONS
from ssolab.saml.materials import address_of, every, only, text_of
from ssolab.saml.message_checks import name_of
from ssolab.saml.subjects import NAME_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expected, Materials


@check(cites="SAML2Core 2.5.1.4")
def audience_mismatch(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The assertion was not issued for this service provider.

    Our entityID has to be named in every AudienceRestriction, and there has to be one; it is compared character by
    character. Put the same entityID into the identity provider's settings (Salesforce calls it Entity ID, others
    Audience).
    """
    if expected.audience is None or message.conditions is None:
        return
    restrictions = list(every(message.conditions, SAML, "AudienceRestriction"))
    if not restrictions:
        yield Problem(
            "the assertion is for nobody in particular",
            expected=f"an AudienceRestriction with {expected.audience}",
            observed="no AudienceRestriction",
            where=message.where(message.conditions),
        )
    for restriction in restrictions:
        audiences = [address_of(each) for each in every(restriction, SAML, "Audience")]
        if expected.audience not in audiences:
            yield Problem(
                "the assertion was issued for somebody else",
                expected=expected.audience,
                observed=", ".join(audiences) or "no Audience",
                where=message.where(restriction),
            )


@check(cites="SAML2Prof 4.1.4.2")
def conditions_missing(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """The assertion has no Conditions.

    Without them it is bound to no service provider and to no time. The web browser profile demands them; have the
    identity provider add them.
    """
    if message.assertion is not None and message.conditions is None:
        yield Problem("the Assertion has no Conditions", where=message.where(message.assertion))


@check(cites="SAML2Core 2.5.1.1")
def condition_unknown(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """The assertion sets a condition that is not understood here.

    An assertion with a condition that its receiver cannot judge is not valid for that receiver, so it is refused.
    Have the identity provider leave the condition out for this partner.
    """
    for each in message.conditions if message.conditions is not None else ():
        if isinstance(each.tag, str) and each.tag not in KNOWN_CONDITIONS:
            yield Problem(
                "a condition that is not understood",
                expected="AudienceRestriction, OneTimeUse or ProxyRestriction",
                observed=str(each.tag),
                where=message.where(each),
            )


@check(cites="SAML2Prof 4.1.4.2")
def authn_statement_missing(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """The assertion does not say that anybody logged in.

    A login needs an AuthnStatement; an assertion with attributes alone answers another kind of question. Have the
    identity provider issue for web browser single sign-on.
    """
    if message.assertion is not None and not message.statements:
        yield Problem("the Assertion has no AuthnStatement", where=message.where(message.assertion))


@check(cites="SAML2Core 2.4.1")
def name_id_missing(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The assertion names nobody.

    A login needs a NameID with text in it. Map a user attribute to it at the identity provider, and see that this
    user's is filled. An EncryptedID can only be read with the private key that it was encrypted for: give that key.
    """
    if message.assertion is None or (message.name_id is not None and text_of(message.name_id).strip()):
        return
    encrypted = only(message.subject, SAML, "EncryptedID")
    if encrypted is not None and expected.decryption:
        return  # it was left shut, or could not be opened, and that refuses already
    yield Problem(
        "the Assertion names nobody",
        expected="a NameID with text",
        observed="an EncryptedID"
        if encrypted is not None
        else "no NameID"
        if message.name_id is None
        else "an empty NameID",
        where=message.where(
            next(each for each in (message.name_id, message.subject, message.assertion) if each is not None)
        ),
    )


@check(cites="CVE-2017-11427")
def name_id_not_whole(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """The text of the NameID is interrupted by a comment, a processing instruction or an element.

    Some readers take only the part before the interruption, and so a login as admin@example.org.attacker.test becomes
    one as admin@example.org. No honest identity provider writes such a NameID; treat the message as an attack.
    """
    if message.name_id is None:
        return
    # Canonical XML drops comments, so they can only be seen in the message as it was received.
    for each in (message.as_received(message.name_id), message.name_id):
        if len(each):
            yield Problem(
                "the NameID is interrupted",
                expected="nothing but text",
                observed=", ".join(_kind(inside) for inside in each),
                where=message.where(message.name_id),
            )
            return


@check(cites="CVE-2017-11427")
def text_not_whole(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """A text of the assertion is interrupted by a comment or a processing instruction.

    Some readers take only the part before the interruption, so two programs read two different values out of one signed
    message. No honest identity provider writes that; treat the message as an attack.
    """
    if message.assertion is None:
        return
    received = message.as_received(message.assertion)
    opened = (each for each in message.shells if each is not received)
    for each in itertools.chain(received.iter("*"), *(part.iter("*") for part in opened)):
        if len(each) and each.tag != NAME_ID and not _has_elements(each) and text_of(each).strip():
            yield Problem(
                f"the text of {name_of(each)} is interrupted",
                expected="nothing but text",
                observed=_kind(each[0]),
                where=message.where(each),
            )


def _has_elements(element: Element) -> bool:
    return any(isinstance(each.tag, str) for each in element)


def _kind(inside: Element) -> str:
    kinds: dict[object, str] = {etree.Comment: "a comment", etree.ProcessingInstruction: "a processing instruction"}
    return kinds.get(inside.tag) or f"the element {name_of(inside)}"


@check(severity=Severity.WARNING, cites="SAML2Core 2.7.3.1")
def attribute_repeated(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """An attribute is named twice in the assertion.

    All its values are kept, in order; other receivers keep only the first or only the last. Have the identity
    provider send one Attribute with several values.
    """
    seen: set[str] = set()
    for attribute in attributes_of(message.assertion):
        name = attribute.get("Name", "")
        if name in seen:
            yield Problem(f"the attribute {name} stands twice", observed=name, where=message.where(attribute))
        seen.add(name)


def attributes_of(assertion: Element | None) -> Iterator[Element]:
    """Yield every Attribute of every AttributeStatement."""
    for statement in every(assertion, SAML, "AttributeStatement"):
        yield from every(statement, SAML, "Attribute")


def values_of(attribute: Element) -> tuple[str, ...]:
    """Give the complete texts of an attribute's values."""
    return tuple(text_of(each) for each in every(attribute, SAML, "AttributeValue"))
