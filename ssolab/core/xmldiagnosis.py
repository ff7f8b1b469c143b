"""Why a digest may differ: the usual harmless causes, tried one after the other on the message as it arrived.

Nothing here decides anything. A message whose digest differs is refused, whatever would explain it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from ssolab.core.keyreasons import excerpt
from ssolab.core.xmlforms import canonical_in, digested_bytes, signature_span
from ssolab.core.xmlshape import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.xmlshape import Shape

_SHOWN: Final = 300
_LARGEST: Final = 1 << 20
_BETWEEN_TAGS = re.compile(rb">[ \t\n]+<")


def explain_digest(shape: Shape, form: Form, digested: bytes) -> str:
    """Word what was digested, and which harmless change would make the digest fit."""
    shown = excerpt(digested.decode(), _SHOWN)
    uri = excerpt(shape.reference.get("URI"))
    words = f"the digest of {uri} does not fit; digested were {len(digested):,} bytes: {shown}"
    if len(digested) > _LARGEST:
        return words
    for cause, candidate in _variants(shape, form, digested):
        if hashlib.new(shape.hash or "sha256", candidate).digest() == shape.digest:
            return f"{cause}: then the digest would fit; {words}"
    return words


def _variants(shape: Shape, form: Form, digested: bytes) -> Iterator[tuple[str, bytes]]:
    written = canonical_in(shape.parent, form)
    start, end = signature_span(written, shape)
    before, after = written[:start], written[end:]
    yield "white space was put around the signature", before.rstrip(b" \t\n") + after.lstrip(b" \t\n")
    yield "the white space after the signature was not signed", before + after.lstrip(b" \t\n")
    yield "the message was indented after it was signed", _BETWEEN_TAGS.sub(b"><", digested)
    yield "line ends were changed to CR LF after it was signed", digested.replace(b"&#xD;", b"")
    yield (
        "line breaks were changed or lost after it was signed",
        digested.replace(b"&#xD;\n", b"\n").replace(b"&#xD;", b"\n"),
    )
    yield "the sender digested the comments as well", digested_bytes(shape, form, comments=True)
    other = Form(exclusive=not form.exclusive)
    yield "the sender used the other form of canonicalisation", digested_bytes(shape, other)
    if form.prefixes:
        yield "the sender did not follow its own PrefixList", digested_bytes(shape, Form())
    yield "the sender digested the signature as well", written
