"""Credentials over the fixed test keys, and a SAML Response to sign, for the tests and benchmarks of signatures."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any, Final

from ssolab.core.keys import SigningCredential, TrustedKey, credential_from
from ssolab.core.selfsigned import name_of, self_signed
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import SAML, SAMLP, Element, parse, serialise
from tests.keys import ec_test_key, test_key

RESPONSE: Final = f"""<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_r1" Version="2.0">
  <saml:Issuer>https://idp.example.org</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  <saml:Assertion ID="_a1" Version="2.0" IssueInstant="2027-01-04T09:00:00Z">
    <saml:Issuer>https://idp.example.org</saml:Issuer>
    <saml:Subject><saml:NameID>amira@greenmoor.org</saml:NameID></saml:Subject>
    <saml:AttributeStatement xmlns:xs="http://www.w3.org/2001/XMLSchema"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
      <saml:Attribute Name="mail"><saml:AttributeValue xsi:type="xs:string">a &amp; b &lt; ü</saml:AttributeValue>
      </saml:Attribute>
    </saml:AttributeStatement>
  </saml:Assertion>
</samlp:Response>""".encode()


@functools.cache
def credential(name: str, bits: int = 2048) -> SigningCredential:
    """A credential over a fixed test key: RSA by the names of keys.txt, EC by p256, p256b and p384."""
    private = ec_test_key(name) if name.startswith("p") and name[1:4].isdigit() else test_key(name, bits)
    certificate = self_signed(
        private=private,
        subject=name_of([("CN", name)]),
        serial=7,
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2021, 1, 1, tzinfo=UTC),  # long over: dates must never matter here
    )
    return credential_from(private, certificate, name)


def trusted(*credentials: SigningCredential) -> list[TrustedKey]:
    """The public halves, as trusted keys."""
    return [TrustedKey.of(each.certificate) for each in credentials]


def assertion(response: Element) -> Element:
    """The first Assertion directly below."""
    found = response.find(f"{{{SAML}}}Assertion")
    assert found is not None
    return found


def signed_response(
    signer: SigningCredential, *, what: str = "assertion", data: bytes = RESPONSE, **options: Any
) -> bytes:
    """RESPONSE with its assertion, itself, or both signed, as bytes."""
    root = parse(data, "response")
    if what in {"assertion", "both"}:
        sign(assertion(root), signer, **options)
    if what in {"response", "both"}:
        sign(root, signer, **options)
    return serialise(root)
