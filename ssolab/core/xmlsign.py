"""Signing: enveloped in an element for POST and metadata, or detached over bytes for the redirect binding.

The signature is written as text that is canonical from birth, so that signing costs one canonicalisation of the element
and one operation with the private key.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.core.keys import digest_uri, signature_algorithm_for
from ssolab.core.xmlforms import canonical_in
from ssolab.core.xmlshape import Form
from ssolab.core.xmltree import DS, EC, SAML, Element, canonical, local_name, reparse

if TYPE_CHECKING:
    from ssolab.core.keys import SignatureAlgorithm, SigningCredential

_SIGNATURE: Final = f"{{{DS}}}Signature"
_ISSUER: Final = f"{{{SAML}}}Issuer"
_PREFIX: Final = "ds"


def sign(  # noqa: PLR0913  each option is one freedom of the standard
    element: Element,
    credential: SigningCredential,
    *,
    hash: str = "sha256",  # noqa: A002  the word of the standard
    pss: bool = False,
    digest_hash: str | None = None,
    key_info: bool = True,
    at: int | None = None,
    prefixes: str = "",
) -> None:
    """Put an enveloped signature over *element* into it (SAML2Core 5.4).

    The Reference names the element's ID, exclusive canonicalisation is used, with the InclusiveNamespaces *prefixes*
    (separated by spaces), and KeyInfo holds the certificate. The signature comes after saml:Issuer, else first, or at
    position *at* among the children. *digest_hash* is *hash* where it is not given.

    Raises:
        InputError: the element has no ID, is signed already, or the key cannot sign with that hash.
    """
    identifier = element.get("ID")
    if not identifier:
        raise InputError(local_name(element), "it has no ID that a signature can name", "give it an ID")
    issuer, signed = _landmarks(element)
    if signed:
        raise InputError(local_name(element), "it is signed already", "sign an element once")
    algorithm = signature_algorithm_for(credential.public, hash, pss=pss)
    digest_name = digest_hash or hash
    uri = digest_uri(digest_name)
    try:
        digested = canonical_in(element, Form(prefixes=tuple(prefixes.split())))
    except ValueError:
        problem = "it has no canonical form that we can write"
        raise InputError(local_name(element), problem, "use absolute namespaces, and no #default prefix") from None
    digest = base64.b64encode(getattr(hashlib, digest_name)(digested).digest()).decode()
    position = issuer if at is None else at
    certificate = credential.certificate.base64 if key_info else None

    # lxml maps a namespace that is declared around the new element to the prefix it has there, which changes the bytes
    # that are signed. So the prefix in use is taken up, and the result is looked at before it counts.
    prefix = next((prefix for prefix, uri in element.nsmap.items() if uri == DS), _PREFIX)
    for _ in range(3):
        info = _signed_info(prefix, algorithm, uri, digest, identifier, prefixes)
        value = base64.b64encode(algorithm.sign(credential.private, info)).decode()
        signature = reparse(_signature(prefix, info, value, certificate))
        element.insert(position, signature)
        if signature.prefix == prefix and (not prefixes or canonical(signature[0]) == info):
            return
        element.remove(signature)
        prefix = signature.prefix
    raise InputError(
        local_name(element), "its namespace prefixes clash with those of the signature", "rename its prefixes"
    )


def sign_detached(
    data: bytes,
    credential: SigningCredential,
    *,
    hash: str = "sha256",  # noqa: A002  the word of the standard
    pss: bool = False,
) -> tuple[SignatureAlgorithm, bytes]:
    """Sign raw bytes, as the redirect binding does with its query string (SAML2Bind 3.4.4.1).

    Raises:
        InputError: the key cannot sign with that hash.
    """
    algorithm = signature_algorithm_for(credential.public, hash, pss=pss)
    return algorithm, algorithm.sign(credential.private, data)


def _landmarks(element: Element) -> tuple[int, bool]:
    """Find where a signature belongs (after the Issuer, else first), and whether there is one already."""
    place, signed = 0, False
    for position, child in enumerate(element):
        tag: object = child.tag
        if tag == _ISSUER and not place:
            place = position + 1
        elif tag == _SIGNATURE:
            signed = True
    return place, signed


def _signed_info(  # noqa: PLR0913, PLR0917  one argument for each thing that varies
    prefix: str | None, algorithm: SignatureAlgorithm, digest_uri: str, digest: str, identifier: str, prefixes: str
) -> bytes:
    """Write SignedInfo in its exclusive canonical form."""
    names = f'<ec:InclusiveNamespaces xmlns:ec="{EC}" PrefixList="{_attribute(prefixes)}"></ec:InclusiveNamespaces>'
    p = f"{prefix}:" if prefix else ""
    return (
        f"<{p}SignedInfo{_declaration(prefix)}>"
        f'<{p}CanonicalizationMethod Algorithm="{EC}"></{p}CanonicalizationMethod>'
        f'<{p}SignatureMethod Algorithm="{algorithm.uri}"></{p}SignatureMethod>'
        f'<{p}Reference URI="#{_attribute(identifier)}"><{p}Transforms>'
        f'<{p}Transform Algorithm="{DS}enveloped-signature"></{p}Transform>'
        f'<{p}Transform Algorithm="{EC}">{names if prefixes else ""}</{p}Transform></{p}Transforms>'
        f'<{p}DigestMethod Algorithm="{digest_uri}"></{p}DigestMethod>'
        f"<{p}DigestValue>{digest}</{p}DigestValue></{p}Reference></{p}SignedInfo>"
    ).encode()


def _signature(prefix: str | None, info: bytes, value: str, certificate: str | None) -> bytes:
    p = f"{prefix}:" if prefix else ""
    shown = f"<{p}X509Data><{p}X509Certificate>{certificate}</{p}X509Certificate></{p}X509Data>"
    key_info = f"<{p}KeyInfo>{shown}</{p}KeyInfo>" if certificate else ""
    rest = f"<{p}SignatureValue>{value}</{p}SignatureValue>{key_info}</{p}Signature>"
    # The declaration stands on the outer element, so that the message does not repeat it.
    declaration = _declaration(prefix)
    return f"<{p}Signature{declaration}>".encode() + info.replace(declaration.encode(), b"", 1) + rest.encode()


def _declaration(prefix: str | None) -> str:
    return f' xmlns:{prefix}="{DS}"' if prefix else f' xmlns="{DS}"'


def _attribute(text: str) -> str:
    """Escape an attribute value as canonicalisation does (Canonical XML 1.0, 2.3)."""
    for character, escaped in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ('"', "&quot;"),
        ("\t", "&#x9;"),
        ("\n", "&#xA;"),
        ("\r", "&#xD;"),
    ):
        text = text.replace(character, escaped)
    return text
