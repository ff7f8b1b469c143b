"""Issuing in three steps: draft a message, seal it with signatures, encode it for its binding (`bindings`).

The steps are apart so that a lab can change the draft before it is signed, or the bytes after, with no hook in here.
Ids and moments arrive as arguments: a message that can be made twice alike can be rehearsed and tested.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from ssolab.core.findings import ConfigError
from ssolab.core.xmldsig import sign as sign_element
from ssolab.core.xmltree import reparse, serialise
from ssolab.saml.asking import Asking
from ssolab.saml.assertions import ASSERTION, Assertion, Conditions
from ssolab.saml.logout import LogoutRequest, LogoutResponse
from ssolab.saml.messages import AuthnRequest, Response, Status
from ssolab.saml.names import (
    ATTRIBUTE_UNSPECIFIED,
    CONTEXT_UNSPECIFIED,
    ENTITY,
    PROTECTED_TRANSPORT,
    UNSPECIFIED,
)
from ssolab.saml.statements import ANY, STRING, Attribute, AttributeStatement, AuthnStatement
from ssolab.saml.subjects import NameID, Subject, SubjectConfirmation, SubjectConfirmationData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmltree import Element
    from ssolab.saml.encryption import Encryption
    from ssolab.saml.endpoints import IndexedEndpoint
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.saml.publishing import Flavour

Seal = Literal["request", "assertion", "response", "both", "none"]

LEEWAY: Final = timedelta(seconds=30)
"""How far before its issue a Salesforce assertion begins to hold, and so do ours: for clocks that are behind."""

# What real signatures of Salesforce name in InclusiveNamespaces; ours need xs, which stands in values of xsi:type only.
_PREFIXES: dict[tuple[str, str], str] = {
    ("salesforce", "AuthnRequest"): "ds saml samlp",
    ("salesforce", "Response"): "ds saml samlp xs xsi",
    ("salesforce", "Assertion"): "ds saml xs xsi",
    ("generic", "AuthnRequest"): "",
    ("generic", "Response"): "xs",
    ("generic", "Assertion"): "xs",
    ("salesforce", "LogoutRequest"): "ds saml samlp",
    ("salesforce", "LogoutResponse"): "ds saml samlp",
    ("generic", "LogoutRequest"): "",
    ("generic", "LogoutResponse"): "",
}
_FITTING: dict[str, tuple[Seal, ...]] = {
    "AuthnRequest": ("request",),
    "LogoutRequest": ("request",),
    "LogoutResponse": ("response",),
}
"""What can be signed of each message, the usual first; of any other it is `_PARTS`."""
_PARTS: tuple[Seal, ...] = ("assertion", "response", "both")


def draft_request(
    relying: RelyingParty, asking: Asking | None = None, *, now: datetime, new_id: Callable[[], str]
) -> AuthnRequest:
    """Draft an AuthnRequest of the shape that Salesforce sends: attributes, and an Issuer as the only child.

    Args:
        relying: who asks, and whom.
        asking: what is asked for beyond a login, which Salesforce does not do.
        now: the moment of issue.
        new_id: makes the request's ID.

    Raises:
        ConfigError: the party has no address, or its partner none for the binding.
    """
    asking = asking or Asking()
    number = asking.acs if isinstance(asking.acs, int) else None
    address = None if isinstance(asking.acs, int) else asking.acs or relying.default_acs
    if not asking.names_acs:
        number = address = None
    return AuthnRequest(
        id=new_id(),
        issue_instant=_milliseconds(now),
        destination=relying.request_endpoint.location,
        issuer=NameID(relying.entity_id),
        assertion_consumer_service_url=address.location if address else None,
        assertion_consumer_service_index=number,
        protocol_binding=address.binding if address else None,
        attribute_consuming_service_index=asking.attribute_consuming_service_index,
        provider_name=asking.provider_name,
        force_authn=asking.force_authn,
        is_passive=asking.is_passive,
        subject=Subject(name_id=asking.subject) if asking.subject else None,
        name_id_policy=asking.name_id_policy,
        requested_authn_context=asking.requested_authn_context,
    )


def draft_response(  # noqa: PLR0913  each is a field of the standard's response
    asserting: AssertingParty,
    *,
    now: datetime,
    new_id: Callable[[], str],
    name_id: NameID | str,
    attributes: Mapping[str, str | Sequence[str] | Attribute] | None = None,
    acs: IndexedEndpoint | None = None,
    in_response_to: str | None = None,
    authn_instant: datetime | None = None,
    life: timedelta | None = None,
) -> Response:
    """Draft a Response with one bearer assertion, good from a little before *now* until *life* after it.

    Args:
        asserting: who speaks, and to whom; the salesforce flavour writes the Format of the Issuer, values of type
            anyType and an unspecified context, as Salesforce does.
        now: the moment of issue.
        new_id: makes the IDs of Response and Assertion, in this order, and then the SessionIndex.
        name_id: whom it is about; a plain text gets the unspecified format.
        attributes: names with their values, of an unspecified name format; an `Attribute` is stated as it is.
        acs: where it goes, if not to the partner's default address: Destination and Recipient.
        in_response_to: ID of the request, to the letter; None for an unsolicited response.
        authn_instant: when the user logged in, if not just now.
        life: how long the assertion holds, if not the party's message_life.

    Raises:
        ConfigError: no address of the partner is known.
    """
    now = _milliseconds(now)
    salesforce = asserting.flavour == "salesforce"
    recipient = (asserting.default_acs if acs is None else acs).location
    issuer = NameID(asserting.entity_id, ENTITY if salesforce else None)
    end = now + (asserting.message_life if life is None else life)
    data = SubjectConfirmationData(not_on_or_after=end, recipient=recipient, in_response_to=in_response_to)
    response_id, assertion_id = new_id(), new_id()
    stated = tuple(
        value
        if isinstance(value, Attribute)
        else Attribute.of(
            name,
            *((value,) if isinstance(value, str) else value),
            name_format=ATTRIBUTE_UNSPECIFIED,
            type=ANY if salesforce else STRING,
        )
        for name, value in (attributes or {}).items()
    )
    assertion = Assertion(
        id=assertion_id,
        issue_instant=now,
        issuer=issuer,
        subject=Subject(
            name_id=NameID(name_id, UNSPECIFIED) if isinstance(name_id, str) else name_id,
            confirmations=(SubjectConfirmation(data=data),),
        ),
        conditions=Conditions(
            not_before=now - LEEWAY, not_on_or_after=end, audience_restrictions=((asserting.relying,),)
        ),
        authn_statements=(
            AuthnStatement(
                authn_instant=now if authn_instant is None else _milliseconds(authn_instant),
                session_index=new_id(),
                authn_context_class_ref=CONTEXT_UNSPECIFIED if salesforce else PROTECTED_TRANSPORT,
            ),
        ),
        attribute_statements=(AttributeStatement(attributes=stated),) if stated else (),
    )
    return Response(
        id=response_id,
        issue_instant=now,
        status=Status(),
        destination=recipient,
        in_response_to=in_response_to,
        issuer=issuer,
        assertions=(assertion,),
    )


def draft_refusal(  # noqa: PLR0913  each is a field of the standard's response
    asserting: AssertingParty,
    *,
    now: datetime,
    new_id: Callable[[], str],
    codes: tuple[str, ...],
    message: str | None = None,
    acs: IndexedEndpoint | None = None,
    in_response_to: str | None = None,
) -> Response:
    """Draft a Response that lets nobody in and says why: status codes, outermost first, and a message for people.

    Raises:
        ConfigError: no address of the partner is known.
    """
    return Response(
        id=new_id(),
        issue_instant=_milliseconds(now),
        status=Status(codes=codes, message=message),
        destination=(asserting.default_acs if acs is None else acs).location,
        in_response_to=in_response_to,
        issuer=NameID(asserting.entity_id),
    )


def seal(  # noqa: PLR0913  each is a choice that real senders make differently
    message: AuthnRequest | Response | LogoutRequest | LogoutResponse | Element,
    credential: SigningCredential | None,
    *,
    sign: Seal | None = None,
    hash: str = "sha256",  # noqa: A002  the word of the standards
    pss: bool = False,
    digest_hash: str | None = None,
    key_info: bool = True,
    flavour: Flavour = "generic",
    encrypt: Encryption | None = None,
) -> bytes:
    """Write a message, signed as wanted; where a Response and its assertions are signed, the assertions come first.

    Args:
        message: the draft, or its element where somebody has changed what no draft can hold.
        credential: what to sign with; may be None only where nothing is signed.
        sign: "request" for a request, "assertion", "response" or "both" for a Response, "response" for a
            LogoutResponse, or "none" (a redirected message is signed in its query). Left out: what is usual for the
            message ("assertion" for a Response) where there is a credential.
        hash: of the signature.
        pss: RSA with PSS padding.
        digest_hash: of the reference, where it differs from *hash*.
        key_info: put the certificate beside the signature.
        flavour: which prefixes the signatures name in InclusiveNamespaces.
        encrypt: what of a Response or LogoutRequest to hide, and for whom.

    Raises:
        ConfigError: *sign* does not fit the message, or nothing was given to sign with.
        InputError: the draft holds what XML cannot carry, or the key cannot sign with that hash.
    """
    drafts = (AuthnRequest, Response, LogoutRequest, LogoutResponse)
    element = message.element() if isinstance(message, drafts) else message
    kind = str(element.tag).rpartition("}")[2]
    sign = _chosen(kind, credential, sign)
    written = serialise(element)
    if sign == "none" and encrypt is None:
        return written
    root = reparse(written)  # lxml forgets PrefixList names that no parser has met, so a built tree digests wrongly
    if encrypt is not None:
        encrypt.hide_parts(root)
        root = reparse(serialise(root))

    def put(element: Element, kind: str) -> None:
        if credential is None:
            return
        sign_element(
            element,
            credential,
            hash=hash,
            pss=pss,
            digest_hash=digest_hash,
            key_info=key_info,
            prefixes=_PREFIXES[flavour, kind],
        )

    if sign in {"assertion", "both"}:
        for assertion in root.iterchildren(ASSERTION):
            put(assertion, "Assertion")
    if encrypt is not None:
        encrypt.hide_assertions(root)
        root = reparse(serialise(root))
    if sign not in {"assertion", "none"}:
        put(root, kind)
    return serialise(root)


def _chosen(kind: str, credential: SigningCredential | None, sign: Seal | None) -> Seal:
    """Say what is signed of a message of that kind.

    Raises:
        ConfigError: *sign* does not fit the message, or nothing was given to sign with.
    """
    fitting = _FITTING.get(kind, _PARTS)
    if sign is None:
        return "none" if credential is None else fitting[0]
    if sign not in {"none", *fitting}:
        raise ConfigError("sign", f"{sign!r} does not fit {kind}", "choose what the message has")
    if sign != "none" and credential is None:
        raise ConfigError("sign", f"{sign!r} needs a key", "give a signing credential, or sign none")
    return sign


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
