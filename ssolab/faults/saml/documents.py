"""Documents that attack the parser rather than the reader: types, entities, sizes, depths, and no XML at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.saml.bindings import MAX_MESSAGE

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_DEEP: Final = 100_000
_MANY: Final = 1_000
_BOMB: Final = 10 << 20
_FORBIDDEN: Final = ("forbidden-document-type",)


def _with_type(xml: bytes, inside: str) -> bytes:
    return f"<!DOCTYPE Response [{inside}]>".encode() + xml


@fault("D-01", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="CVE-2016-10127")
def external_entity_file(xml: bytes, kit: Kit) -> bytes:
    """An entity in the name stands for a file of the receiver.

    A parser that resolves it shows the file to whoever sees the name, or sends it away. Document types are refused
    unread.
    """
    named = xml.replace(kit.forged.encode() + b"</saml:NameID>", b"&x;</saml:NameID>")
    return _with_type(named, '<!ENTITY x SYSTEM "file:///etc/hostname">')


@fault("D-01", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="CVE-2021-27736")
def external_entity_address(xml: bytes, _kit: Kit) -> bytes:
    """An entity stands for an address in the receiver's network.

    A parser that resolves it asks there on behalf of the attacker.
    """
    return _with_type(xml, '<!ENTITY x SYSTEM "http://127.0.0.1:9/latest/meta-data">')


@fault("D-01", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="XML 4.4.8")
def parameter_entity(xml: bytes, _kit: Kit) -> bytes:
    """A parameter entity fetches a document type from elsewhere.

    It works in parsers that resolve no entity of the text, since it is resolved while the type is read.
    """
    return _with_type(xml, '<!ENTITY % x SYSTEM "http://127.0.0.1:9/evil.dtd"> %x;')


@fault("D-02", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="CWE-776")
def billion_laughs(xml: bytes, kit: Kit) -> bytes:
    """Entities made of entities grow to a thousand million times their length.

    A few hundred bytes fill the memory of a parser that expands them. Document types are refused unread.
    """
    rows = [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)]
    named = xml.replace(kit.forged.encode() + b"</saml:NameID>", b"&a9;</saml:NameID>")
    return _with_type(named, '<!ENTITY a0 "ha">' + "".join(rows))


@fault("D-02", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="CWE-776")
def quadratic_blow_up(xml: bytes, kit: Kit) -> bytes:
    """One long entity is used many times.

    It stays below limits on nesting, and grows with the square of the message's length.
    """
    named = xml.replace(kit.forged.encode() + b"</saml:NameID>", b"&a;" * 2_000 + b"</saml:NameID>")
    return _with_type(named, f'<!ENTITY a "{"a" * 20_000}">')


@fault("T-04", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="CVE-2025-25291", lax=True)
def document_type_that_says_nothing(xml: bytes, _kit: Kit) -> bytes:
    """The message has an empty DOCTYPE.

    Two parsers of one program have disagreed about documents with one, and so verified one message and read another.
    """
    return b"<!DOCTYPE Response>" + xml


@fault("T-05", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="CVE-2025-23369")
def id_by_an_entity(xml: bytes, _kit: Kit) -> bytes:
    """The ID of the Response is spelt by an entity.

    One reader compares the entity's text, another its name, so they find different elements for one Reference.
    """
    return _with_type(xml.replace(b' ID="_', b' ID="&u;', 1), '<!ENTITY u "_">')


@fault("T-05", Nature.ATTACK, Stage.WIRE, trips=_FORBIDDEN, cites="XML 3.3.1")
def attribute_declared_as_an_id(xml: bytes, _kit: Kit) -> bytes:
    """The document type declares another attribute of an assertion to be its ID.

    A verifier that believes it looks up other elements than one that knows what SAML calls an ID.
    """
    return _with_type(xml, "<!ATTLIST saml:Conditions NotBefore ID #IMPLIED>")


@fault("D-05", Nature.ATTACK, Stage.WIRE, trips=("oversized-document",), cites="CWE-674")
def deep_nesting(_xml: bytes, _kit: Kit) -> bytes:
    """The message is a hundred thousand elements, each inside the one before.

    Programs that walk it by calling themselves run out of stack, so the depth is bounded while parsing.
    """
    return b"<a>" * _DEEP + b"</a>" * _DEEP


@fault("D-05", Nature.ATTACK, Stage.WIRE, trips=("oversized-document",), cites="CWE-400", lax=True)
def crowd_of_attributes(xml: bytes, _kit: Kit) -> bytes:
    """One element has a thousand attributes.

    Canonicalisation sorts them, and some parsers compare each with each.
    """
    crowd = b" ".join(b'a%d=""' % number for number in range(_MANY))
    return xml.replace(b"<samlp:Status>", b"<samlp:Status " + crowd + b">")


@fault("D-05", Nature.ATTACK, Stage.WIRE, trips=("oversized-document",), cites="CWE-400", lax=True)
def crowd_of_namespaces(xml: bytes, _kit: Kit) -> bytes:
    """One element declares a thousand namespaces.

    Canonicalisation looks through all that are in scope, at every element below.
    """
    crowd = b" ".join(b'xmlns:n%d="urn:n%d"' % (number, number) for number in range(_MANY))
    return xml.replace(b"<samlp:Status>", b"<samlp:Status " + crowd + b">")


@fault("D-04", Nature.ATTACK, Stage.WIRE, trips=("oversized-message",), cites="CVE-2025-54572", lax=True)
def megabytes_of_comments(xml: bytes, _kit: Kit) -> bytes:
    """A valid message is followed by more white space than a message may have bytes.

    Size has to be looked at in the form in which the message arrives and again after it was decoded.
    """
    return xml + b" " * MAX_MESSAGE


@fault("X-30", Nature.ATTACK, Stage.WIRE, trips=("malformed-xml",), cites="XML 2.1")
def second_root(xml: bytes, _kit: Kit) -> bytes:
    """A second message follows the first one in the same document.

    XML has one root. Readers that stop after the first, or begin with the last, see different messages.
    """
    return xml + xml


@fault("D-07", Nature.MISTAKE, Stage.WIRE, trips=("malformed-xml",), cites="XML 2.1")
def cut_off(xml: bytes, _kit: Kit) -> bytes:
    """The second half of the message is missing.

    A limit on the length of form fields, or a copy that was not complete.
    """
    return xml[: len(xml) // 2]


@fault("D-07", Nature.MISTAKE, Stage.WIRE, trips=("not-xml",), cites="XML 2.1")
def json_instead(_xml: bytes, _kit: Kit) -> bytes:
    """The field holds JSON.

    An answer of another interface was put into the form.
    """
    return b'{"error": "access_denied"}'


@fault("D-07", Nature.MISTAKE, Stage.WIRE, trips=("message-missing",), cites="SAML2Bind 3.5.4")
def nothing_sent(_xml: bytes, _kit: Kit) -> bytes:
    """The field is there and empty.

    The sender failed after it had begun to write its form.
    """
    return b""


@fault("D-07", Nature.MISTAKE, Stage.WIRE, trips=("unexpected-message",), cites="SAML2Core 3.2")
def page_instead(_xml: bytes, _kit: Kit) -> bytes:
    """The field holds a page of HTML that happens to be well-formed.

    An error page of the identity provider was sent in place of a message.
    """
    return b"<html><body><h1>Sign-in error</h1></body></html>"


@fault(
    "D-03",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.REQUEST,
    signs=("query",),
    trips=("oversized-message",),
    cites="CVE-2026-2575",
)
def deflate_bomb(xml: bytes, _kit: Kit) -> bytes:
    """A request of ten megabytes travels as ten kilobytes, since blanks compress well.

    Inflating has to stop at what a message may have, however few bytes of the address it takes.
    """
    return xml + b" " * _BOMB
