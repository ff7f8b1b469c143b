"""The short way for the signature that nearly every message carries; thousands of rehearsed messages go by it.

SignedInfo is matched, in its canonical form, against the one text that it can be, so what is read is what the signature
covers. The short way can only say yes. Whatever is not exactly so, and every message with anything to report, goes the
long way, which alone decides what is refused and says why.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.algorithms import DIGESTS, SIGNATURE_ALGORITHMS
from ssolab.core.xmlforms import span_of
from ssolab.core.xmlkeys import certificates_of, in_likely_order, is_weak
from ssolab.core.xmlshape import ENVELOPED, EXCLUSIVE, ISSUER, SIGNATURE, SIGNATURE_PARTS
from ssolab.core.xmltree import DS, EC, Element, canonical, compiled, decode_base64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ssolab.core.keys import SignatureAlgorithm, TrustedKey

_PARTS: Final = (SIGNATURE_PARTS[:2], SIGNATURE_PARTS)
_KEY_INFO: Final = frozenset(f"{{{DS}}}{name}" for name in ("KeyInfo", "KeyName", "X509Data", "X509Certificate"))
# Three paths, not one over their union: libxml2 sorts a union, which takes minutes for a megabyte of small elements.
_ELSEWHERE: Final = compiled("ancestor::*/@* = $id or preceding::*/@* = $id or following::*/@* = $id")
_STRONG_DIGESTS: Final[dict[bytes, Callable[[bytes], Any]]] = {
    uri.encode(): getattr(hashlib, name) for uri, name in DIGESTS.items() if name != "sha1"
}
_STRONG: Final = {
    uri.encode(): algorithm for uri, algorithm in SIGNATURE_ALGORITHMS.items() if algorithm.hash != "sha1"
}


def _text() -> Iterator[str]:
    """Write the canonical SignedInfo as a pattern, piece by piece.

    Both algorithms, the ID, the PrefixList and the digest vary. `#default` in a PrefixList goes the long way.
    """

    def method(name: str, uri: str, inside: str = "") -> str:
        return rf'<\1{name} Algorithm="{uri}">{inside}</\1{name}>'

    prefix, space = r"[A-Za-z_][\w.-]*+", r"[ \t\n]*+"
    listed = (
        rf'{space}(?:<((?:[\w.-]+:)?)InclusiveNamespaces xmlns(?::[\w.-]+)?="{re.escape(EC)}"'
        rf' PrefixList="({prefix}(?: {prefix}){{0,31}}+)"></\4InclusiveNamespaces>{space})?'
    )

    yield rf'<((?:[\w.-]+:)?)SignedInfo xmlns(?::[\w.-]+)?="{re.escape(DS)}">'
    yield method("CanonicalizationMethod", re.escape(EXCLUSIVE))
    yield method("SignatureMethod", '([^"<>&]*)')
    yield r'<\1Reference URI="#([\w.-]+)">'
    yield r"<\1Transforms>"
    yield method("Transform", re.escape(ENVELOPED))
    yield method("Transform", re.escape(EXCLUSIVE), listed)
    yield r"</\1Transforms>"
    yield method("DigestMethod", '([^"<>&]*)')
    yield r"<\1DigestValue>([A-Za-z0-9+/=]+)</\1DigestValue>"
    yield r"</\1Reference>"
    yield r"</\1SignedInfo>"


_SIGNED_INFO: Final = re.compile(r"[ \t\n]*+".join(_text()).encode())


@dataclass(frozen=True, slots=True)
class Plain:
    """An ordinary signature that holds: the bytes that were digested, and who signed them how."""

    digested: bytes
    key: TrustedKey
    algorithm: SignatureAlgorithm
    id: str
    key_info: Element | None


def verify_plain(parent: Element, candidates: Sequence[TrustedKey]) -> Plain | None:
    """Verify the signature that *parent* holds; None where it is not ordinary, does not hold, or needs a word."""
    signature = _ordinary(parent)
    if signature is None:
        return None
    forms = _forms(parent, signature)
    value = decode_base64(signature[1].text)
    if forms is None or value is None:
        return None
    found, written = forms
    if not _is_of(parent, found[3], written):
        return None
    algorithm, digest = _STRONG.get(found[2]), _STRONG_DIGESTS.get(found[6])
    start, end = span_of(signature.prefix, written)
    digested = written[:start] + written[end:]
    if algorithm is None or digest is None or b2a_base64(digest(digested).digest(), newline=False) != found[7]:
        return None
    key_info = signature[2] if len(signature) > len(_PARTS[0]) else None
    if len(candidates) > 1:
        candidates = in_likely_order(candidates, certificates_of(key_info))
    key = next((key for key in candidates if algorithm.verify(key.public, value, found[0])), None)
    return None if key is None or is_weak(key.public) else Plain(digested, key, algorithm, found[3].decode(), key_info)


def _ordinary(parent: Element) -> Element | None:
    """Take the signature that stands first or directly after the Issuer, if it is the only one and looks ordinary."""
    if len(parent) <= 1 or parent.getroottree().docinfo.internalDTD is not None:
        return None
    first = parent[0]
    signature = parent[1] if first.tag == ISSUER else first
    if signature.tag != SIGNATURE or next(signature.itersiblings(SIGNATURE, ISSUER), None) is not None:
        return None
    inside = list(signature)
    if [part.tag for part in inside] not in _PARTS or len(inside[1]):
        return None
    ordinary = len(inside) == len(_PARTS[0]) or _KEY_INFO.issuperset([part.tag for part in inside[2].iter()])
    return signature if ordinary else None


def _forms(parent: Element, signature: Element) -> tuple[re.Match[bytes], bytes] | None:
    """Match the canonical SignedInfo, and write the canonical form of *parent* with the PrefixList that it names."""
    try:
        info = canonical(signature[0], comments=True)  # a comment shows, and does not match
        found = _SIGNED_INFO.fullmatch(info)
        return None if found is None else (found, canonical(parent, prefixes=(found[5] or b"").decode().split()))
    except ValueError:
        return None


def _is_of(parent: Element, identifier: bytes, written: bytes) -> bool:
    """Say whether this is the ID of *parent*, and no other attribute of the document has the same value.

    Inside *parent* its canonical form shows every attribute; text that looks like one only sends a message the long
    way.
    """
    value = identifier.decode()
    quoted = b'="%b"' % identifier
    if parent.get("ID") != value or written.count(quoted) > 1:
        return False
    return parent.getparent() is None or not _ELSEWHERE(parent, id=value)
