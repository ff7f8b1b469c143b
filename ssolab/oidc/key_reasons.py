"""Why no key is found for a token, or another than the one that it names: the catalog entries of key selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity, Subject

if TYPE_CHECKING:
    from ssolab.core.findings import Where
    from ssolab.core.jwk import TrustedJwk


@refusal(cites="OIDCCore 10.1.1")
def unknown_kid(observed: str, expected: str, where: Where) -> Problem:
    """The token names a key that is not among the trusted ones.

    Usually its issuer has begun to sign with a new key before this side has read its key set again: fetch the set
    afresh, once. Where the name stays unknown, compare issuer and address of the set; a name that nobody has is also
    what a forger writes.
    """
    return Problem("no trusted key has the kid of the token", expected, observed, where)


@refusal(severity=Severity.INFO, cites="OIDCCore 10.1")
def token_without_kid(tried: str, where: Where, severity: Severity) -> Problem:
    """The token does not say which key signed it.

    With one trusted key that is enough; with several it is guesswork, which breaks on the day a second key is
    published. Have its issuer write `kid`. The clients of Salesforce never do, and need not: one certificate is pinned.
    """
    return Problem("the token names no key", "a kid", tried, where, severity=severity)


@refusal(cites="RFC 8725 3.1")
def several_keys_fit(count: int, names: str, where: Where, severity: Severity) -> Problem:
    """More than one trusted key fits what the token says of its key.

    Verifiers differ here: some try one key after the other, some take the first, many refuse. Have the issuer give each
    key a `kid` of its own, and write it into its tokens.
    """
    said = f"{count} trusted keys fit, and the token does not say which"
    return Problem(said, "exactly one", names, where, severity=severity)


@refusal(cites="RFC 8725 3.1")
def key_of_another_type(expected: str, observed: str, where: Where) -> Problem:
    """No key of the type that the algorithm needs is trusted under this name.

    An ES256 signature cannot come from an RSA key, nor the reverse. Either the issuer changed to a key that is not
    trusted yet, or `alg` was changed on the way.
    """
    return Problem("the key that the token names is not of the type that its alg needs", expected, observed, where)


@refusal(cites="RFC 7518 3.4")
def key_on_another_curve(expected: str, observed: str, where: Where) -> Problem:
    """The key is on another curve than the algorithm goes with.

    ES256 goes with P-256, ES384 with P-384 and ES512 with P-521, and with nothing else. Correct `alg`, or the key.
    """
    return Problem("the key is on another curve than the algorithm goes with", expected, observed, where)


@refusal(cites="RFC 8725 3.1")
def key_for_another_algorithm(expected: str, observed: str, where: Where) -> Problem:
    """The key was published for another algorithm than the token is signed with.

    A key is used with one algorithm, so that no weaker one can be put in its place. Have its issuer sign with the
    algorithm that its key set says, or publish a key for the other one.
    """
    return Problem("the key is published for another algorithm", expected, observed, where)


@refusal(cites="RFC 7517 4.2")
def key_not_for_signatures(observed: str, where: Where) -> Problem:
    """The key was published for something else than signatures.

    `use` is `enc`, or another word than `sig`. A key for encryption proves nothing about who signed; have the issuer
    publish its signing key as one.
    """
    return Problem("the key is not published for signatures", "use sig", observed, where)


@refusal(cites="RFC 7517 4.3")
def key_ops_without_verify(observed: str, where: Where) -> Problem:
    """The key was published for other operations than verifying.

    `key_ops` of a public key that verifies holds `verify`; `sign` belongs to the private half, and the others to
    encryption. Have the issuer correct its key set.
    """
    return Problem("verifying is not among the operations of the key", "verify", observed, where)


@refusal(cites="OIDCCore 10.1.1")
def signed_by_announced_key(key: TrustedJwk, where: Where) -> Problem:
    """The signature is good under a key that is announced and not trusted by this party yet.

    The issuer has begun to sign with its new key before this side took it over: its cache has not run out, or somebody
    has still to install the key. Take the key over, or let the issuer wait longer between publishing and signing.
    """
    said = "good under a key that is announced and not trusted by this party yet"
    return Problem(said, "a trusted key", key.text, where, Subject(spki_sha256=key.public.sha256))


@refusal(cites="OIDCCore 10.1.1")
def signed_by_retired_key(key: TrustedJwk, where: Where) -> Problem:
    """The signature is good under a key that was retired.

    The token is older than the retirement, or one of the issuer's machines signs on with the old key. Keys have to stay
    published for as long as what they signed is valid; look for whoever still uses this one.
    """
    said = "good under a key that was retired"
    return Problem(said, "a trusted key", key.text, where, Subject(spki_sha256=key.public.sha256))


@refusal(cites="RFC 7515 10.1")
def signed_by_untrusted_key(key: TrustedJwk, where: Where) -> Problem:
    """The signature is good under a key that we know and do not trust for this.

    It belongs to another issuer, another client or another purpose. Compare the issuer of the token with the party
    whose keys are trusted here.
    """
    said = "good under a key that we know and do not trust for this"
    return Problem(said, "a trusted key", key.text, where, Subject(spki_sha256=key.public.sha256))


@refusal(cites="OIDCCore 10.1.1")
def signed_by_another_key(key: TrustedJwk, where: Where) -> Problem:
    """The signature is good under a trusted key, but not under the one that the token asks for.

    Its `kid`, or what the key is published for, says another key. Issuers that reuse one `kid` for a new key, or change
    the names of their keys, cause this: caches keep the old meaning. Give each new key a new name.
    """
    said = "good under a trusted key that the token does not ask for"
    return Problem(said, "the key that the token asks for", key.text, where, Subject(spki_sha256=key.public.sha256))


@refusal(cites="RFC 8725 3.10")
def signed_by_key_in_header(member: str, spki_sha256: str, where: Where) -> Problem:
    """The signature is good under a key that the token brings along, and under none that is trusted.

    Anybody can make a key, sign with it and send it with the token (CVE-2018-0114). Treat the token as an attack,
    unless its issuer is known to have a new key: then take that key over from a source that you trust.
    """
    said = f"good under the key in its own {member}, which proves nothing"
    return Problem(said, "a trusted key", f"SPKI SHA-256 {spki_sha256}", where, Subject(spki_sha256=spki_sha256))


@refusal(cites="RFC 7515 5.2")
def token_signature_mismatch(tried: str, observed: str, where: Where) -> Problem:
    """The signature does not fit the key that the token asks for.

    The token was changed after it was signed, cut off, or signed with a key that nobody here knows. Compare it with
    what left its issuer, and the issuer's key with the one that is trusted.
    """
    return Problem("the signature does not fit", tried, observed, where)
