"""Faults of tokens that bring the key along that they shall be believed by, or say where to fetch it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.jose import encode
from ssolab.core.jwk import jwk_of
from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, of_draft, of_token, signed_by, taken_apart, written

if TYPE_CHECKING:
    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_TOLD: Final = ("key-in-header",)
_SECRET: Final = b"a secret that everybody can read in the header"
_ELSEWHERE: Final = "https://attacker.example/keys.json"


def _forged(draft: Draft, kit: Kit, **header: Any) -> Draft:
    """Have a key sign that nobody trusts."""
    return signed_by(draft.headed(**header), kit.foreign)


def _chain(credential: SigningCredential) -> list[str]:
    return [base64.b64encode(credential.certificate.der).decode()]


@of_draft("J-04", ATTACK, "signed-by-key-in-header", warns=_TOLD, cites="CVE-2018-0114")
def token_with_its_own_key_in_the_header(draft: Draft, kit: Kit) -> Draft:
    """The token is signed by a stranger, whose key stands in its header.

    Anybody can make a key and send it along. Keys in a header are never used; the report tells whose the signature was.
    """
    return _forged(draft, kit, jwk=jwk_of(kit.foreign.public))


@of_draft("J-04", ATTACK, "signed-by-key-in-header", warns=_TOLD)
def token_whose_own_key_bears_the_trusted_name(draft: Draft, kit: Kit) -> Draft:
    """The key in the header of the token bears the name of the trusted one.

    A receiver that merges the two by their name believes the stranger's. A name is no key.
    """
    return _forged(draft, kit, jwk=jwk_of(kit.foreign.public, kid=str(draft.header.get("kid"))))


@of_draft("J-05", ATTACK, "signed-by-key-in-header", warns=_TOLD)
def token_with_its_own_certificate_in_the_header(draft: Draft, kit: Kit) -> Draft:
    """The token is signed by a stranger, whose certificate stands in its header.

    The certificate looks like the trusted one, names and serial number alike. Trust is by key.
    """
    return _forged(draft, kit, x5c=_chain(kit.foreign))


@of_draft("J-05", ATTACK, "token-signature-mismatch", warns=_TOLD)
def token_with_the_address_of_a_key_set(draft: Draft, kit: Kit) -> Draft:
    """The token is signed by a stranger and says where to fetch the stranger's keys.

    Who follows `jku` believes everybody, and fetches what an attacker wants to have fetched. It is never followed.
    """
    return _forged(draft, kit, jku=_ELSEWHERE)


@of_draft("J-05", ATTACK, "token-signature-mismatch", warns=_TOLD)
def token_with_the_address_of_a_certificate(draft: Draft, kit: Kit) -> Draft:
    """The token is signed by a stranger and says where to fetch the stranger's certificate.

    `x5u` is `jku` for certificates, and is never followed either. The report says that it was there.
    """
    return _forged(draft, kit, x5u="https://attacker.example/key.pem")


@of_draft("J-05", ATTACK, "token-signature-mismatch", warns=_TOLD)
def token_with_an_address_inside_the_network(draft: Draft, kit: Kit) -> Draft:
    """The address of keys in the header is one that only the receiver can reach.

    The attacker does not want a key but the request itself: metadata services of clouds answer at this address.
    """
    return _forged(draft, kit, jku="http://169.254.169.254/latest/meta-data/")


@of_draft("J-05", ATTACK, "token-signature-mismatch")
def token_with_the_thumbprint_of_the_trusted_certificate(draft: Draft, kit: Kit) -> Draft:
    """The token is signed by a stranger and names the trusted certificate by its thumbprint.

    A thumbprint says which key is meant, like a `kid`, and proves nothing. The signature does not fit the key.
    """
    return _forged(draft, kit, **{"x5t#S256": encode(hashlib.sha256(kit.own.certificate.der).digest())})


@of_draft("J-05", ATTACK, "token-signature-mismatch", warns=_TOLD)
def token_with_the_trusted_certificate_in_the_header(draft: Draft, kit: Kit) -> Draft:
    """The token is signed by a stranger and brings the trusted certificate along.

    A receiver that only compares the certificate with the trusted one is content.
    """
    return _forged(draft, kit, x5c=_chain(kit.own))


@of_token("J-04", ATTACK, "hmac-token", warns=_TOLD)
def token_with_a_shared_secret_in_the_header(token: str, _kit: Kit) -> str:
    """The token is proved by an HMAC, and its secret stands in its header as a key.

    It is the embedded key once more, of a kind that needs no key pair at all. What a header brings is never used.
    """
    header, payload, _ = taken_apart(token)
    named = {**header, "alg": "HS256", "jwk": {"kty": "oct", "k": encode(_SECRET)}}
    return written(named, payload, lambda data: hmac.digest(_SECRET, data, "sha256"))


@of_draft("J-04", LEGITIMATE, warns=_TOLD)
def genuine_token_with_its_key_in_the_header(draft: Draft, kit: Kit) -> Draft:
    """The trusted key signed the token and stands in its header as well.

    Some libraries write it. It is not used, since the same key is trusted anyway, and the token is accepted.
    """
    return draft.headed(jwk=jwk_of(kit.own.public))


@of_draft("J-05", LEGITIMATE, warns=_TOLD)
def genuine_token_with_its_certificate_in_the_header(draft: Draft, kit: Kit) -> Draft:
    """The trusted key signed the token, and its certificate stands in the header.

    Gateways and libraries for smart cards write it. It is not used, and the token is accepted.
    """
    return draft.headed(x5c=_chain(kit.own))


@of_draft("J-05", LEGITIMATE, warns=_TOLD)
def genuine_token_with_the_address_of_its_key_set(draft: Draft, _kit: Kit) -> Draft:
    """The trusted key signed the token, whose header says where its key set is.

    It is not followed, not even where the address is the right one, and the token is accepted.
    """
    return draft.headed(jku=f"{draft.claims.get('iss')}/jwks")
