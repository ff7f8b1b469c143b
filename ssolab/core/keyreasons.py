"""Why an algorithm or a key is refused: the catalog entries that hold for enveloped and detached signatures alike.

They stand apart from the procedures that find them, so that those read without interruption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity, Subject

if TYPE_CHECKING:
    from ssolab.core.findings import Where

_SHOWN = 200


def excerpt(text: str | None, limit: int = _SHOWN) -> str:
    """Show a text of the message in one printable line of bounded length; white space that matters is written out."""
    if text is None:
        return "nothing"
    shown = text if len(text) <= limit else f"{text[: limit * 2 // 3]} … {text[-limit // 3 :]}"
    shown = shown.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return "".join(character if character.isprintable() else "?" for character in shown)


def permitted_severity(permitted: bool) -> Severity:  # noqa: FBT001  the one argument says what it is
    """Make a permitted weakness a warning and a forbidden one an error."""
    return Severity.WARNING if permitted else Severity.ERROR


@refusal(cites="XMLDSig 6.1")
def forbidden_algorithm(element: str, uri: str | None, place: Where | None) -> Problem:
    """The signature or digest algorithm is not one that we accept.

    RSA (PKCS#1 v1.5 or PSS) and ECDSA with SHA-256, SHA-384 or SHA-512 are. MD5, DSA and unknown names are refused; let
    the sender use rsa-sha256.
    """
    return Problem(f"{element} names an algorithm that is not accepted", "such as rsa-sha256", excerpt(uri), place)


@refusal(cites="SAML2Core 5.4.1")
def hmac_signature(uri: str, place: Where | None) -> Problem:
    """The signature is an HMAC.

    An HMAC needs a shared secret, and SAML partners share only public keys: a verifier that took one for the secret
    would accept anybody's message. Let the sender sign with its private key.
    """
    return Problem("an HMAC proves nothing between partners who share public keys", "RSA or ECDSA", excerpt(uri), place)


@refusal(cites="RFC 9155 1")
def sha1_signature(element: str, place: Where | None, *, permitted: bool) -> Problem:
    """The signature relies on SHA-1.

    Collisions for SHA-1 can be bought, so it is refused unless the permission sha1 is given for an old partner, and
    reported even then. Let the sender use SHA-256.
    """
    problem = f"{element} uses SHA-1" + (" (permitted)" if permitted else "")
    return Problem(problem, "SHA-256 or better", "SHA-1", place, severity=permitted_severity(permitted))


@refusal(cites="NIST SP 800-131A 3")
def weak_rsa_key(bits: int, spki_sha256: str, place: Where | None, *, permitted: bool) -> Problem:
    """The RSA key that signed is too short.

    Below 2048 bits it is refused unless the permission rsa1024 is given, below 1024 always. Let the sender change to a
    new key; that is a cutover worth rehearsing.
    """
    problem = f"the signing key has {bits} bits" + (" (permitted)" if permitted else "")
    subject = Subject(spki_sha256=spki_sha256)
    return Problem(problem, "2048 bits or more", str(bits), place, subject, permitted_severity(permitted))


@refusal(cites="NIST SP 800-131A 3")
def weak_curve(bits: int, spki_sha256: str, place: Where | None) -> Problem:
    """The elliptic curve of the key that signed is too small.

    Below 224 bits it is refused, and no permission changes that. Let the sender change to a key on P-256.
    """
    problem = f"the signing key is on a curve of {bits} bits"
    return Problem(problem, "224 bits or more", str(bits), place, Subject(spki_sha256=spki_sha256))


@refusal(cites="XMLDSig 3.2.2")
def algorithm_key_mismatch(algorithm: str, kind: str, place: Where | None) -> Problem:
    """The signature algorithm is for another kind of key.

    An ECDSA signature cannot come from an RSA key, nor the reverse. Either the sender has changed to a key that is not
    trusted yet, or the algorithm in the message was changed.
    """
    return Problem("no trusted key is of the kind that the algorithm needs", algorithm, kind, place)


@refusal(cites="XMLDSig 3.2.2")
def key_not_trusted(
    problem: str, expected: str, observed: str | None, place: Where | None, spki_sha256: str | None = None
) -> Problem:
    """The message was not signed by a key that is trusted for its sender.

    Trust is by public key. Where the key that did sign is known, the finding says whose it is: usually the sender has
    swapped to a new certificate before it was added here, or still uses one that was removed. Add the right key to the
    trusted ones, from a source that you trust and never from the message itself.
    """
    return Problem(problem, expected, observed, place, Subject(spki_sha256=spki_sha256) if spki_sha256 else None)


@refusal(cites="XMLDSig 3.2.2")
def signature_value_mismatch(
    problem: str, expected: str | None, observed: str | None, place: Where | None, spki_sha256: str | None = None
) -> Problem:
    """The signature value does not fit the key that the message names.

    What was signed has been changed after it was signed, or the message names the wrong certificate for its key.
    Compare the message with what left the sender, and the sender's certificate with its private key.
    """
    return Problem(problem, expected, observed, place, Subject(spki_sha256=spki_sha256) if spki_sha256 else None)
