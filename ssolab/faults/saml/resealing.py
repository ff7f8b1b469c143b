"""Making a signature anew after its shape was changed: what a trusted sender with an odd library would really send.

A deviation in SignedInfo breaks the signature value too, and a receiver that refuses for that alone has shown nothing.
So the value is made again with a key that fits, and only the deviation is left to refuse.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from ssolab.core.algorithms import SIGNATURE_ALGORITHMS
from ssolab.core.findings import ConfigError
from ssolab.core.xmlforms import canonical_in
from ssolab.core.xmlshape import EXCLUSIVE, Form
from ssolab.faults.saml.editing import element_of, find, remove, rewritten, signature_of, signed_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

WITH_COMMENTS: Final = "WithComments"
USUAL: Final = Form(prefixes=("xs",))
"""How `saml.issue` canonicalises what it signs."""


def written(part: Element, form: Form = USUAL, *, comments: bool = False) -> bytes:
    """Write the canonical form of a part of the message.

    Raises:
        ConfigError: another fault has seen to it that there is none.
    """
    try:
        return canonical_in(part, form, comments=comments)
    except ValueError:
        raise ConfigError("fault", "another fault leaves nothing to digest", "put this fault in alone") from None


def without_its_signature(signature: Element, form: Form = USUAL, *, comments: bool = False) -> bytes:
    """Write the canonical form of what holds a signature, the signature left out."""
    parent = signature.getparent()
    if parent is None:
        return b""
    at = parent.index(signature)
    parent.remove(signature)
    try:
        return written(parent, form, comments=comments)
    finally:
        parent.insert(at, signature)


def digest_of(data: bytes) -> str:
    """Give the SHA-256 digest as a DigestValue has it."""
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def digest(signature: Element, data: bytes) -> None:
    """Write the digest of some bytes into the Reference."""
    find(signature, "ds:SignedInfo/ds:Reference/ds:DigestValue").text = digest_of(data)


def info_of(signature: Element) -> bytes:
    """Write SignedInfo in the canonical form that it names."""
    info = find(signature, "ds:SignedInfo")
    method = find(info, "ds:CanonicalizationMethod").get("Algorithm", "")
    return written(info, Form(exclusive=method.startswith(EXCLUSIVE)), comments=method.endswith(WITH_COMMENTS))


def put_value(signature: Element, value: bytes) -> None:
    """Write a signature value."""
    find(signature, "ds:SignatureValue").text = base64.b64encode(value).decode()


def sign_anew(signature: Element, credential: SigningCredential) -> None:
    """Make the signature value over SignedInfo as it stands now, with the method that it names.

    Raises:
        ConfigError: another fault has named a method that nobody can sign with.
    """
    algorithm = SIGNATURE_ALGORITHMS.get(find(signature, "ds:SignedInfo/ds:SignatureMethod").get("Algorithm", ""))
    if algorithm is None:
        raise ConfigError("fault", "the signature method is none that we can sign with", "put this fault in alone")
    put_value(signature, algorithm.sign(credential.private, info_of(signature)))


def resealed(
    xml: bytes, kit: Kit, change: Callable[[Element], object], *, credential: SigningCredential | None = None
) -> bytes:
    """Let *change* rearrange the signature (of the Assertion, or else of the message), and sign it anew."""

    def reseal(root: Element) -> None:
        signature = signature_of(signed_part(root))
        change(signature)
        sign_anew(signature, credential or kit.own)

    return rewritten(xml, reseal)


def step(algorithm: str, parameter: Element | None = None) -> Element:
    """Make a Transform."""
    made = element_of("ds:Transform", Algorithm=algorithm)
    if parameter is not None:
        made.append(parameter)
    return made


def transformed(xml: bytes, kit: Kit, *steps: Element, form: Form | None = None, without: str = "") -> bytes:
    """Give the Reference other transforms, and sign what they leave over: *form*, and not the parts at a path."""

    def transform(signature: Element) -> None:
        holder = find(signature, "ds:SignedInfo/ds:Reference/ds:Transforms")
        holder[:] = list(steps)
        if without:
            digest(signature, _but_for(signature, without))
        elif form is not None:
            digest(signature, without_its_signature(signature, form))

    return resealed(xml, kit, transform)


def _but_for(signature: Element, path: str) -> bytes:
    """Write the canonical form of what holds a signature, without that and without one part more."""
    parent = find(signature, "..")
    part = find(parent, path)
    holder = find(part, "..")
    at = holder.index(part)
    remove(part)
    try:
        return without_its_signature(signature, Form())
    finally:
        holder.insert(at, part)
