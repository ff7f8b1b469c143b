"""Why encrypted content is not read, or is read with a warning: the catalog entries, and nothing but their words.

What a message says openly (its algorithms, its recipients) may be told apart. What only a private key can find out has
one answer, `decryption-failed`, with the same words each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity
from ssolab.core.keyreasons import excerpt, permitted_severity

if TYPE_CHECKING:
    from ssolab.core.findings import Where


@refusal(cites="XMLEnc 6.1.3")
def decryption_failed(tried: str, place: Where) -> Problem:
    """None of our keys opens what is encrypted.

    The sender encrypted for another certificate than ours, or the bytes were changed on the way. Which of the two is
    never told, since every difference in the answer would help to read messages without the key. Compare the
    certificate that the sender encrypts for with the encryption key in our metadata; after a rollover give the old key
    as well. With a CBC cipher, content that opens but that nobody trusted has signed ends here too: have the sender
    sign the Response, or use AES-GCM, and the report says more.
    """
    return Problem("the encrypted content could not be opened", f"content for {tried}", None, place)


@refusal(severity=Severity.WARNING, cites="XMLEnc 6.1.1")
def weak_encryption(cipher: str, place: Where) -> Problem:
    """The content is encrypted in a way that does not show whether it was changed.

    CBC ciphers, triple DES among them, let whoever sees a receiver's answers read the content without the key, unless a
    signature around it is checked first. Have the sender use AES-GCM, or at least sign the Response as well.
    """
    return Problem("the content cipher does not protect itself", "AES-GCM", cipher, place)


@refusal(cites="CVE-2011-2487")
def rsa15_key_transport(place: Where, *, permitted: bool) -> Problem:
    """The content key is hidden with RSA and the padding of PKCS#1 v1.5.

    A receiver's answers give such a key away piece by piece (Bleichenbacher 1998), so it is refused unless the
    permission rsa15 is given for an old partner, and reported even then. Have the sender use RSA-OAEP.
    """
    problem = "RSA 1.5 hides the content key" + (" (permitted)" if permitted else "")
    return Problem(problem, "rsa-oaep-mgf1p or rsa-oaep", "rsa-1_5", place, severity=permitted_severity(permitted))


@refusal(cites="XMLEnc 5.1")
def forbidden_encryption_algorithm(element: str, uri: str | None, wanted: str, place: Where) -> Problem:
    """The content or its key is encrypted with an algorithm that we do not read.

    AES in GCM or CBC mode and triple DES are read for content, RSA-OAEP for its key. Symmetric key wrapping needs a
    shared secret, which SAML partners do not have. Have the sender use aes256-gcm with rsa-oaep-mgf1p.
    """
    return Problem(f"{element} names an algorithm that is not accepted", wanted, excerpt(uri), place)


@refusal(cites="SAML2Core 6.1")
def encrypted_key_missing(problem: str, expected: str, observed: str, place: Where) -> Problem:
    """No key for the encrypted content comes with it.

    The content key has to travel as an EncryptedKey for us, in the KeyInfo of the EncryptedData or beside it. One whose
    Recipient names somebody else is passed over, and nothing is fetched from an address. Have the sender encrypt for
    the key in our metadata.
    """
    return Problem(problem, expected, excerpt(observed), place)


@refusal(cites="XMLEnc 3")
def malformed_encryption(
    problem: str, place: Where, expected: str | None = None, observed: str | None = None
) -> Problem:
    """What is encrypted is not built as XML encryption wants it.

    There has to be one EncryptedData of a whole element, with its CipherValue in place as base64; references to other
    places are not followed. Have a current library of the sender write it.
    """
    return Problem(problem, expected, None if observed is None else excerpt(observed), place)
