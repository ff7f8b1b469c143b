"""The envelope around an answer that comes over the back channel: two bodies, strange headers, document types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.saml.soap import MAX_ENVELOPE

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_CLOSE: Final = b"</soap:Envelope>"
_END: Final = b"</soap:Body>" + _CLOSE


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("malformed-envelope",),
    cites="SAML2Bind 3.2",
)
def two_bodies_in_the_envelope(xml: bytes, _kit: Kit) -> bytes:
    """The envelope holds two bodies, of which the first is good.

    One reader takes the first and another the last. There is one in an envelope.
    """
    return xml.replace(_END, _END[: len("</soap:Body>")] + b"<soap:Body><x/></soap:Body>" + _CLOSE)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("malformed-envelope",),
    cites="SAML2Bind 3.2",
)
def two_messages_in_the_body(xml: bytes, _kit: Kit) -> bytes:
    """The body of the envelope holds something beside the answer.

    One reader takes the first and another the last. There is one message in a body.
    """
    return xml.replace(_END, b"<x/>" + _END)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("malformed-envelope",),
    cites="SAML2Bind 3.2",
)
def text_beside_the_message(xml: bytes, _kit: Kit) -> bytes:
    """Text stands beside the answer in the body of the envelope.

    An envelope holds a message and nothing else. Whoever wrote this did not write SOAP.
    """
    return xml.replace(_END, b"x" + _END)


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("malformed-envelope",),
    cites="SOAP 1.1 4.2.3",
)
def header_that_has_to_be_understood(xml: bytes, _kit: Kit) -> bytes:
    """The envelope has a header that has to be understood, and nobody here understands it.

    It may change what the message means, so a receiver must not pass it over as if it were not there.
    """
    header = b'<soap:Header><x:y xmlns:x="urn:x" soap:mustUnderstand="1"/></soap:Header>'
    return xml.replace(b"<soap:Body>", header + b"<soap:Body>", 1)


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("malformed-envelope",),
    cites="SAML2Bind 3.2",
)
def envelope_of_another_version(xml: bytes, _kit: Kit) -> bytes:
    """The envelope is one of SOAP 1.2.

    The binding is defined for SOAP 1.1 alone. The sender has to be told to use that.
    """
    return xml.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope")


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("malformed-envelope",),
    cites="SAML2Bind 3.2",
)
def answer_without_an_envelope(xml: bytes, _kit: Kit) -> bytes:
    """The answer came without an envelope around it.

    The binding wants one, and a receiver that does without reads whatever it is given.
    """
    return xml.partition(b"<soap:Body>")[2].partition(_END)[0]


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("resolution-unanswered",),
    cites="SOAP 1.1 4.4",
)
def fault_for_an_answer(xml: bytes, _kit: Kit) -> bytes:
    """The other side answers with a fault.

    It could not even read the question. Its log says more.
    """
    opening = xml.partition(b"<soap:Body>")[0]
    told = b"<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no</faultstring></soap:Fault>"
    return opening + b"<soap:Body>" + told + _END


@fault(
    "D-02",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("forbidden-document-type",),
    cites="SOAP 1.1 3",
)
def document_type_in_the_envelope(xml: bytes, _kit: Kit) -> bytes:
    """The envelope has a document type with an entity in it.

    SOAP forbids document types, as SAML does. It is refused unread.
    """
    return b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml


@fault(
    "D-04",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("oversized-document",),
    cites="SAML2Bind 3.2",
)
def envelope_of_megabytes(xml: bytes, _kit: Kit) -> bytes:
    """Megabytes of comments stand in the envelope.

    Who is asked may answer anything. An envelope has room for a message and for little around it.
    """
    return xml.replace(_END, b"<!--" + b"x" * MAX_ENVELOPE + b"-->" + _END)
