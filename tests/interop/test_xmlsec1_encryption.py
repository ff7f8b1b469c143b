"""The xmlsec1 program opens what we encrypt, and we open what it encrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lxml import etree

from ssolab.core.xmltree import SAML, parse
from ssolab.saml.checks import accept
from tests.interop.programs import needs, output_of, refused_by
from tests.keys import test_key
from tests.saml.samples import expected
from tests.saml.test_decryption import NAME, OURS, message

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("xmlsec1")

# The URIs that xmlsec1 1.2.37 of Debian 12 knows; xmlenc11#rsa-oaep came with 1.3, python-xmlsec covers it.
CONTENTS = ("aes128-gcm", "aes256-gcm", "aes128-cbc", "aes256-cbc", "tripledes-cbc")
TEMPLATE = """<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"
  Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{content}"/>
  <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>
  <xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/><ds:KeyInfo><ds:KeyName/>
  </ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>
  <xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"""


def private_file(folder: Path, name: str) -> Path:
    path = folder / f"{name}.pem"
    path.write_bytes(test_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.mark.parametrize("content", CONTENTS)
def test_xmlsec1_opens_what_we_encrypt_and_with_another_key_does_not(content: str, tmp_path: Path) -> None:
    file = tmp_path / "hidden.xml"
    file.write_bytes(message(content=content))

    clear = output_of("xmlsec1", "--decrypt", "--privkey-pem", private_file(tmp_path, "sp"), file)

    assert NAME.encode() in clear
    refused_by("xmlsec1", "--decrypt", "--privkey-pem", private_file(tmp_path, "other"), file)


@pytest.mark.parametrize(
    ("uri", "session", "name"),
    [
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "aes-128", "aes128-cbc"),
        ("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", "des-192", "tripledes-cbc"),
        ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "aes-256", "aes256-gcm"),
    ],
)
def test_we_accept_a_signed_assertion_that_xmlsec1_encrypted(uri: str, session: str, name: str, tmp_path: Path) -> None:
    template, clear, public = (tmp_path / each for each in ("template.xml", "clear.xml", "public.pem"))
    template.write_text(TEMPLATE.format(content=uri), "utf-8")
    root = parse(message("name-id", sign_as="assertion"), "message")
    genuine = root.find(f"{{{SAML}}}Assertion")
    assert genuine is not None
    shell = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML})
    root.replace(genuine, shell)
    shell.append(genuine)
    clear.write_bytes(etree.tostring(root))
    pem = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(test_key("sp").public_key().public_bytes(*pem))

    hidden = output_of(
        "xmlsec1", "--encrypt", "--pubkey-pem", public, "--session-key", session, "--xml-data", clear,
        "--node-xpath", "/*/*[local-name()='EncryptedAssertion']/*", template,
    )  # fmt: skip
    report = accept(hidden, expected(decryption=(OURS,)))

    assert report.principal is not None
    assert report.principal.name_id == NAME
    assert report.decryption[0].content == name
