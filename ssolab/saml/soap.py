"""The envelope in which messages go from server to server: SOAP 1.1, and of that only what SAML2Bind 3.2 uses.

One Body with one message in it. What a reader could pass over and another could obey (headers that must be understood,
a second body) is refused, and the message is handed on as a document of its own, with its namespaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.core.xmltree import elements, local_name, parse, serialise
from ssolab.saml.bindings import MAX_MESSAGE
from ssolab.saml.fields import SPACE, Parts, text
from ssolab.saml.unresolvable import EnvelopeError, FaultCode, malformed_envelope
from ssolab.saml.writing import write

if TYPE_CHECKING:
    from typing import Self

    from ssolab.core.xmltree import Element

__all__ = [
    "ENVELOPE",
    "MAX_ENVELOPE",
    "EnvelopeError",
    "Fault",
    "FaultCode",
    "FaultError",
    "is_envelope",
    "unwrap",
    "wrap",
]

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE: Final = f"{{{_SOAP}}}Envelope"
MAX_ENVELOPE: Final = MAX_MESSAGE + (64 << 10)
"""Bytes that an envelope may have: the largest message, and room for what is around it."""
_HEADER = f"{{{_SOAP}}}Header"
_BODY = f"{{{_SOAP}}}Body"
_FAULT = f"{{{_SOAP}}}Fault"
_MUST_UNDERSTAND = f"{{{_SOAP}}}mustUnderstand"
_OPENING = f'<soap:Envelope xmlns:soap="{_SOAP}"><soap:Body>'.encode()
_CLOSING = b"</soap:Body></soap:Envelope>"


class FaultError(InputError):
    """The other side answered with a fault, and so with no message at all."""

    code = "resolution-unanswered"

    def __init__(self, name: str, fault: Fault) -> None:
        problem = f"the answer is a SOAP fault: {fault.code}, {fault.text!r}"
        super().__init__(name, problem, "look into the log of the side that answered, at the same moment")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a side could not even read what it was sent (SOAP 1.1, 4.4); `code` is without its prefix."""

    code: str
    text: str

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a Fault.

        Raises:
            InputError: it holds no code, or a part of it twice.
        """
        parts = Parts(element, document)
        words = parts.one("faultstring")
        code = text(parts.needed("faultcode"), document).strip(SPACE)
        return cls(code.rpartition(":")[2], "" if words is None else text(words, document).strip(SPACE))

    def write(self) -> bytes:
        """Write the whole envelope that says so."""
        element = write(None, _FAULT, nsmap={"soap": _SOAP})
        write(element, "faultcode", content=f"soap:{self.code}")
        write(element, "faultstring", content=self.text)
        return wrap(serialise(element))


def wrap(message: bytes) -> bytes:
    """Put a message into an envelope, to the byte: a tree would give its prefixes other names and break signatures.

    Args:
        message: one well-formed element without an XML declaration, as `seal` and `serialise` write it.
    """
    return _OPENING + message + _CLOSING


def is_envelope(root: Element) -> bool:
    """Say whether this is an envelope, of whatever version."""
    return str(root.tag).endswith("}Envelope")


def unwrap(data: bytes, name: str) -> bytes:
    """Open an envelope and give its one message as a document of its own.

    Raises:
        EnvelopeError: it is no envelope, or one that could be read in two ways.
        FaultError: it holds a fault.
        InputError: it is no XML, or too large.
    """
    root = parse(data, name, max_bytes=MAX_ENVELOPE)
    if root.tag != ENVELOPE:
        if is_envelope(root):
            problem = f"the envelope is of another version of SOAP ({str(root.tag)[1:].partition('}')[0]})"
            raise malformed_envelope(name, problem, "send SOAP 1.1", "VersionMismatch")
        raise malformed_envelope(
            name, f"this is {local_name(root)}, not a SOAP envelope", "send it in a SOAP 1.1 envelope"
        )
    inside = elements(root)
    if inside and inside[0].tag == _HEADER:
        _pass_over(inside.pop(0), name)
    if [each.tag for each in inside] != [_BODY]:
        found = ", ".join(local_name(each) for each in inside[:5]) or "nothing"
        raise malformed_envelope(
            name, f"the envelope holds {found}, not one Body", "send one Body, after the Header if any"
        )
    (body,) = inside
    messages = elements(body)
    if len(messages) != 1 or _has_text(root) or _has_text(body):
        problem = f"the Body holds {len(messages)} elements" if len(messages) != 1 else "text stands beside the message"
        raise malformed_envelope(name, problem, "send one message in one Body, and nothing beside it")
    (message,) = messages
    if message.tag == _FAULT:
        raise FaultError(name, Fault.read(message, name))
    return serialise(message)


def _pass_over(header: Element, name: str) -> None:
    """Let a Header pass that may be ignored."""
    for each in elements(header):
        if each.get(_MUST_UNDERSTAND, "0").strip(SPACE) not in {"0", "false"}:
            problem = f"the header {local_name(each)} has to be understood, and nobody here does"
            raise malformed_envelope(name, problem, "send it without that header", "MustUnderstand")


def _has_text(element: Element) -> bool:
    """Say whether text other than white space stands directly in an element."""
    return bool((element.text or "").strip(SPACE)) or any((each.tail or "").strip(SPACE) for each in element)
