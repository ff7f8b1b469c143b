"""What gets past verifiers of tokens that do what they were asked: the twin of `weaknesses`, for JSON.

Each library is used as its documentation begins: the provider's key set as it was fetched, a list of algorithms, and
the issuer and the audience that are expected. PyJWT finds the key by its client for key sets, joserfc by its set of
keys. Where a key was pinned, it is handed over as it is. The second opinion is PyJWT as ours asks it: about the
signature under the trusted keys, and nothing else. None of what stands here is a defect of a library, which answers
only what it was asked; it is why ours asks more.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import jwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt

from ssolab.core.findings import InputError, Opinion
from ssolab.core.joseopinions import PYJWT
from ssolab.core.jwks import read_jwks
from ssolab.faults.engine import Carrier
from ssolab.oidc.checks import accept
from tests.saml.samples import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.oidc.checks import Expected

PUBLIC_KEY_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""What a receiver allows that trusts public keys."""
_NOWHERE: Final = "https://op.example.org/jwks"


class _Fetched(jwt.PyJWKClient):
    """PyJWT's client for key sets, with the set at hand that it would fetch."""

    def __init__(self, key_set: bytes) -> None:
        super().__init__(_NOWHERE)
        self._key_set = key_set

    def fetch_data(self) -> Any:
        return json.loads(self._key_set)


def by_pyjwt(token: str, expected: Expected, key_set: bytes) -> str | None:
    """Verify with PyJWT; its clock has to be stopped at the moment of the tests."""
    key: Any = expected.secret
    if expected.secret is None and expected.keys[0].pinned:
        key = expected.keys[0].public.crypto
    elif expected.secret is None:
        key = _Fetched(key_set).get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token, key, algorithms=_algorithms(expected), audience=expected.audiences, issuer=expected.issuer
    )
    return _subject(claims)


def by_joserfc(token: str, expected: Expected, key_set: bytes) -> str | None:
    """Verify with joserfc, signature first and then what it calls the claims."""
    key: Any = expected.keys[0].public.crypto if expected.keys else None
    if expected.secret is not None:
        key = joserfc_jwk.OctKey.import_key(expected.secret)
    elif expected.keys[0].pinned:
        key = joserfc_jwk.RSAKey.import_key(key)
    else:
        key = joserfc_jwk.KeySet.import_key_set(json.loads(key_set))
    read = joserfc_jwt.decode(token, key, algorithms=_algorithms(expected))
    wanted: dict[str, Any] = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "values": list(expected.audiences)},
    }
    joserfc_jwt.JWTClaimsRegistry(now=int(NOW.timestamp()), **wanted).validate(read.claims)
    return _subject(read.claims)


def by_the_second_opinion(token: str, expected: Expected, key_set: bytes) -> str | None:
    """Hear PyJWT as ours asks it, whatever ours says itself."""
    try:
        if not (expected.secret or expected.keys[0].pinned):
            expected = replace(expected, keys=read_jwks(key_set, "key set").trusted())
        report = accept(token, replace(expected, opinions=True))
    except InputError as error:
        raise ValueError("nothing that can be asked about") from error
    if report.verifiers[PYJWT] is not Opinion.ACCEPTED:
        raise ValueError(report.verifiers[PYJWT])
    return "whoever it is"


def _algorithms(expected: Expected) -> list[str]:
    return ["HS256"] if expected.secret is not None else list(PUBLIC_KEY_ALGORITHMS)


def _subject(claims: Mapping[str, Any]) -> str | None:
    return str(claims["sub"])


PATHS: Final[Mapping[str, Callable[[str, Expected, bytes], str | None]]] = {
    "pyjwt": by_pyjwt,
    "joserfc": by_joserfc,
    "second-opinion": by_the_second_opinion,
}

NOT_ASKED: Final = {
    "claims-of-deep-nesting": "how deep a library reads is how deep Python does, which its versions disagree about",
}
NO_READER: Final = {
    Carrier.DISCOVERY: "none of them reads discovery documents: an application compares the issuer, or does not",
}
"""Why nothing of that kind is put before them."""

_ALL: Final = ("pyjwt", "joserfc", "second-opinion")
_BOTH: Final = ("pyjwt", "joserfc")
_NOT_JOSERFC: Final = ("pyjwt", "second-opinion")
_OPINION: Final = ("second-opinion",)
_KIND: Final = "nobody asks which kind of token it is"
_LAST: Final = "of two members with one name the last is taken, as Python's reader of JSON does"
_SIGNED: Final = "the signature is good, and it is asked about nothing else"
_LARGE: Final = "nobody asks how large it is"
_OTHER: Final = "it was not told what the claim should be"
_FAR: Final = "any number will do that is greater than now"

_FOUND: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    # One kind of token in the place of another.
    ("access-token-as-id-token", _ALL, _KIND),
    ("access-token-of-salesforce-as-id-token", _NOT_JOSERFC, _KIND),  # joserfc refuses members that it does not know
    ("id-token-as-access-token", _ALL, _KIND),
    ("logout-token-as-id-token", _ALL, _KIND),
    ("logout-token-with-a-nonce", _ALL, _KIND),
    ("logout-type-on-an-id-token", _ALL, _KIND),
    # Whom it is for and about, and what ties it to one login.
    ("access-token-for-another-scope", _ALL, _OTHER),
    ("access-token-of-another-client", _ALL, _OTHER),
    ("client-assertion-about-another-client", _ALL, _OTHER),
    ("hash-of-another-access-token", _ALL, _OTHER),
    ("hash-of-another-code", _ALL, _OTHER),
    ("login-of-a-weaker-class", _ALL, _OTHER),
    ("nonce-in-a-list", _ALL, _OTHER),
    ("nonce-of-another-login", _ALL, _OTHER),
    ("refreshed-token-of-another-subject", _ALL, _OTHER),
    ("subject-that-is-empty", _ALL, _OTHER),
    ("subject-with-letters-that-look-alike", _ALL, _OTHER),
    ("token-for-another-client-as-well", _ALL, "one audience is ours, and the others are passed over"),
    ("token-issued-to-another-client", _ALL, _OTHER),
    # What only a memory can tell.
    ("bearer-assertion-that-is-used-twice", _ALL, "nobody remembers the first time"),
    ("client-assertion-that-is-used-twice", _ALL, "nobody remembers the first time"),
    # JSON that two readers read in two ways.
    ("alg-twice", _BOTH, _LAST),
    ("audience-twice", _BOTH, _LAST),
    ("kid-twice", _BOTH, _LAST),
    ("member-twice-inside-a-claim", _BOTH, _LAST),
    ("subject-twice", _BOTH, _LAST),
    ("subject-twice-in-another-spelling", _BOTH, _LAST),
    ("subject-with-half-a-character", _BOTH, "Python's reader of JSON lets half a character pass"),
    ("keys-twice", _BOTH, _LAST),
    ("modulus-twice", _BOTH, _LAST),
    # Numbers and sizes.
    ("expiry-of-many-digits", _BOTH, _FAR),
    ("expiry-that-is-huge", _ALL, _FAR),
    ("header-of-kilobytes", ("pyjwt",), _LARGE),
    ("key-set-of-hundreds-of-keys", _BOTH, _LARGE),
    ("key-set-of-megabytes", _BOTH, _LARGE),
    ("token-of-a-hundred-kilobytes", ("pyjwt",), _LARGE),
    # What the header says.
    ("critical-list-of-registered-names", ("joserfc",), "it knows the name, and takes the list for obeyed"),
    ("kid-in-another-case", _OPINION, "each trusted key is tried, whatever the name says"),
    # What the libraries see when they are asked for it, and the second opinion is not asked for.
    ("access-token-for-another-api", _OPINION, _SIGNED),
    ("audience-list-with-an-object", _OPINION, _SIGNED),
    ("audience-that-begins-alike", _OPINION, _SIGNED),
    ("expiry-in-a-list", _OPINION, _SIGNED),
    ("expiry-that-is-negative", _OPINION, _SIGNED),
    ("expiry-that-is-null", _OPINION, _SIGNED),
    ("expiry-that-is-true", _OPINION, _SIGNED),
    ("issuer-in-a-list", _OPINION, _SIGNED),
    ("issuer-that-begins-alike", _OPINION, _SIGNED),
    ("signing-key-published-for-a-shared-secret", _OPINION, "what a key is published for is not asked"),
    ("token-for-another-client", _OPINION, _SIGNED),
    ("token-of-another-issuer", _OPINION, _SIGNED),
)

WEAKNESSES: Final = {(path, fault): sentence for fault, paths, sentence in _FOUND for path in paths}
"""Why each path, asked so, believes a token that carries a fault."""
