"""Metadata that is a strange document before it is metadata: types, entities, sizes, depths, and no XML at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import MAX_BYTES
from ssolab.faults.engine import Carrier, Nature, Stage, fault

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_FORBIDDEN: Final = ("forbidden-document-type",)
_TOO_LARGE: Final = ("oversized-document",)
_DEEP: Final = 10_000


def _headless(xml: bytes) -> bytes:
    """Leave out the XML declaration, which has to come first where there is one."""
    return xml.partition(b"?>")[2].lstrip() if xml.startswith(b"<?xml") else xml


@fault("D-01", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_FORBIDDEN, cites="CVE-2016-10127")
def external_entity_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The certificate in the metadata is an entity that stands for a file of the receiver.

    A parser that resolves it reads the file, and may show it in what it then complains about.
    """
    named = _headless(xml).replace(kit.own.certificate.base64.encode(), b"&x;")
    return b'<!DOCTYPE EntityDescriptor [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + named


@fault("D-02", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_FORBIDDEN, cites="CWE-776")
def document_type_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata has a document type, empty as it is.

    SAML needs none, so nobody has to find out which of them are harmless.
    """
    return b"<!DOCTYPE EntityDescriptor>" + _headless(xml)


@fault("D-04", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_TOO_LARGE)
def megabytes_of_metadata(xml: bytes, _kit: Kit) -> bytes:
    """Megabytes of comments stand behind the metadata.

    Its size is looked at before anything else. Federations as large as this are loaded by entity.
    """
    return xml + b"<!--" + b"x" * MAX_BYTES + b"-->"


@fault("D-05", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_TOO_LARGE)
def deep_nesting_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """Ten thousand elements stand inside one another in the metadata.

    Readers that go down step by step run out of stack. The depth is bounded before anything is read.
    """
    opening, _, rest = _headless(xml).partition(b">")
    return opening + b">" + b"<a>" * _DEEP + b"</a>" * _DEEP + rest


@fault("D-07", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=("malformed-xml",), cites="XML 2.4")
def bare_ampersand_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """An address in the metadata holds an ampersand that was not escaped.

    Salesforce's own download can hold one. Nothing is mended; it has to be written as an entity.
    """
    return xml.replace(b'Location="', b'Location="https://idp.example.org/?a=1&b=2&', 1)


@fault("D-07", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=("malformed-xml",), cites="XML 2.1")
def metadata_that_breaks_off(xml: bytes, _kit: Kit) -> bytes:
    """The metadata ends in the middle, as after a connection that broke.

    Half a document may lack the half that matters. It has to be fetched again.
    """
    return xml[: len(xml) // 2]


@fault("D-07", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=("empty-document",))
def nothing_for_metadata(_xml: bytes, _kit: Kit) -> bytes:
    """The file for the metadata is empty.

    It was opened for writing and never written.
    """
    return b""


@fault("D-07", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=("not-xml",))
def refusal_saved_as_metadata(_xml: bytes, _kit: Kit) -> bytes:
    """A JSON answer that says no was saved in place of the metadata.

    The address wants a login, or is not there any more. There is nothing to load.
    """
    return b'{"error": "invalid_session"}'
