"""The retired certificates of proxy.salesforce.com: known by fingerprint, and made again as shapes over another key.

Salesforce keeps the private keys of the real ones. The sample lab and the tests need the old certificate all the same,
so its names, dates, serial number and extensions are written here over a key of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ssolab.core import der
from ssolab.core.findings import DefectError
from ssolab.core.keys import spki_of
from ssolab.core.names import IDENTIFIERS, Name, name_of
from ssolab.core.selfsigned import authority_key_identifier, basic_constraints, extension, self_signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.certs import Certificate, Extension
    from ssolab.core.keys import PrivateKey

PROXY_NAME: Final = "proxy.salesforce.com"

_KEY_USAGE: Final = "2.5.29.15"
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"
_ALTERNATIVE_NAME: Final = "2.5.29.17"
_POLICIES: Final = "2.5.29.32"
_REVOCATION_LISTS: Final = "2.5.29.31"
_AUTHORITY_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
_OCSP: Final = "1.3.6.1.5.5.7.48.1"
_DNS, _URI = 0x82, 0x86
_SERVER, _CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
_NETSCAPE, _MICROSOFT = "2.16.840.1.113730.4.1", "1.3.6.1.4.1.311.10.3.3"
_PURPOSES: Final = {
    "A": (_NETSCAPE, _MICROSOFT, _SERVER, _CLIENT),
    "B": (_NETSCAPE, _SERVER, _CLIENT),
    "C": (_SERVER, _CLIENT, _NETSCAPE),
}
_SIGN_AND_ENCIPHER: Final = der.write(der.BIT_STRING, b"\x05\xa0")  # digitalSignature and keyEncipherment
_VERISIGN_POLICY: Final = "2.16.840.1.113733.1.7.54"
_LIST: Final = b"http://SVRIntl-G3-crl.verisign.com/SVRIntlG3.crl"
_RESPONDER: Final = b"http://ocsp.verisign.com"

_ISSUER_OF_A: Final = (
    ("O", "VeriSign Trust Network"),
    ("OU", "VeriSign, Inc."),
    ("OU", "VeriSign International Server CA - Class 3"),
    ("OU", "www.verisign.com/CPS Incorp.by Ref. LIABILITY LTD.(c)97 VeriSign"),
)
_ISSUER_OF_B_AND_C: Final = (
    ("C", "US"),
    ("O", "VeriSign, Inc."),
    ("OU", "VeriSign Trust Network"),
    ("OU", "Terms of use at https://www.verisign.com/rpa (c)10"),
    ("CN", "VeriSign Class 3 International Server CA - G3"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyInstance:
    """One published certificate of proxy.salesforce.com; hashes in lower-case hex."""

    letter: str
    sha256: str
    sha1: str
    spki_sha256: str
    serial: int
    not_before: datetime
    not_after: datetime

    @property
    def label(self) -> str:
        """What to call it: `C (2013)`."""
        return f"{self.letter} ({self.not_before.year})"


@dataclass(frozen=True, slots=True)
class ProxyMatch:
    """How a certificate was recognised: `by` is `certificate`, `key`, or `name` (then it is no known instance)."""

    by: str
    instances: tuple[ProxyInstance, ...]


_KEY_OF_A_AND_B: Final = "6da2361a5a6d736a894d4aa447a1a2e1991733cd15e0d2980d26df64c3b1837a"

PROXY_CERTIFICATES: Final = (
    ProxyInstance(
        letter="A",
        sha256="490b51d2c7a41d4d47708bdd97b2152a5c863548813cb6675094b8dc02df2341",
        sha1="a3b0a3269f52719eb48f54ed81d3e70c1bda537d",
        spki_sha256=_KEY_OF_A_AND_B,
        serial=0x3E7F829448C7D95DC9CA7B7BBB7BFE5F,
        not_before=datetime(2010, 12, 14, tzinfo=UTC),
        not_after=datetime(2012, 1, 7, 23, 59, 59, tzinfo=UTC),
    ),
    ProxyInstance(
        letter="B",
        sha256="6adad70df7dbfb22af0486dc1b9c167fe83146aa89201696150a2ce902cd8f77",
        sha1="e61e2fdc6c458a69634e4e4b9f936d217f80dadf",
        spki_sha256=_KEY_OF_A_AND_B,
        serial=0x0C9E22845FB8558CCBC5BFAA012A7B23,
        not_before=datetime(2011, 12, 7, tzinfo=UTC),
        not_after=datetime(2013, 12, 7, 23, 59, 59, tzinfo=UTC),
    ),
    ProxyInstance(
        letter="C",
        sha256="2efed5393539b0f1a1d9fbb269d25b5b47867e5467275c1bc77d93f65fcb5f75",
        sha1="b067516f70632acaf9f0b116c097ceea116258a2",
        spki_sha256="5ae3eae9a75e4929dccb9367775249dc9b9fc4ce6659cfce58ce2dd93f6d0249",
        serial=0x4382B137B13768018FD6BA70426EA067,
        not_before=datetime(2013, 10, 18, tzinfo=UTC),
        not_after=datetime(2017, 10, 17, 23, 59, 59, tzinfo=UTC),
    ),
)
"""The published instances. The first two share one key; none is valid after 2017-10-17."""


def proxy_instance(certificate: Certificate) -> ProxyMatch | None:
    """Recognise a certificate of proxy.salesforce.com by its hash, else by its key, else by its common name."""
    if same := tuple(one for one in PROXY_CERTIFICATES if one.sha256 == certificate.sha256):
        return ProxyMatch("certificate", same)
    if same := tuple(one for one in PROXY_CERTIFICATES if one.spki_sha256 == certificate.spki_sha256):
        return ProxyMatch("key", same)
    if (certificate.subject.get("CN") or "").strip().lower() == PROXY_NAME:
        return ProxyMatch("name", ())
    return None


def retired_shape(*, private: PrivateKey, letter: str = "C", hash: str = "sha256") -> Certificate:  # noqa: A002 -- the word of the standards
    """Make a certificate with the names, dates, serial number and extensions of a published proxy instance.

    It is self-signed although it names VeriSign, and its key is *private*; the real ones say SHA-1 where this says
    *hash*.

    Raises:
        DefectError: there is no instance of that letter.
    """
    instance = next((one for one in PROXY_CERTIFICATES if one.letter == letter), None)
    if instance is None:
        raise DefectError(f"no proxy certificate is called {letter!r}")
    return self_signed(
        private=private,
        subject=_subject("Applications" if letter == "C" else "Application"),
        issuer=name_of(_ISSUER_OF_A if letter == "A" else _ISSUER_OF_B_AND_C, "printable"),
        serial=instance.serial,
        not_before=instance.not_before,
        not_after=instance.not_after,
        extensions=_extensions(letter, spki_of(private)),
        hash=hash,
    )


def _subject(unit: str) -> Name:
    """The subject in the text types of the original: country and state printable, the rest T61String."""
    pairs = (
        ("C", "US"),
        ("ST", "California"),
        ("L", "San Francisco"),
        ("O", "Salesforce.com, Inc."),
        ("OU", unit),
        ("CN", PROXY_NAME),
    )
    groups = []
    for kind, value in pairs:
        tag = der.PRINTABLE_STRING if kind in {"C", "ST"} else der.T61_STRING
        attribute = der.write(der.SEQUENCE, der.write_oid(IDENTIFIERS[kind]), der.write_text(value, tag))
        groups.append(der.write_set_of(attribute))
    return Name(der.write(der.SEQUENCE, *groups))


def _extensions(letter: str, spki: bytes) -> Sequence[Extension]:
    purposes = der.write(der.SEQUENCE, *map(der.write_oid, _PURPOSES[letter]))
    point = der.write(der.SEQUENCE, der.write(0xA0, der.write(0xA0, der.write(_URI, _LIST))))
    access = der.write(der.SEQUENCE, der.write_oid(_OCSP), der.write(_URI, _RESPONDER))
    found = [
        basic_constraints(ca=False, critical=False),
        extension(_KEY_USAGE, _SIGN_AND_ENCIPHER, critical=letter == "C"),
        extension(_EXTENDED_KEY_USAGE, purposes),
        extension(_POLICIES, der.write(der.SEQUENCE, der.write(der.SEQUENCE, der.write_oid(_VERISIGN_POLICY)))),
        authority_key_identifier(spki),
        extension(_REVOCATION_LISTS, der.write(der.SEQUENCE, point)),
        extension(_AUTHORITY_ACCESS, der.write(der.SEQUENCE, access)),
    ]
    if letter == "C":
        found.insert(0, extension(_ALTERNATIVE_NAME, der.write(der.SEQUENCE, der.write(_DNS, PROXY_NAME.encode()))))
    return found
