"""The text of a redirect: re-ordered, escaped anew, doubled, cut off. Its signature is over the text, to the letter."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import put
from ssolab.faults.saml.queries import (
    ORDER,
    deflated,
    escaped,
    message_in,
    message_name,
    packed,
    pairs_of,
    plain,
    query_of,
    signed_anew,
    signed_text,
    value_of,
    with_value,
)
from ssolab.saml.names import DEFLATE

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_REQUEST: Final = Carrier.REQUEST
_QUERY: Final = ("query",)
_UNFIT: Final = ("key-not-trusted",)
_REPEATED: Final = ("parameter-repeated",)
_MALFORMED: Final = ("malformed-query",)
_ESCAPES: Final = re.compile("%[0-9A-F]{2}")
_ATTACKER: Final = "https://attacker.invalid/acs"
_ENCODING_OF_OTHERS: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:BASE64"


def _small(text: str) -> str:
    """Write the escapes in small letters, as .NET does."""
    return _ESCAPES.sub(lambda found: found[0].lower(), text)


def _carrying(query: str, kit: Kit, value: str) -> str:
    """Send another value in the place of the message, signed as it is."""
    return signed_anew(with_value(query, message_name(query), value), kit)


@fault(
    "B-01",
    Nature.MISTAKE,
    Stage.QUERY,
    carrier=_REQUEST,
    signs=_QUERY,
    trips=_UNFIT,
    cites="spring-security, issue 12346",
)
def query_escaped_anew(query: str, _kit: Kit) -> str:
    """Something on the way wrote the escapes in small letters, after the query was signed.

    The two mean the same and are other texts. What was signed is the text, so the sender's letters have to arrive.
    """
    return _small(query)


@fault(
    "B-01", Nature.LEGITIMATE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites="spring-security, issues 12963, 18324"
)
def query_signed_with_escapes_in_small_letters(query: str, kit: Kit) -> str:
    """The sender writes its escapes in small letters, and signs that.

    AD FS does. A verifier that escapes the values anew, its own way, refuses it.
    """
    return signed_anew(_small(query), kit)


@fault("B-01", Nature.LEGITIMATE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites="SAML2Bind 3.4.4.1")
def parameters_in_another_order(query: str, _kit: Kit) -> str:
    """The parameters stand in another order than that in which they are signed.

    The standard says in which order they are signed, and leaves open in which they travel.
    """
    return query_of(list(reversed(pairs_of(query))))


@fault("B-01", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites="SAML2Bind 3.4.4.1")
def signed_in_another_order(query: str, kit: Kit) -> str:
    """The parameters were signed in the order of the alphabet.

    The order is fixed: message, RelayState, SigAlg. No other is tried.
    """
    value_of(query, "RelayState")
    return signed_anew(query, kit, signed_text(query, sorted(ORDER)))


@fault("B-01", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_UNFIT, cites="SAML2Bind 3.4.4.1")
def signed_before_it_was_escaped(query: str, kit: Kit) -> str:
    """The values were signed before they were escaped.

    What is signed are the escaped values, as they stand in the address.
    """
    return signed_anew(query, kit, plain(signed_text(query)))


@fault("B-01", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_MALFORMED, cites="SAML2Bind 3.4.4.1")
def plus_signs_left_as_they_are(query: str, kit: Kit) -> str:
    """The base64 of the message stands in the address without its escapes.

    A plus sign means a blank there, so other bytes arrive than were sent. It is not mended.
    """
    return _carrying(query, kit, plain(value_of(query, message_name(query))))


@fault("B-01", Nature.LEGITIMATE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites="SAML2Bind 3.4.4.1")
def parameters_of_somebody_else(query: str, _kit: Kit) -> str:
    """The address has parameters that are not of SAML, before and behind those that are.

    Salesforce has some in its addresses. They are not signed, say nothing of the message, and are passed over.
    """
    return f"so=00D000000000062&{query}&sc=0LE000000000001"


def _forged(query: str, kit: Kit) -> str:
    """Write a request for an answer at an address of the attacker's, as the value of a parameter."""
    root = put(parse(message_in(query), "message"), ".", ID=kit.new_id(), AssertionConsumerServiceURL=_ATTACKER)
    return packed(deflated(serialise(root)))


@fault("B-02", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_REPEATED, cites="CVE-2025-27773")
def second_message_behind_the_signed_one(query: str, kit: Kit) -> str:
    """A second message stands behind the one that was signed.

    One is verified and the other used, where a program looks for the parameter twice, in two ways.
    """
    return f"{query}&{message_name(query)}={_forged(query, kit)}"


@fault("B-02", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_REPEATED, cites="CVE-2025-31335")
def second_message_before_the_signed_one(query: str, kit: Kit) -> str:
    """A second message stands before the one that was signed.

    The other order of the same attack: here the reader is the one who takes the first.
    """
    return f"{message_name(query)}={_forged(query, kit)}&{query}"


@fault("B-02", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_REPEATED, cites="CVE-2025-27773")
def second_relay_state(query: str, _kit: Kit) -> str:
    """A second RelayState stands behind the signed parameters.

    The signed one is verified, and the login may end where the other leads.
    """
    return f"{query}&RelayState={value_of(query, 'RelayState')}&RelayState=%2Felsewhere"


@fault("B-02", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_REPEATED, cites="CVE-2025-27773")
def second_signature(query: str, _kit: Kit) -> str:
    """A second Signature stands behind the genuine one.

    Whoever tries each of them lets the sender try as often as it likes.
    """
    return f"{query}&Signature={packed(bytes(256))}"


@fault("B-02", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_REPEATED, cites="CVE-2025-27773")
def second_signature_algorithm(query: str, _kit: Kit) -> str:
    """A second SigAlg stands behind the genuine one.

    One is covered by the signature, and the other may be the one that is used.
    """
    return f"{query}&SigAlg={value_of(query, 'SigAlg')}"


@fault("B-02", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_MALFORMED, cites="CVE-2026-18217")
def second_message_under_an_escaped_name(query: str, kit: Kit) -> str:
    """A second message stands there, and its parameter's name is partly escaped.

    A verifier that cuts the text sees one message, and a reader that undoes the escapes sees two.
    """
    name = message_name(query)
    return f"%{ord(name[0]):02X}{name[1:]}={_forged(query, kit)}&{query}"


@fault("B-03", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("messages-mixed",))
def answer_beside_the_request(query: str, kit: Kit) -> str:
    """A SAMLResponse stands beside the signed SAMLRequest.

    One is verified and the other used, where one address takes both.
    """
    return f"SAMLResponse={_forged(query, kit)}&{query}"


@fault("B-03", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("unexpected-message",))
def request_in_the_parameter_of_answers(query: str, kit: Kit) -> str:
    """The request travels as SAMLResponse.

    The signature covers that name too, so it is good. The name has to fit the message.
    """
    swapped = [("SAMLResponse" if name == "SAMLRequest" else name, value) for name, value in pairs_of(query)]
    return signed_anew(query_of(swapped), kit)


@fault("B-03", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("message-missing",))
def request_in_a_parameter_of_small_letters(query: str, _kit: Kit) -> str:
    """The name of the parameter that carries the request is written in small letters.

    Names of parameters are compared letter by letter, so there is no message in this address.
    """
    return query_of([(name.lower() if name == "SAMLRequest" else name, value) for name, value in pairs_of(query)])


@fault("B-02", Nature.LEGITIMATE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites="SAML2Bind 3.4.4")
def encoding_named(query: str, _kit: Kit) -> str:
    """The address names its encoding, DEFLATE, which is what is meant where none is named.

    The parameter may be there. It is not signed, so nothing else than the usual may stand in it.
    """
    return f"{query}&SAMLEncoding={escaped(DEFLATE)}"


@fault("B-02", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=_MALFORMED, cites="SAML2Bind 3.4.4")
def encoding_of_another_kind(query: str, _kit: Kit) -> str:
    """The address names another encoding than DEFLATE, behind what was signed.

    The parameter is not signed, so whoever adds it changes how signed bytes are read. No other encoding is in use.
    """
    return f"{query}&SAMLEncoding={escaped(_ENCODING_OF_OTHERS)}"


@fault("D-04", Nature.ATTACK, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("not-deflated",), cites="RFC 1951")
def something_behind_the_deflated_request(query: str, kit: Kit) -> str:
    """Bytes follow the end of the compressed request.

    One library stops at the end and another goes on, so that two programs see two messages.
    """
    return _carrying(query, kit, packed(deflated(message_in(query)) * 2))


@fault("D-07", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("not-deflated",), cites="RFC 1951")
def request_that_breaks_off(query: str, kit: Kit) -> str:
    """The compressed request ends too early.

    Something on the way bounds the length of addresses.
    """
    return _carrying(query, kit, packed(deflated(message_in(query))[:-20]))


@fault("D-07", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("not-deflated",))
def request_that_is_not_deflated(query: str, kit: Kit) -> str:
    """The request stands in the address as base64 alone, as a form has it.

    The redirect binding compresses. It is not guessed which of the two was meant.
    """
    return _carrying(query, kit, packed(message_in(query)))


@fault("T-07", Nature.LEGITIMATE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, cites="SAML2Bind 3.4.4.1")
def request_with_line_breaks_in_its_base64(query: str, kit: Kit) -> str:
    """The base64 of the request is broken into lines.

    The binding does without, and old libraries break it all the same. White space is taken out, and nothing else.
    """
    broken = base64.encodebytes(deflated(message_in(query))).decode()
    return _carrying(query, kit, escaped(broken))


@fault("T-07", Nature.MISTAKE, Stage.QUERY, carrier=_REQUEST, signs=_QUERY, trips=("not-base64",), cites="RFC 4648 5")
def request_in_the_alphabet_of_addresses(query: str, kit: Kit) -> str:
    """The request is written in the base64 for addresses, with - and _.

    That is another encoding than SAML's. A lenient reader drops those letters, and sees other bytes.
    """
    return _carrying(query, kit, base64.urlsafe_b64encode(b"\xfb\xff" + deflated(message_in(query))).decode())
