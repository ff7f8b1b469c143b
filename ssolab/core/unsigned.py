"""A certificate around a bare public key, which nobody signed (RFC 9925): for what tells of keys by certificates alone.

Trust goes to the key and never to what surrounds it, so nothing is claimed that the key set did not say.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ssolab.core import der
from ssolab.core.certs import Certificate
from ssolab.core.names import name_of

if TYPE_CHECKING:
    from ssolab.core.keys import PublicKey

_UNSIGNED: Final = "1.3.6.1.5.5.7.6.36"
_BEGIN, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def enclosed(public: PublicKey, name: str) -> Certificate:
    """Put a bare key into a certificate of that name that is in date whatever the time."""
    called = name_of([("CN", name)])
    algorithm = der.write(der.SEQUENCE, der.write_oid(_UNSIGNED))
    tbs = der.write(
        der.SEQUENCE,
        der.write(der.context(0), der.write_integer(2)),
        der.write_integer(1),
        algorithm,
        called.der,
        der.write(der.SEQUENCE, der.write_time(_BEGIN), der.write_time(_END)),
        called.der,
        public.spki,
    )
    return Certificate.from_der(der.write(der.SEQUENCE, tbs, algorithm, der.write_bits(b"")), name)
