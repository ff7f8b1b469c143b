"""Checks that hold for every SAML message alike: who says it, to which address, in which version, with which key.

Each check takes the materials and the expectation and yields every problem it sees; what the expectation leaves open
(None) it does not judge. Responses, Assertions and AuthnRequests come through here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity, Subject
from ssolab.core.instants import format_instant, in_words, parse_instant
from ssolab.core.unjudged import not_judged  # noqa: F401  one of these checks, shared with those of tokens
from ssolab.core.xmltree import SAML
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.fields import SPACE
from ssolab.saml.materials import instant_of, issuer_of, only
from ssolab.saml.names import ENTITY, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expectation, Materials

_TIMES = frozenset({"IssueInstant", "NotBefore", "NotOnOrAfter", "AuthnInstant", "SessionNotOnOrAfter"})
_SAML_FAMILY = "urn:oasis:names:tc:SAML:2.0:"


def name_of(element: Element) -> str:
    """Name an element as the standard does, without its namespace."""
    return str(element.tag).rpartition("}")[2]


@check(cites="SAML2Core 4.1")
def version_unsupported(message: Materials, _expected: Expectation) -> Iterator[Problem]:
    """The message or the assertion is not SAML 2.0.

    Only Version="2.0" is judged here. A partner that still sends SAML 1.1 has to be moved to its SAML 2.0 endpoint.
    """
    for each in message.spoken:
        if each.get("Version") != VERSION:
            yield Problem(
                f"{name_of(each)} is not SAML 2.0",
                expected=f'Version="{VERSION}"',
                observed=attribute_of(each, "Version"),
                where=message.where(each),
            )


@check(cites="SAML2Core 1.3.4")
def message_without_id(message: Materials, _expected: Expectation) -> Iterator[Problem]:
    """The message or the assertion has no ID.

    Without an ID nothing can refer to it: no signature, no answer and no replay memory. Have the sender give each
    message a fresh one.
    """
    for each in message.spoken:
        if not each.get("ID"):
            yield Problem(f"{name_of(each)} has no ID", observed=attribute_of(each, "ID"), where=message.where(each))


@check(cites="SAML2Prof 4.1.4.2")
def issuer_missing(message: Materials, _expected: Expectation) -> Iterator[Problem]:
    """An assertion or a request does not say who issued it.

    The issuer decides whose keys are tried. Only a Response may leave it out, and then its Assertion has to name it.
    Have the sender put its entityID there.
    """
    for each in message.spoken:
        if name_of(each) != "Response" and not issuer_of(each):
            yield Problem(f"{name_of(each)} names no Issuer", where=message.where(each))


@check(cites="SAML2Core 2.2.5")
def issuer_mismatch(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """Somebody else than the expected party issued the message.

    The Issuer is compared with the entityID character by character: a slash at the end or another case is another
    party. Put the same entityID into both sides' settings, or load the metadata of the party that really answers.
    """
    if expected.issuer is None:
        return
    for each in message.spoken:
        issuer = issuer_of(each)
        if issuer and issuer != expected.issuer:
            yield Problem(
                f"{name_of(each)} was issued by somebody else",
                expected=expected.issuer,
                observed=issuer,
                where=message.where(each),
                subject=Subject(entity_id=issuer),
            )


@check(cites="SAML2MetaIOP 2.6.1")
def issuer_not_key_holder(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """The key that signed belongs to another party than the one the message names as its issuer.

    Each party's keys speak for that party alone; otherwise one trusted partner could log in the users of another. Give
    the key to the right party's metadata, or have the sender correct its Issuer.
    """
    for spki in dict.fromkeys(each.public.sha256 for each in message.keys):
        # One key may be declared by several parties: the proxy.salesforce.com certificate was every org's.
        holders = {each.holder for each in (*expected.trusted, *message.keys) if each.public.sha256 == spki}
        for each in message.spoken:
            issuer = issuer_of(each)
            if issuer and issuer not in holders and None not in holders:
                named = " and ".join(sorted(filter(None, holders)))
                yield Problem(
                    f"signed with a key of {named}, which cannot speak for {issuer}",
                    expected=f"Issuer {named}",
                    observed=f"Issuer {issuer}",
                    where=message.where(each),
                    subject=Subject(entity_id=named, spki_sha256=spki),
                )


@check(severity=Severity.WARNING, cites="SAML2Prof 4.1.4.2")
def issuer_format_not_entity(message: Materials, _expected: Expectation) -> Iterator[Problem]:
    """The Format of an Issuer says that it is something else than an entityID.

    The web browser profile wants the attribute left out or set to the entity format, and some receivers refuse anything
    else. Have the sender leave it out.
    """
    for each in message.spoken:
        issuer = only(each, SAML, "Issuer")
        if issuer is not None and issuer.get("Format", ENTITY) != ENTITY:
            yield Problem(
                "Issuer has another Format than entity",
                expected=ENTITY,
                observed=issuer.get("Format"),
                where=message.where(issuer),
            )


@check(cites="SAML2Bind 3.5.5.2")
def destination_mismatch(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """The message was made for another address.

    A Destination that is present has to be the address at which the message arrives, character by character. Usual
    causes: an old address in the sender's copy of the metadata, http behind a proxy that ends https, a missing slash
    or query. Load the current metadata into the sender.
    """
    destination = message.message.get("Destination")
    if expected.destinations is None or destination is None or destination in expected.destinations:
        return
    yield Problem(
        f"{name_of(message.message)} was made for another address" if destination else "Destination is empty",
        expected=" or ".join(expected.destinations),
        observed=attribute_of(message.message, "Destination"),
        where=message.where(message.message),
    )


@check(severity=Severity.WARNING, cites="SAML2Bind 3.5.5.2")
def destination_missing(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """A signed message does not say for which address it was made.

    The bindings demand a Destination on every signed message, so that nobody can carry it elsewhere. Some receivers
    refuse without it; have the sender add it.
    """
    if message.message_signed and message.message.get("Destination") is None:
        addresses = expected.destinations
        yield Problem(
            f"signed {name_of(message.message)} without a Destination",
            expected=None if addresses is None else " or ".join(addresses),
            observed="no Destination",
            where=message.where(message.message),
        )


@check(cites="SAML2Core 1.3.3")
def invalid_instant(message: Materials, _expected: Expectation) -> Iterator[Problem]:
    """A moment in the message is missing or cannot be read.

    Have the sender write times as xs:dateTime in UTC, as in 2027-01-04T09:00:00Z. A time without a zone is not guessed
    at: a wrong guess moves a validity window by hours.
    """
    for each in message.spoken:
        if each.get("IssueInstant") is None:
            yield Problem(f"{name_of(each)} has no IssueInstant", where=message.where(each))
    for element in message.message.iter() if message.assertion is None else _both(message):
        if not str(element.tag).startswith("{" + _SAML_FAMILY):
            continue
        for name in sorted(_TIMES & {str(each) for each in element.keys()}):  # noqa: SIM118  no mapping
            text = element.get(name, "")
            try:
                parse_instant(text.strip(SPACE))
            except ValueError as error:
                yield Problem(
                    f"{name} cannot be read: {error}",
                    expected="a moment in UTC",
                    observed=text,
                    where=message.where(element),
                )


def _both(message: Materials) -> Iterator[Element]:
    """Walk the root without its Assertions, then the Assertion that is judged."""
    yield message.message
    for each in message.message:
        if each.tag != ASSERTION:
            yield from each.iter()
    if message.assertion is not None:
        yield from message.assertion.iter()


@check(severity=Severity.WARNING, cites="SAML2Core 2.3.3")
def issued_in_the_future(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """The message says that it was issued later than now.

    The sender's clock is ahead of ours by more than the allowed skew, and some receivers refuse that. Set both clocks
    by the same time service.
    """
    for each in message.spoken:
        issued = instant_of(each, "IssueInstant")
        if issued is not None and issued - expected.now > expected.skew:
            yield Problem(
                f"{name_of(each)} was issued in the future",
                expected=f"at most {moment(expected.now, expected)}",
                observed=format_instant(issued),
                where=message.where(each),
            )


def outlived(element: Element, message: Materials, expected: Expectation, life: timedelta | None) -> Iterator[Problem]:
    """Report that an element was issued longer ago than *life*, where that is bounded."""
    issued = instant_of(element, "IssueInstant")
    if life is not None and issued is not None and expected.now - issued >= life + expected.skew:
        yield Problem(
            f"{name_of(element)} is {in_words(expected.now - issued)} old",
            expected=f"less than {in_words(life)} at {moment(expected.now, expected)}",
            observed=f"IssueInstant {format_instant(issued)}",
            where=message.where(element),
        )


def attribute_of(element: Element, name: str) -> str:
    """Show one attribute, or that it is not there."""
    value = element.get(name)
    return f"no {name}" if value is None else f'{name}="{value}"'


def moment(at: datetime, expected: Expectation) -> str:
    """Write the moment of judgement with the skew that is allowed."""
    return f"{format_instant(at)} (skew {expected.skew.total_seconds():g} s)"
