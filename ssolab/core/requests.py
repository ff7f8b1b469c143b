"""Certificate requests: what a `.crt` file sometimes holds when its owner never sent it to anybody."""

from __future__ import annotations

from dataclasses import dataclass, field

from ssolab.core import der
from ssolab.core.certs import algorithm_name
from ssolab.core.findings import InputError
from ssolab.core.names import Name

LARGEST_REQUEST = 1 << 20


@dataclass(frozen=True)
class CertificateRequest:
    """One PKCS#10 request (RFC 2986): a name and a public key, signed by that key. `spki` is DER."""

    der: bytes = field(repr=False)
    subject: Name = field(compare=False)
    spki: bytes = field(compare=False, repr=False)
    signature_algorithm: str = field(compare=False)

    @classmethod
    def from_der(cls, data: bytes, name: str) -> CertificateRequest:
        """Read exactly one request; *name* is how errors call the input.

        Raises:
            InputError: the bytes are no certificate request.
        """
        if len(data) > LARGEST_REQUEST:
            raise InputError(name, f"a certificate request of {len(data)} bytes", f"the limit is {LARGEST_REQUEST}")
        try:
            info, algorithm, _ = der.read_all(data).expect(der.SEQUENCE).parts(3)
            version, subject, spki, *_ = info.expect(der.SEQUENCE)
            der.read_integer(version)
            spki.expect(der.SEQUENCE).parts(2)
            requested = Name(subject.expect(der.SEQUENCE).der)
            _ = requested.pairs  # a name that cannot be read is found here, not on first use
            return cls(data, requested, spki.der, algorithm_name(algorithm))
        except ValueError as error:
            raise InputError(name, f"not a readable certificate request ({error})", "make it again") from None

    @property
    def label(self) -> str:
        """What to call it: the common name, else the whole subject."""
        return self.subject.label or "certificate request"


def is_request(data: bytes) -> bool:
    """Say whether DER is shaped like a certificate request: a version, a name, a key; no dates."""
    try:
        info, *_ = der.read(data)
        version, subject, spki, *attributes = info
        shaped = version.tag == der.INTEGER and subject.tag == spki.tag == der.SEQUENCE
        return shaped and all(part.tag == der.context(0) for part in attributes)
    except ValueError:
        return False
