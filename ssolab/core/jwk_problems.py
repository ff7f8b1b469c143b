"""What can be wrong with one key of a key set. A key that has an error is not used; the others are, all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity

if TYPE_CHECKING:
    from ssolab.core.findings import Where


@refusal(cites="RFC 7517 4")
def unreadable_jwk(problem: str, expected: str | None, observed: str | None, where: Where) -> Problem:
    """A key of the set cannot be read.

    A member is missing, of the wrong type or no base64url, a point does not lie on its curve, or an exponent makes it
    no key. It is left out, and the other keys of the set are used. Have its publisher write the set with a library.
    """
    return Problem(problem, expected, observed, where)


@refusal(cites="OIDCDiscovery 3")
def private_key_in_jwks(members: str, where: Where) -> Problem:
    """A key of the set holds its private half.

    Whoever has fetched the set can sign for its publisher. The key is not used, and its publisher has to take it out of
    service at once: compromised, not merely removed.
    """
    return Problem("the private half of a key is published", "public members only", members, where)


@refusal(cites="OIDCDiscovery 3")
def symmetric_key_in_jwks(where: Where) -> Problem:
    """A key of the set is a shared secret.

    A published secret is none: anybody could sign with it. It is never used; a client secret belongs into the settings
    of both sides and never into a set.
    """
    return Problem("a shared secret stands in the set", "public keys only", "kty oct", where)


@refusal(severity=Severity.INFO, cites="RFC 7517 5")
def unsupported_jwk(observed: str, where: Where) -> Problem:
    """A key of the set is of a kind that is not used here.

    RSA, P-256, P-384, P-521 and Ed25519 are. Others are passed over, as the standard asks for; libraries that break off
    at one are the reason why publishers are careful with new kinds.
    """
    return Problem("a key of another kind is passed over", "RSA, P-256, P-384, P-521 or Ed25519", observed, where)


@refusal(severity=Severity.WARNING, cites="RFC 7518 2")
def sloppy_jwk(problem: str, expected: str, observed: str, where: Where) -> Problem:
    """A key of the set is written in a way that strict readers refuse.

    Padded base64url, a modulus with a leading zero octet or a coordinate that was cut short: it is plain which key is
    meant, so it is used here, and some libraries will not. Have its publisher write it as the standard says.
    """
    return Problem(problem, expected, observed, where)


@refusal(severity=Severity.WARNING, cites="RFC 7517 4.7")
def jwk_certificate_unreadable(problem: str, where: Where) -> Problem:
    """The certificates beside a key of the set cannot be read.

    `x5c` holds standard base64 of DER, not base64url and no PEM. The key itself counts and is used; readers of `x5c`
    will not find it.
    """
    return Problem(problem, "an array of base64 of DER, that of the key first", None, where)


@refusal(severity=Severity.WARNING, cites="RFC 7517 4.7")
def jwk_certificate_of_another_key(expected: str, observed: str, where: Where) -> Problem:
    """The certificate beside a key of the set is for another key.

    Trust is by key, so the key itself is used. Whoever reads the certificate trusts another one: usually it is the old
    certificate, left standing beside a new key. Have its publisher renew `x5c`.
    """
    return Problem("the first certificate is for another key", expected, observed, where)


@refusal(severity=Severity.WARNING, cites="RFC 7517 4.8")
def jwk_thumbprint_mismatch(member: str, expected: str, observed: str, where: Where) -> Problem:
    """The certificate thumbprint beside a key of the set is not that of its certificate.

    `x5t` and `x5t#S256` are base64url of the binary digest of the certificate; hexadecimal digits in base64 are the
    usual mistake. The key itself is used.
    """
    return Problem(f"{member} is not the thumbprint of the first certificate", expected, observed, where)
