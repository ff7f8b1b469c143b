"""The short way for the Response that nearly every login brings: all is well, and there is nothing to report.

It can only say yes. The signed bytes themselves are matched against the one text that an ordinary Assertion is, so that
nothing is parsed again and what is read is what was digested; what stands around the Assertion is looked at element by
element. Whatever is not exactly so, and every message with anything to say about it, goes the long way
(`checks.accept`), which alone refuses and gives the reasons. A time that only the skew saves is something to say.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import Opinion, Report, SignatureFacts
from ssolab.core.xmldsig import signed_by
from ssolab.core.xmlkeys import certificates_of, usable
from ssolab.core.xmlplain import verify_plain
from ssolab.core.xmlshape import ISSUER
from ssolab.core.xmltree import DS, SAMLP
from ssolab.saml.asking import Asking
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.fields import SPACE
from ssolab.saml.judging import OURS, judge_verified
from ssolab.saml.materials import Principal, after
from ssolab.saml.names import ENTITY, POST, SUCCESS, VERSION
from ssolab.saml.plain_assertion import IS_MOMENT, read_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import TrustedKey
    from ssolab.core.xmlplain import Plain
    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expectation, Expected
    from ssolab.saml.plain_assertion import Said

OF_ANY: Final = frozenset(
    (
        "now",
        "trusted",
        "issuer",
        "skew",
        "permit",
        "ignore",
        "known",
        "decryption",
        "match",
        "checks_expiry",
        "document",
        "opinions",
    )
)
"""The fields of Expectation that were thought of here and in `plain_request`."""

CONSIDERED: Final = OF_ANY | frozenset(
    (
        "audience",
        "recipient",
        "in_response_to",
        "unsolicited",
        "message_life",
        "replay",
        "want_signed",
        "binding",
        "asked",
    )
)
"""The fields of Expected that were thought of here. A new one is added when it is known what it means for this way."""

WISHES: Final = frozenset(
    (
        "acs",
        "names_acs",
        "subject",
        "name_id_policy",
        "requested_authn_context",
        "force_authn",
        "is_passive",
        "provider_name",
        "attribute_consuming_service_index",
        "at",
    )
)
"""The fields of Asking that were thought of here."""

_STATUS: Final = f"{{{SAMLP}}}Status"
_STATUS_CODE: Final = f"{{{SAMLP}}}StatusCode"
_AROUND: Final = ([ISSUER, _STATUS], [_STATUS])
_ISSUER_SAYS: Final[tuple[list[tuple[str, str]], ...]] = ([], [("Format", ENTITY)])
_ATTRIBUTES: Final = frozenset(("ID", "Version", "IssueInstant", "Destination", "InResponseTo"))
_PLACE: Final = "/samlp:Response/saml:Assertion"
_DATA: Final = f"{{{DS}}}X509Data"
_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"
_NO_TIME: Final = timedelta(0)


def accept_plain(message: bytes, root: Element, expected: Expected) -> Report[Principal] | None:
    """Judge an ordinary Response; None where it is not ordinary, does not hold, or needs a word.

    Args:
        message: the bytes of the Response.
        root: the Response, parsed from them.
        expected: what is expected of it.
    """
    if not (_is_simple(expected) and _is_bare(message)) or len(root) not in {2, 3}:
        return None
    *around, assertion = root
    if assertion.tag != ASSERTION or not _fits(root, around, expected):
        return None
    signed = verify_plain(assertion, usable(expected.trusted))
    if signed is None or not _speaks_for_issuer(signed, expected):
        return None
    said = read_plain(signed.digested.decode())
    if said is None or not _holds(said, root, expected):
        return None
    until = _in_time(said, root, expected)
    verifiers = _verifiers(signed, assertion, expected) if until is not None else None
    if until is None or verifiers is None or _was_seen(signed.id, until, expected):
        return None
    return Report(
        findings=(),
        principal=_principal(said),
        signature=SignatureFacts(key=signed.key.public.sha256, algorithm=signed.algorithm.name, signed_element=_PLACE),
        verifiers=verifiers,
    )


def _is_simple(expected: Expected) -> bool:
    """Say whether everything is judged, and nothing that is not understood here."""
    return (
        bool(expected.issuer)
        and not expected.open
        and expected.match == "key"
        and expected.want_signed in {"either", "assertion"}
        and expected.binding in {None, POST}
        and expected.skew >= _NO_TIME
    )


def _is_bare(message: bytes) -> bool:
    """Say whether the bytes hold no comment, which the canonical form would not show; an instruction it does show."""
    return message.startswith(b"<") and (b"!" not in message or b"<!" not in message)


def _fits(root: Element, around: list[Element], expected: Expected) -> bool:
    """Judge what stands *around* the Assertion, every element of which has to be known, and the Response itself."""
    if [each.tag for each in around] not in _AROUND or not _ATTRIBUTES.issuperset(root.keys()):
        return False
    status = around[-1]
    if len(status) != 1 or status.keys() or status[0].tag != _STATUS_CODE or len(status[0]):
        return False
    if status[0].items() != [("Value", SUCCESS)] or root.get("Version") != VERSION or not root.get("ID"):
        return False
    if len(around) > 1 and not is_plain_issuer(around[0], expected):
        return False
    destination = root.get("Destination")
    return (destination is None or destination in (expected.destinations or ())) and _answers(root, expected)


def _answers(root: Element, expected: Expected) -> bool:
    """Say whether it answers an open request that asked for nothing but a login, or is welcome without one."""
    answered = root.get("InResponseTo")
    pending = expected.in_response_to or ()
    if answered is None:
        asking = expected.asked if isinstance(expected.asked, Asking) else None
        return (not pending or expected.unsolicited) and _is_plain(asking)
    if answered not in pending:
        return False
    asked = expected.asked
    return _is_plain(asked if asked is None or isinstance(asked, Asking) else asked.get(answered))


def _is_plain(asking: Asking | None) -> bool:
    """Say whether nothing was asked for that an answer is held against."""
    return asking is None or not (
        asking.subject or asking.name_id_policy or asking.requested_authn_context or asking.force_authn
    )


def certificates_held(key: TrustedKey, expected: Expectation) -> list[Certificate] | None:
    """Give the certificates in which the issuer's key is held; None where it is not the issuer's or none is in date."""
    same = [each for each in expected.trusted if each.public.sha256 == key.public.sha256]
    if not any(each.holder is None or each.holder == expected.issuer for each in same):
        return None
    held = [each.certificate for each in same if each.certificate is not None]
    in_date = not held or any(each.not_before <= expected.now <= each.not_after for each in held)
    return held if in_date else None


def is_plain_issuer(element: Element, expected: Expectation) -> bool:
    """Say whether an Issuer names the expected one, and nothing else."""
    return not len(element) and element.text == expected.issuer and element.items() in _ISSUER_SAYS


def _speaks_for_issuer(signed: Plain, expected: Expected) -> bool:
    """Say whether the key is the issuer's and its certificates give no cause for a word."""
    held = certificates_held(signed.key, expected)
    if held is None:
        return False
    if not held or signed.key_info is None:
        return True
    data = next(signed.key_info.iterchildren(_DATA), None)
    first = None if data is None else next(data.iterchildren(_CERTIFICATE), None)
    if first is not None and first.text in [each.base64 for each in held]:  # which saves the decoding
        return True
    carried = certificates_of(signed.key_info)
    return not carried or any(each.der in carried for each in held)


def _holds(said: Said, root: Element, expected: Expected) -> bool:
    """Judge what the Assertion says, but for its times."""
    return (
        said["issuer"] == expected.issuer
        and bool(said["name"].strip())
        and said.get("SPNameQualifier") in {None, expected.audience}
        and said["audience"].strip(SPACE) == expected.audience
        and said["Recipient"] in (expected.destinations or ())
        and said.get("InResponseTo") == root.get("InResponseTo")
    )


def _in_time(said: Said, root: Element, expected: Expected) -> datetime | None:
    """Give the end of the Assertion, where every time holds without any skew."""
    read, now, issued = datetime.fromisoformat, expected.now, root.get("IssueInstant", "")
    if not IS_MOMENT.fullmatch(issued):
        return None
    session = said.get("SessionNotOnOrAfter")
    try:
        first, second, begin = read(issued), read(said["IssueInstant"]), read(said["NotBefore"])
        delivery, end = read(said["delivery"]), read(said["end"])
        read(said["AuthnInstant"])
        over = session is not None and read(session) <= now
    except ValueError:
        return None
    if over or not max(first, second, begin) <= now < min(delivery, end):
        return None
    life = expected.message_life
    return None if life is not None and now - min(first, second) >= life else max(delivery, end)


def _verifiers(signed: Plain, assertion: Element, expected: Expected) -> Mapping[str, Opinion] | None:
    """Say who accepts the signature: ours alone, or everybody where second opinions are wanted; None at a demur."""
    if not expected.opinions:
        return {OURS: Opinion.ACCEPTED}
    judged = judge_verified(assertion, signed_by(signed, assertion, expected.document), expected)
    return judged.verifiers if judged.held and not judged.findings else None


def _was_seen(identifier: str, until: datetime, expected: Expected) -> bool:
    """Remember the Assertion; one that was known goes the long way, which says so."""
    if expected.replay is None or expected.issuer is None:
        return True
    return expected.replay.remember(expected.issuer, identifier, after(until, expected.skew), expected.now)


def _principal(said: Said) -> Principal:
    return Principal(
        name_id=said["name"],
        format=said.get("Format"),
        attributes=said.attributes,
        session_index=said.get("SessionIndex"),
        issuer=said["issuer"],
        in_response_to=said.get("InResponseTo"),
        authn_context=said["context"].strip(),
        name_qualifier=said.get("NameQualifier"),
        sp_name_qualifier=said.get("SPNameQualifier"),
        attribute_formats=said.formats,
        friendly_names=said.friendly_names,
        sp_provided_id=said.get("SPProvidedID"),
    )
