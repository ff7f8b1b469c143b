"""Times our signatures against the limit that libxml2 and OpenSSL set, and against xmlsec and signxml.

    python -m tests.bench.signatures [rounds]

Rounds are interleaved and the fastest one counts, since the machine is shared: ratios within one run hold, single times
do not. Exits 1 when a figure of the first release is missed.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import xmlsec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier

from ssolab.core.opinions import _envelope
from ssolab.core.xmldsig import sign, verify
from ssolab.core.xmltree import DS, SAML, SAMLP, Element, parse, serialise
from tests.core.signing import assertion, credential, signed_response, trusted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmldsig import Signed

ROUNDS: Final = 250
CALLS: Final = 4
VERIFY_LIMIT: Final = 2.0
SIGN_LIMIT: Final = 1.4
SIZE: Final = range(4_600, 6_000)  # bytes: "the same 5 KB response"


def response() -> bytes:
    """An unsigned Response of ordinary size: subject, conditions, authentication statement, eight attributes."""
    value = '<saml:AttributeValue xsi:type="xs:string">Amira Okonkwo, the {0}th value</saml:AttributeValue>'
    attributes = "".join(
        f'<saml:Attribute Name="urn:oid:2.5.4.{number}"'
        f' NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">{value.format(number)}</saml:Attribute>'
        for number in range(8)
    )
    when, later, sp = "2027-01-04T09:00:00Z", "2027-01-04T09:05:00Z", "http://sp.example.com/demo1"
    asked, urn = "ONELOGIN_4fee3b046395c4e751011e97f8900b5273d56685", "urn:oasis:names:tc:SAML:2.0"
    issuer = "<saml:Issuer>http://idp.example.com/metadata.php</saml:Issuer>"
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_8e8dc5f69a98cc4c1ff3427e5ce34606fd672f91e6"'
        f' Version="2.0" IssueInstant="{when}" Destination="{sp}/index.php?acs" InResponseTo="{asked}">{issuer}'
        f'<samlp:Status><samlp:StatusCode Value="{urn}:status:Success"/></samlp:Status>'
        '<saml:Assertion xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_d71a3a8e9fcc45c9e9d248ef7049393fc8f04e5f75" Version="2.0"'
        f' IssueInstant="{when}">{issuer}<saml:Subject><saml:NameID Format="{urn}:nameid-format:transient">'
        "_ce3d2948b4cf20146dee0a0b3dd6f69b6cf86f62d7</saml:NameID>"
        f'<saml:SubjectConfirmation Method="{urn}:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{later}"'
        f' Recipient="{sp}/index.php?acs" InResponseTo="{asked}"/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="2027-01-04T08:59:30Z" NotOnOrAfter="{later}"><saml:AudienceRestriction>'
        f"<saml:Audience>{sp}/metadata.php</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{when}" SessionIndex="_be9967abd904ddcae3c0eb4189adbe3f71e327cf93">'
        f"<saml:AuthnContext><saml:AuthnContextClassRef>{urn}:ac:classes:Password</saml:AuthnContextClassRef>"
        "</saml:AuthnContext></saml:AuthnStatement>"
        f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"
    ).encode()


def fastest(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of one call of each job: the fastest of interleaved rounds."""
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(rounds):
        for name, job in jobs.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                job()
            best[name] = min(best[name], (time.perf_counter() - start) / CALLS)
    return best


def floor_of_verifying(data: bytes, signer: SigningCredential) -> Callable[[], None]:
    """Parse, two canonicalisations, a digest and one operation with the public key: what nobody can do without."""
    root = parse(data, "response")
    info = root.find(f".//{{{DS}}}SignedInfo")
    value = root.find(f".//{{{DS}}}SignatureValue")
    assert info is not None
    assert value is not None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, collect_ids=False)
    covered = etree.tostring(info, method="c14n", exclusive=True)
    public = signer.public
    found = verify(assertion(root), trusted(signer)).signed
    assert found is not None
    algorithm, signature = found.algorithm, _value(value.text)

    def floor() -> None:
        tree = etree.fromstring(data, parser)
        element = tree[2]
        etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
        etree.tostring(element[1][0], method="c14n", exclusive=True, with_comments=False)
        hashlib.sha256(found.canonical).digest()
        algorithm.verify(public, signature, covered)

    return floor


def _value(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def verifiers(data: bytes, signer: SigningCredential) -> dict[str, Callable[[], object]]:
    """Every verifier from bytes to verdict, its keys loaded once; ours hands back the signed element, parsed again."""
    keys = trusted(signer)
    pem = signer.public.crypto.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    envelope = _envelope(signer.public.spki)
    config = SignatureConfiguration(location=f"./{{{SAML}}}Assertion/")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)

    def verdict() -> Signed:
        signed = verify(parse(data, "response")[2], keys).signed
        if signed is None:
            raise SystemExit("ours refuses the benchmark's own message")
        return signed

    def ours() -> Element:
        return verdict().element

    def by_xmlsec() -> None:
        element = etree.fromstring(data, parser)[2]
        context = xmlsec.SignatureContext()
        context.register_id(element, "ID")
        context.key = key
        context.verify(element[1])

    def by_signxml() -> None:
        verifier = XMLVerifier()
        verifier.verify(data, x509_cert=envelope, expect_config=config, id_attribute="ID", validate_schema=False)

    return {"ssolab": ours, "ssolab, verdict alone": verdict, "xmlsec": by_xmlsec, "signxml": by_signxml}


def signers(data: bytes, signer: SigningCredential) -> dict[str, Callable[[], object]]:
    """The bare private-key operation, and ours from bytes to bytes and from a parsed element."""
    private = signer.private
    if isinstance(private, rsa.RSAPrivateKey):
        bare: Callable[[], object] = partial(private.sign, b"x" * 700, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        bare = partial(private.sign, b"x" * 700, ec.ECDSA(hashes.SHA256()))

    def ours() -> bytes:
        root = parse(data, "response")
        sign(root[2], signer)
        return serialise(root)

    return {"private-key operation": bare, "ssolab, bytes to bytes": ours}


def table(title: str, times: dict[str, float], base: str) -> None:
    """Print the times in µs and as multiples of *base*."""
    print(title)  # noqa: T201  this script is a report
    for name, seconds in times.items():
        print(f"  {name:28} {seconds * 1e6:9.1f} µs  {seconds / times[base]:6.2f} x")  # noqa: T201  as above


def main(arguments: list[str]) -> int:
    """Run the benchmark and say whether each figure is met."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    missed: list[str] = []

    def claim(met: Any, words: str) -> None:
        if not met:
            missed.append(words)
        print(f"  {'met   ' if met else 'MISSED'} {words}")  # noqa: T201  as above

    for name in ("idp", "large", "p256"):
        signer = credential(name, 4096 if name == "large" else 2048)
        plain = response()
        data = signed_response(signer, data=plain)
        limit = "parse + 2 c14n + digest + key"
        verifying = fastest({limit: floor_of_verifying(data, signer), **verifiers(data, signer)}, rounds)
        signing = fastest(signers(plain, signer), rounds)
        table(f"verify, {signer.public.text}, {len(data):,} bytes", verifying, limit)
        ratio = verifying["ssolab"] / verifying[limit]
        # A verdict is all that xmlsec gives; signxml hands back what was signed, as ours does.
        xmlsec_takes = verifying["xmlsec"] / verifying["ssolab, verdict alone"]
        signxml_takes = verifying["signxml"] / verifying["ssolab"]
        if name == "idp":
            claim(len(data) in SIZE, f"the response has about 5 KB ({len(data):,} bytes)")
        claim(ratio <= VERIFY_LIMIT, f"verifying takes {ratio:.2f} x the limit, at most {VERIFY_LIMIT}")
        claim(xmlsec_takes > 1, f"xmlsec takes {xmlsec_takes:.2f} x ours, each for its verdict")
        claim(signxml_takes > 1, f"signxml takes {signxml_takes:.2f} x ours, each with the element that was signed")
        table(f"sign, {signer.public.text}", signing, "private-key operation")
        if name == "idp":
            ratio = signing["ssolab, bytes to bytes"] / signing["private-key operation"]
            claim(ratio <= SIGN_LIMIT, f"signing takes {ratio:.2f} x the private-key operation, at most {SIGN_LIMIT}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
