"""Texts that two readers could read differently: interrupted by comments, split, or written in odd encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import find, named, put, reworded

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_NAME: Final = "saml:Assertion/saml:Subject/saml:NameID"
_VALUE: Final = "saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue"
SUFFIX: Final = ".attacker.example"
"""What follows the forged name where the whole name is one of the attacker's own."""


def _interrupted(element: Element, first: str, intruder: Element, rest: str) -> None:
    element.text = first
    intruder.tail = rest
    element.append(intruder)


def elsewhere_whole(root: Element, kit: Kit) -> Element:
    """Let attributes give the whole name, which is the attacker's own, so that only the cut one forges."""
    for value in root.iter(named("saml:AttributeValue")):
        if value.text == kit.forged:
            value.text = kit.forged + SUFFIX
    return root


@fault("T-01", Nature.ATTACK, Stage.TREE, trips=("name-id-not-whole",), cites="CVE-2017-11427")
def comment_in_the_name(root: Element, kit: Kit) -> Element:
    """A comment cuts the signed NameID in two.

    The identity provider vouches for somebody at a domain of the attacker's; a reader that stops at the comment sees
    somebody else. Canonicalisation drops comments, so the signature holds.
    """
    _interrupted(find(root, _NAME), kit.forged, etree.Comment(""), SUFFIX)
    return elsewhere_whole(root, kit)


@fault("T-01", Nature.ATTACK, Stage.WIRE, keeps=True, trips=("name-id-not-whole",), cites="CVE-2017-11427")
def comment_put_into_the_name_after_signing(xml: bytes, kit: Kit) -> bytes:
    """A comment is put into the NameID after it was signed.

    The digest does not change, since comments are not digested. Only whoever looks at the message as it came in sees
    it.
    """
    name = kit.genuine.encode()
    return xml.replace(name + b"</saml:NameID>", name[:3] + b"<!---->" + name[3:] + b"</saml:NameID>")


@fault("T-01", Nature.ATTACK, Stage.TREE, keeps=True, trips=("text-not-whole",), cites="CVE-2017-11427")
def comment_in_an_attribute(root: Element, kit: Kit) -> Element:
    """A comment cuts an attribute value in two.

    Where roles or addresses come from attributes, half a value is another value.
    """
    _interrupted(find(root, _VALUE), kit.forged, etree.Comment("cut"), SUFFIX)
    return root


@fault("T-01", Nature.ATTACK, Stage.TREE, trips=("text-not-whole",), cites="CVE-2017-11427", lax=True)
def comment_in_the_audience(root: Element, kit: Kit) -> Element:
    """A comment stands inside the Audience, which is the right one once it is joined.

    A reader that stops at the comment and one that joins disagree about whom the assertion is for.
    """
    audience = find(root, "saml:Assertion/saml:Conditions/saml:AudienceRestriction/saml:Audience")
    _interrupted(audience, kit.recipient[:9], etree.Comment(""), kit.recipient[9:])
    return root


@fault("T-02", Nature.ATTACK, Stage.TREE, trips=("name-id-not-whole",), cites="SAML2Core 2.2.2")
def instruction_in_the_name(root: Element, kit: Kit) -> Element:
    """A processing instruction cuts the signed NameID in two.

    Like a comment, but it is digested, so it was signed as well. No honest identity provider writes one there.
    """
    _interrupted(find(root, _NAME), kit.forged, etree.ProcessingInstruction("x"), SUFFIX)
    return elsewhere_whole(root, kit)


@fault("T-02", Nature.ATTACK, Stage.WIRE, trips=("digest-mismatch", "name-id-not-whole"), cites="SAML2Core 2.2.2")
def instruction_put_into_the_name_after_signing(xml: bytes, kit: Kit) -> bytes:
    """A processing instruction is put into the NameID after it was signed.

    Unlike comments they are digested, so the digest no longer fits what arrives.
    """
    name = kit.forged.encode()
    return xml.replace(name + b"</saml:NameID>", name[:3] + b"<?x?>" + name[3:] + b"</saml:NameID>")


@fault("T-03", Nature.ATTACK, Stage.TREE, trips=("name-id-not-whole",), cites="SAML2Core 2.2.2")
def element_in_the_name(root: Element, kit: Kit) -> Element:
    """An element stands inside the signed NameID.

    One reader takes the text before it, another all the text within. A NameID holds text and nothing else.
    """
    _interrupted(find(root, _NAME), kit.forged, etree.Element("b"), SUFFIX)
    return elsewhere_whole(root, kit)


@fault("T-03", Nature.LEGITIMATE, Stage.WIRE, cites="XML 2.7")
def name_in_a_cdata_section(xml: bytes, kit: Kit) -> bytes:
    """The NameID is written as a CDATA section, after it was signed.

    It is the same text in another spelling: canonicalisation and every sound reader see no difference.
    """
    name = kit.genuine.encode()
    return xml.replace(name + b"</saml:NameID>", b"<![CDATA[" + name + b"]]></saml:NameID>")


@fault("T-03", Nature.LEGITIMATE, Stage.WIRE, cites="XML 4.1")
def name_with_character_references(xml: bytes, kit: Kit) -> bytes:
    """Letters of the NameID are written as character references, after it was signed.

    It is the same text in another spelling, so every sound reader sees the same name.
    """
    name = kit.genuine.encode()
    return xml.replace(name + b"</saml:NameID>", b"&#x%x;" % name[0] + name[1:] + b"</saml:NameID>")


@fault("T-06", Nature.LEGITIMATE, Stage.WIRE, cites="XML 4.3.3")
def written_in_utf_16(xml: bytes, _kit: Kit) -> bytes:
    """The message is written in UTF-16 with its byte order mark.

    XML readers have to know it, and the signature is over the characters.
    """
    return xml.decode().encode("utf-16")


@fault("T-06", Nature.LEGITIMATE, Stage.WIRE, cites="XML 4.3.3")
def byte_order_mark(xml: bytes, _kit: Kit) -> bytes:
    """The message begins with the byte order mark of UTF-8.

    Some programs write it before every text. It is no part of the document.
    """
    return b"\xef\xbb\xbf" + xml


@fault("T-06", Nature.ATTACK, Stage.WIRE, trips=("unsupported-encoding",), cites="XML 4.3.3")
def declared_as_utf_7(xml: bytes, _kit: Kit) -> bytes:
    """The message says that it is UTF-7.

    A reader that believes it sees other characters than one that does not. Only UTF-8 and UTF-16 come in.
    """
    return b'<?xml version="1.0" encoding="UTF-7"?>' + xml


@fault("T-06", Nature.MISTAKE, Stage.WIRE, trips=("unsupported-encoding",), cites="XML 4.3.3", lax=True)
def declared_as_latin_1(xml: bytes, _kit: Kit) -> bytes:
    """The message says that it is ISO-8859-1.

    A letter beyond ASCII then reads differently for whoever believes the declaration.
    """
    return b'<?xml version="1.0" encoding="ISO-8859-1"?>' + xml


@fault("T-06", Nature.ATTACK, Stage.WIRE, trips=("unsupported-encoding",), cites="RFC 3629 3")
def overlong_letter(xml: bytes, kit: Kit) -> bytes:
    """One letter of the name is written in two bytes where UTF-8 has one.

    Lenient decoders take it for the letter, strict ones refuse it, so a filter and a reader see two names.
    """
    name = kit.forged.encode() + b"</saml:NameID>"
    return xml.replace(name, bytes([0xC0 | name[0] >> 6, 0x80 | name[0] & 0x3F]) + name[1:])


@fault("T-06", Nature.ATTACK, Stage.WIRE, trips=("unsupported-encoding",), cites="XML 2.2")
def nul_in_the_name(xml: bytes, kit: Kit) -> bytes:
    """A NUL byte ends the name for programs that are written in C.

    XML knows no such character, so no sound reader gets that far.
    """
    return xml.replace(kit.forged.encode() + b"</saml:NameID>", kit.forged.encode() + b"\0x</saml:NameID>")


@fault("T-06", Nature.ATTACK, Stage.WIRE, trips=("unsupported-encoding",), cites="RFC 3629 3")
def lone_surrogate(xml: bytes, kit: Kit) -> bytes:
    """The name ends with one half of a surrogate pair, encoded as if it were a character.

    That is no UTF-8, and what decoders make of it differs: a filter and a reader may see two names.
    """
    return xml.replace(kit.forged.encode() + b"</saml:NameID>", kit.forged.encode() + b"\xed\xa0\x80</saml:NameID>")


@fault("T-11", Nature.ATTACK, Stage.TREE, trips=("issuer-mismatch", "issuer-not-key-holder"), cites="SAML2Core 1.3.2")
def issuers_with_a_slash(root: Element, _kit: Kit) -> Element:
    """Both Issuers end with a slash that the identity provider's entityID does not have.

    Entity identifiers are compared character by character; one more character is somebody else.
    """
    for path in ("saml:Issuer", "saml:Assertion/saml:Issuer"):
        reworded(root, path, f"{find(root, path).text}/")
    return root


@fault("O-01", Nature.ATTACK, Stage.TREE, trips=("audience-mismatch",), cites="SAML2Core 2.5.1.4")
def line_breaks_in_the_audience(root: Element, _kit: Kit) -> Element:
    """The audience is a text of several lines that looks like a log of its own.

    It is refused as any other wrong audience; a log or terminal that shows it must not take it for lines of its own.
    """
    text = "https://sp.example\n2027-01-04 login accepted: admin\r\u2028\u202eevil"
    return reworded(root, "saml:Assertion/saml:Conditions/saml:AudienceRestriction/saml:Audience", text)


@fault("O-04", Nature.ATTACK, Stage.TREE, trips=("issuer-mismatch", "issuer-not-key-holder"), cites="SAML2Core 2.2.5")
def issuers_that_are_paths(root: Element, _kit: Kit) -> Element:
    """Both Issuers are a path that leads out of a folder.

    Whoever looks metadata up in a file named after the issuer would read another file. Names from messages are
    compared, never opened.
    """
    for path in ("saml:Issuer", "saml:Assertion/saml:Issuer"):
        reworded(root, path, "../../../../etc/passwd")
    return put(root, ".")
