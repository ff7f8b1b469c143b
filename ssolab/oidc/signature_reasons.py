"""Why a signature of a token is refused before any key is asked, or whatever the keys say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity

if TYPE_CHECKING:
    from ssolab.core.findings import Where

_SUCH = "such as RS256"


@refusal(cites="RFC 8725 3.2")
def unsigned_token(observed: str, where: Where) -> Problem:
    """The token is not signed.

    `alg` is none, in whatever spelling, or the signature is empty: anybody could have written it. Treat it as an
    attack, unless a developer has left signing for later.
    """
    return Problem("the token is not signed", _SUCH, observed, where)


@refusal(cites="RFC 7515 4.1.1")
def unknown_token_algorithm(observed: str, where: Where) -> Problem:
    """The token does not say how it is signed, or names an algorithm that is not known here.

    RS, PS and ES with 256, 384 and 512, EdDSA and Ed25519 are. Names count letter by letter: rs256 is no algorithm. Let
    the issuer use RS256.
    """
    return Problem("alg is no algorithm that is known here", _SUCH, observed, where)


@refusal(cites="RFC 8725 3.1")
def algorithm_not_allowed(expected: str, observed: str, where: Where) -> Problem:
    """The token is signed with an algorithm that is not allowed here.

    Which algorithms are allowed is settled before a token comes, never by the token. Add the algorithm to the settings
    where its issuer is meant to use it; Salesforce takes RS256 alone in the assertions that clients send.
    """
    return Problem("this algorithm is not allowed here", expected, observed, where)


@refusal(cites="RFC 8725 2.1")
def hmac_token(observed: str, where: Where) -> Problem:
    """The token is proved with a shared secret, and none was agreed on.

    A verifier that takes the public key for the secret accepts anybody's token (CVE-2015-9235 and many after it), so
    an HMAC is never looked at where keys are trusted. Let the issuer sign with its private key; where a client secret
    is meant, configure that and no key.
    """
    return Problem("an HMAC proves nothing where public keys are trusted", _SUCH, observed, where)


@refusal(cites="RFC 7518 3.2")
def short_secret(bits: int, where: Where) -> Problem:
    """The shared secret is shorter than the hash of the HMAC.

    Short secrets are guessed on a laptop from one token. Make a new one of at least 32 random bytes, on both sides.
    """
    return Problem("the shared secret is too short", "256 bits or more", f"{bits} bits", where)


@refusal(cites="RFC 7518 3.4")
def ecdsa_signature_shape(expected: str, observed: str, where: Where) -> Problem:
    """The ECDSA signature is not r and s side by side.

    Tokens carry both numbers, each as wide as the curve. Many crypto libraries give DER instead, which has to be
    unpacked first; let the issuer use a library for tokens.
    """
    return Problem("the ECDSA signature has the wrong shape", expected, observed, where)


@refusal(cites="CVE-2022-21449")
def zero_ecdsa_signature(observed: str, where: Where) -> Problem:
    """A number of the ECDSA signature is zero.

    Java once accepted such a signature for every message and every key. No key makes one; treat the token as an attack.
    """
    return Problem("r or s of the ECDSA signature is zero", "two numbers from 1 up", observed, where)


@refusal(severity=Severity.INFO)
def unverified_token(where: Where) -> Problem:
    """No trusted signature covers what the other findings speak of.

    They are shown to help with debugging, and may describe what an attacker wrote. Settle the signature first, then
    read them again.
    """
    return Problem("header and claims were read as they came in; no trusted key signed them", where=where)


@refusal(cites="RFC 7519 4.1.7")
def replayed_token(identifier: str, until: str, where: Where) -> Problem:
    """The token has been used before.

    A token with a `jti` that is remembered lets somebody in once. A request that was sent again has it twice, and so
    has a thief; make a new token for each request. The memory keeps it until the token could not be accepted anyway.
    """
    return Problem(
        "this token was used before", "a jti that is new here", f"{identifier}, remembered until {until}", where
    )
