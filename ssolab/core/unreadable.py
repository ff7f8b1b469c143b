"""Why a document is not even looked into: it is empty, too large, no XML, or XML of a kind that nobody needs.

These end in an error and not in a report, since there is nothing to report on. Each has a code all the same, so that a
refusal can be explained and counted like any other.
"""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError


@barrier(cites="XML 2.1")
def empty_document(name: str, remedy: str) -> InputError:
    """There is nothing in the document.

    Nothing was sent, or it was lost on the way: a form without its field, a file that was never written. Send it again.
    """
    return InputError(name, "there is nothing in it", remedy)


@barrier()
def oversized_document(name: str, what: str, remedy: str = "give a smaller document") -> InputError:
    """The document is larger, deeper or more crowded than any honest one.

    Size, tags, depth, attributes and namespaces are bounded before anything is looked at, so that nobody can keep the
    reader busy. Honest messages stay far below; look at what its sender put in.
    """
    return InputError(name, what, remedy)


@barrier(cites="XML 4.3.3")
def unsupported_encoding(name: str, problem: str, remedy: str) -> InputError:
    """The bytes are in another encoding than they may be, or than they claim.

    UTF-8 is read, and UTF-16 that begins with its byte order mark. Two readers could see two texts in anything else.
    Have its sender write UTF-8 and declare it so.
    """
    return InputError(name, problem, remedy)


@barrier(cites="XML 2.1")
def not_xml(name: str, problem: str, remedy: str) -> InputError:
    """The document is no XML.

    It begins with something else than a tag. An error page, a JSON answer or a text that was saved in place of the
    message are the usual finds; give the XML itself.
    """
    return InputError(name, problem, remedy)


@barrier(cites="XML 2.1")
def malformed_xml(name: str, problem: str, remedy: str) -> InputError:
    """The document is not well-formed XML.

    Nothing is mended or guessed, since two readers would mend it differently. Parts that were cut off, a second root, a
    bare ampersand or a prefix without declaration are the usual causes; have its sender write it with an XML library.
    """
    return InputError(name, problem, remedy)


@barrier(cites="SAML2Core 1.3")
def forbidden_document_type(name: str) -> InputError:
    """The document has a DOCTYPE.

    Document types bring entities, which read files, reach into networks, grow without end and make two parsers see two
    texts. SAML needs none; have its sender leave it out, and treat a message with one as an attack.
    """
    return InputError(name, "the document has a DOCTYPE", "remove it; SAML forbids document types and entities")
