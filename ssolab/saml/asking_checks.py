"""Checks of an answer against what was asked for: a weaker or older login than was wanted must not pass for it.

Only the signed words count, and only where the request is known: an unsolicited message was not asked for anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import SAML
from ssolab.saml.asking import Asking
from ssolab.saml.confirmation_checks import chosen, data_of
from ssolab.saml.contexts import meets
from ssolab.saml.materials import address_of, instant_of, only, text_of
from ssolab.saml.message_checks import attribute_of
from ssolab.saml.names import ENCRYPTED_NAME, UNSPECIFIED
from ssolab.saml.subjects import NameID, same_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expected, Materials
    from ssolab.saml.messages import RequestedAuthnContext


def asked(message: Materials, expected: Expected) -> Asking | None:
    """Say what the request that a message answers asked for; None where it answers none, or one that is not known."""
    if expected.asked is None or isinstance(expected.asked, Asking):
        return expected.asked
    confirmation = chosen(message, expected)
    data = None if confirmation is None else data_of(confirmation)
    answered = None if data is None else data.get("InResponseTo")
    return None if answered is None else expected.asked.get(answered)


@check(cites="SAML2Core 3.3.2.2.1")
def authn_context_not_met(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The user logged in by another way than was asked for.

    The request named authentication contexts, and the identity provider has to meet them or to answer NoAuthnContext;
    an assertion that states another one is a downgrade. Give the user a stronger login at the identity provider, or ask
    for less. The standard leaves the order of its classes open; here it is, the weakest first: unspecified; a line or
    an address; a password; a password that the network does not see, Kerberos; a key in software; a second factor; a
    card.
    """
    asking = asked(message, expected)
    wanted = asking.requested_authn_context if asking else None
    if wanted is None:
        return
    for statement in message.statements:
        context = only(statement, SAML, "AuthnContext")
        class_ref, decl_ref = (_address(context, name) for name in ("AuthnContextClassRef", "AuthnContextDeclRef"))
        if not meets(class_ref, wanted) and (decl_ref is None or decl_ref not in wanted.decl_refs):
            yield Problem(
                "the login was made in another way than was asked for",
                expected=_wanted(wanted),
                observed=class_ref or decl_ref or "no AuthnContextClassRef",
                where=message.where(statement),
            )


def _address(parent: Element | None, local: str) -> str | None:
    found = only(parent, SAML, local)
    return None if found is None else address_of(found)


def _wanted(wanted: RequestedAuthnContext) -> str:
    listed = " or ".join((*wanted.class_refs, *wanted.decl_refs))
    comparison = wanted.comparison or "exact"
    return listed if comparison == "exact" else f"{comparison} {listed}"


@check(cites="SAML2Core 3.4.1")
def authentication_not_fresh(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The user logged in before the request, which asked for a fresh login.

    ForceAuthn obliges the identity provider to have the user log in anew, so AuthnInstant cannot lie before the
    request. An identity provider that ignores ForceAuthn lets whoever finds an open browser through; correct it there.
    Where the moments differ by little more than the skew, a clock is wrong.
    """
    asking = asked(message, expected)
    if asking is None or not asking.force_authn or asking.at is None:
        return
    for statement in message.statements:
        moment = instant_of(statement, "AuthnInstant")
        unreadable = moment is None and statement.get("AuthnInstant") is not None  # which invalid-instant reports
        if not unreadable and (moment is None or asking.at - moment > expected.skew):
            yield Problem(
                "the login is older than the request for a fresh one",
                expected=f"AuthnInstant at or after {format_instant(asking.at)}",
                observed=attribute_of(statement, "AuthnInstant"),
                where=message.where(statement),
            )


@check(cites="SAML2Core 3.4.1.1")
def name_id_format_not_met(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The NameID is of another format than was asked for.

    A name of another kind finds another user here, or none: a transient name where a persistent one was wanted makes a
    new user at every login. Set the NameID format at the identity provider, which else has to answer
    InvalidNameIDPolicy, or ask for the format that it gives.
    """
    asking = asked(message, expected)
    policy = asking.name_id_policy if asking else None
    if policy is None or policy.format in {None, "", UNSPECIFIED, ENCRYPTED_NAME} or message.name_id is None:
        return
    if message.name_id.get("Format") != policy.format:
        yield Problem(
            "the NameID is of another format than was asked for",
            expected=f"Format {policy.format}",
            observed=attribute_of(message.name_id, "Format"),
            where=message.where(message.name_id),
        )


@check(cites="SAML2Prof 4.1.4.1")
def subject_not_met(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The assertion is about somebody else than was asked for.

    The request named its subject, and the identity provider has to assert that one or to answer UnknownPrincipal; a
    login that was to confirm one user must not go on as another. Have the right user log in, or correct the identity
    provider. Value and format are compared, and qualifiers where both have them.
    """
    asking = asked(message, expected)
    if asking is None or asking.subject is None or message.name_id is None:
        return
    get = message.name_id.get
    given = NameID(text_of(message.name_id), get("Format"), get("NameQualifier"), get("SPNameQualifier"))
    if not same_name(asking.subject, given):
        yield Problem(
            "the assertion is about somebody else than was asked for",
            expected=_told(asking.subject),
            observed=_told(given),
            where=message.where(message.name_id),
        )


def _told(name: NameID) -> str:
    return ", ".join(filter(None, (name.value, name.format, name.name_qualifier, name.sp_name_qualifier)))


@check(cites="SAML2Core 2.2.2")
def sp_name_qualifier_mismatch(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The NameID was made for another service provider.

    SPNameQualifier says at which service provider, or group of them, the name means this user. Here it has to be our
    entityID, or what NameIDPolicy asked for, character by character; anything else could be somebody else's user. Load
    our current metadata into the identity provider.
    """
    asking = asked(message, expected)
    wanted = (
        asking.name_id_policy.sp_name_qualifier if asking and asking.name_id_policy else None
    ) or expected.audience
    if wanted is None or message.name_id is None:
        return
    given = message.name_id.get("SPNameQualifier")
    # Left out, it stands for whoever asked (SAML2Core 8.3.7).
    if (expected.audience if given is None else given) != wanted:
        yield Problem(
            "the NameID belongs to another service provider",
            expected=f"SPNameQualifier {wanted}",
            observed=attribute_of(message.name_id, "SPNameQualifier"),
            where=message.where(message.name_id),
        )
