"""The xmlsec1 program verifies what we sign, and refuses it once a byte was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from lxml import etree

from ssolab.core.keys import new_private_key
from ssolab.core.xmldsig import sign
from tests.interop.pair import credential
from tests.interop.programs import needs, output_of, refused_by
from tests.keys import ec_test_key, test_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ssolab.core.keys import PrivateKey

pytestmark = needs("xmlsec1")

RESPONSE = b"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
  xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_response" Version="2.0" IssueInstant="2027-01-04T09:00:00Z">
  <saml:Issuer>https://idp.example/</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  <saml:Assertion ID="_assertion" Version="2.0" IssueInstant="2027-01-04T09:00:00Z">
    <saml:Issuer>https://idp.example/</saml:Issuer>
    <saml:Subject><saml:NameID>amira &amp; ein &#228;</saml:NameID></saml:Subject>
  </saml:Assertion>
</samlp:Response>"""
IDS = (
    "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
    "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
)  # fmt: skip
SIGNATURE_OF = "/*[local-name()='{}']/*[local-name()='Signature']"
RESPONSE_SIGNATURE = SIGNATURE_OF.format("Response")
ASSERTION_SIGNATURE = "/*[local-name()='Response']" + SIGNATURE_OF.format("Assertion")


def signed(private: PrivateKey, parts: str, hashed: str = "sha256") -> bytes:
    root = etree.fromstring(RESPONSE)
    own = credential("signer", private)
    if parts in {"assertion", "both"}:
        sign(root[2], own, hash=hashed)
    if parts in {"response", "both"}:
        sign(root, own, hash=hashed)
    return etree.tostring(root)


def arguments(document: bytes, private: PrivateKey, which: str, folder: Path) -> list[str | Path]:
    key, file = folder / "public.pem", folder / "signed.xml"
    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key.write_bytes(private.public_key().public_bytes(*pem))
    file.write_bytes(document)
    return ["--verify", "--pubkey-pem", key, *IDS, "--node-xpath", which, file]


# RSA-PSS is left out: xmlsec1 knows it from 1.3.0 on, Debian 12 has 1.2.37. Opinions of signxml and xmlsec cover it.
SIGNERS: dict[str, tuple[Callable[[], PrivateKey], str]] = {
    "rsa-sha256": (lambda: test_key("idp"), "sha256"),
    "rsa-sha384": (lambda: test_key("idp"), "sha384"),
    "rsa-sha512": (lambda: test_key("idp"), "sha512"),
    "ecdsa-p256-sha256": (lambda: ec_test_key("p256"), "sha256"),
    "ecdsa-p384-sha384": (lambda: ec_test_key("p384"), "sha384"),
    "ecdsa-p521-sha512": (lambda: new_private_key("EC", 521), "sha512"),
}


@pytest.mark.parametrize("name", SIGNERS)
@pytest.mark.parametrize("parts", ["assertion", "response", "both"])
def test_xmlsec1_verifies_every_signature_that_we_make(name: str, parts: str, tmp_path: Path) -> None:
    make, hashed = SIGNERS[name]
    private = make()
    document = signed(private, parts, hashed=hashed)

    for part, which in (("assertion", ASSERTION_SIGNATURE), ("response", RESPONSE_SIGNATURE)):
        if parts in {part, "both"}:
            output_of("xmlsec1", *arguments(document, private, which, tmp_path))


def test_xmlsec1_refuses_our_signature_over_other_content_or_by_another_key(tmp_path: Path) -> None:
    document = signed(test_key("idp"), "assertion")

    forged = document.replace(b"amira", b"admin")
    refused_by("xmlsec1", *arguments(forged, test_key("idp"), ASSERTION_SIGNATURE, tmp_path))
    refused_by("xmlsec1", *arguments(document, test_key("other"), ASSERTION_SIGNATURE, tmp_path))
