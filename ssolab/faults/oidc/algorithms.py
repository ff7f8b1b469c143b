"""Faults of `alg`: none, a shared secret in place of a key, names that are none, algorithms that were not agreed on."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssolab.core.jose import ALGORITHMS
from ssolab.core.jwk import jwk_of
from ssolab.faults.engine import Carrier
from ssolab.faults.oidc.making import (
    ATTACK,
    LEGITIMATE,
    MISTAKE,
    by_own,
    meant_for,
    of_draft,
    of_token,
    taken_apart,
    written,
)
from ssolab.faults.oidc.making import trusting as _trusting

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_SPKI: Final = PublicFormat.SubjectPublicKeyInfo
_SHARED: Final = b"a client secret of thirty-two characters and more"
_SHORT: Final = b"secret"
_NOT_AGREED: Final = tuple(each for each in ALGORITHMS if each != "ES256")
_AGREED: Final = "that is the one that is agreed on"


def _nothing(_data: bytes) -> bytes:
    return b""


def _under(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.digest(secret, data, "sha256")


def _renamed(token: str, kit: Kit, alg: object) -> str:
    """Have the header say another algorithm, under a signature by the genuine key all the same."""
    header, payload, _ = taken_apart(token)
    return written({**header, "alg": alg}, payload, by_own(kit, header))


def _unsigned(token: str, alg: str) -> str:
    header, payload, _ = taken_apart(token)
    return written({**header, "alg": alg}, payload, _nothing)


def _confused(token: str, secret: bytes) -> str:
    header, payload, _ = taken_apart(token)
    return written({**header, "alg": "HS256"}, payload, _under(secret))


@of_token("J-01", ATTACK, "unsigned-token", cites="RFC 8725 3.2")
def token_with_alg_none(token: str, _kit: Kit) -> str:
    """The header says that the token is not signed, and it is not.

    A library that looks up its verifier by `alg` finds the one that says yes to everything. What is not signed is never
    believed. Conformance tests call this `invalid-null-alg`.
    """
    return _unsigned(token, "none")


@of_token("J-01", ATTACK, "unsigned-token", carrier=Carrier.LOGOUT_TOKEN)
def logout_token_with_alg_none(token: str, _kit: Kit) -> str:
    """The header says that the logout token is not signed, and it is not.

    Everybody could log everybody out. What holds for a login holds for its end. Conformance tests call this `alg-none`.
    """
    return _unsigned(token, "none")


@of_token("J-01", ATTACK, "unsigned-token", cites="RFC 8725 3.2")
def token_with_alg_none_in_capitals(token: str, _kit: Kit) -> str:
    """The header says NONE in capitals, and there is no signature.

    Lists of what is forbidden are often compared letter by letter. What counts is the list of what is allowed.
    """
    return _unsigned(token, "NONE")


@of_token("J-01", ATTACK, "unsigned-token", cites="RFC 8725 3.2")
def token_with_alg_none_in_mixed_case(token: str, _kit: Kit) -> str:
    """The header says nOnE, and there is no signature.

    The spelling is a trick against comparisons with `none`, `None` and `NONE`. It is none of the algorithms there are.
    """
    return _unsigned(token, "nOnE")


@of_token("J-01", ATTACK, "unsigned-token")
def token_with_alg_none_beside_a_signature(token: str, kit: Kit) -> str:
    """The header says that the token is not signed, although it is.

    Whoever skips the verification because of `alg` never looks at the signature, good as it is. The header decides
    nothing.
    """
    return _renamed(token, kit, "none")


@of_token("J-01", ATTACK, "unsigned-token")
def token_without_its_signature(token: str, _kit: Kit) -> str:
    """The header says how the token is signed, and the signature is empty.

    A reader that splits at the dots and verifies only what is there would be content.
    """
    header, payload, _ = taken_apart(token)
    return written(header, payload, _nothing)


@of_token("J-02", ATTACK, "hmac-token", cites="CVE-2016-10555")
def public_key_in_pem_as_shared_secret(token: str, kit: Kit) -> str:
    """The token is proved by an HMAC whose secret is the public key, as its PEM file holds it.

    Everybody has that key. A library that takes one argument for keys and secrets alike verifies the HMAC with it. Who
    trusts a public key never looks at an HMAC.
    """
    return _confused(token, kit.own.public.crypto.public_bytes(Encoding.PEM, _SPKI))


@of_token("J-02", ATTACK, "hmac-token", cites="CVE-2024-33663")
def public_key_in_der_as_shared_secret(token: str, kit: Kit) -> str:
    """The token is proved by an HMAC whose secret is the public key in DER.

    Libraries that look for the word BEGIN in a secret do not find it there. The form of the key makes no difference to
    what it is.
    """
    return _confused(token, kit.own.public.spki)


@of_token("J-02", ATTACK, "hmac-token", cites="CVE-2022-29217")
def certificate_as_shared_secret(token: str, kit: Kit) -> str:
    """The token is proved by an HMAC whose secret is the certificate, as PEM.

    Certificates are public too, and some libraries knew a public key by its first line alone.
    """
    return _confused(token, kit.own.certificate.pem.encode())


@of_token("J-02", ATTACK, "hmac-token", cites="CVE-2026-48526")
def jwk_as_shared_secret(token: str, kit: Kit) -> str:
    """The token is proved by an HMAC whose secret is the public key, as the key set writes it.

    A library that was handed the JSON of a key took the text itself for a secret. A public key is no secret in any
    form.
    """
    return _confused(token, json.dumps(jwk_of(kit.own.public)).encode())


@of_token("J-03", MISTAKE, "unknown-token-algorithm")
def token_without_an_alg(token: str, kit: Kit) -> str:
    """The header does not say how the token is signed.

    Nothing is guessed from the key: `alg` is a required member.
    """
    header, payload, _ = taken_apart(token)
    rest = {name: value for name, value in header.items() if name != "alg"}
    return written(rest, payload, by_own(kit, header))


@of_token("J-03", MISTAKE, "unknown-token-algorithm")
def alg_in_small_letters(token: str, kit: Kit) -> str:
    """The header names its algorithm in small letters.

    Names count letter by letter, and this is none of them, good as the signature is.
    """
    return _renamed(token, kit, str(taken_apart(token)[0]["alg"]).lower())


@of_token("J-03", MISTAKE, "unknown-token-algorithm")
def alg_of_another_curve_family(token: str, kit: Kit) -> str:
    """The header names ES256K, which is the curve of Bitcoin.

    It is a registered name, and none that OpenID Connect or Salesforce use. What is not known is refused and not tried.
    """
    return _renamed(token, kit, "ES256K")


@of_token("J-03", MISTAKE, "header-of-wrong-type", "unknown-token-algorithm")
def alg_that_is_a_list(token: str, kit: Kit) -> str:
    """The header offers its algorithms in a list.

    A receiver that searches the list for one that it allows lets the token choose.
    """
    return _renamed(token, kit, [taken_apart(token)[0]["alg"], "none"])


@of_draft("J-03", MISTAKE, "algorithm-not-allowed", receiver={"algorithms": ("ES256",)})
def algorithm_that_nobody_agreed_on(draft: Draft, _kit: Kit) -> Draft:
    """The token is signed with a sound algorithm that is not among those of the settings.

    What is allowed is settled before a token comes. Here the receiver takes ES256 alone, and the signature is as good
    as ever. Conformance tests call this `invalid-alternate-alg`.
    """
    meant_for(draft, *_NOT_AGREED, why=_AGREED)
    return draft


@of_draft(
    "J-03",
    MISTAKE,
    "algorithm-not-allowed",
    carrier=Carrier.LOGOUT_TOKEN,
    receiver={"algorithms": ("ES256",)},
)
def logout_token_by_an_algorithm_that_nobody_agreed_on(draft: Draft, _kit: Kit) -> Draft:
    """The logout token is signed with a sound algorithm that is not among those of the settings.

    The settings for ID tokens hold for logout tokens too, and the receiver takes ES256 alone. Conformance tests call
    this `wrong-alg`.
    """
    meant_for(draft, *_NOT_AGREED, why=_AGREED)
    return draft


@of_draft(
    "J-03",
    MISTAKE,
    "key-for-another-algorithm",
    "signed-by-another-key",
    receiver={"keys": _trusting("own", alg="PS256")},
)
def algorithm_that_the_key_is_not_published_for(draft: Draft, _kit: Kit) -> Draft:
    """The token is signed with another algorithm than its key is published for.

    The key is published for PS256 and signs with another one. One key goes with one algorithm, so that nobody can put a
    weaker one in its place.
    """
    meant_for(draft, *(each for each in ALGORITHMS if each != "PS256"), why="that is what its key is published for")
    return draft


@of_token("J-02", ATTACK, "key-of-another-type")
def alg_changed_to_one_of_a_curve(token: str, _kit: Kit) -> str:
    """The header names ES256 on the way, with a signature as wide as that, and the trusted key is on no such curve.

    Nothing of the kind is trusted under this name, so nothing is verified. The key decides how a signature is
    verified, and not the header.
    """
    header, payload, signature = taken_apart(token)
    meant_for(str(header["alg"]), "RS", "PS", "Ed", why="its key is on such a curve already")
    return written({**header, "alg": "ES256"}, payload, lambda _data: signature[:64])


@of_token("J-19", MISTAKE, "short-secret", receiver={"keys": (), "secret": _SHORT})
def hmac_with_a_short_secret(token: str, _kit: Kit) -> str:
    """The token is proved with the client secret, and that has six characters.

    One token is enough to guess such a secret on a laptop. An HMAC of SHA-256 wants 32 bytes.
    """
    return _confused(token, _SHORT)


@of_token("J-19", ATTACK, "short-secret", receiver={"keys": (), "secret": b""})
def hmac_with_an_empty_secret(token: str, _kit: Kit) -> str:
    """The token is proved with a secret that is empty.

    A setting that was never filled makes everybody's token a good one.
    """
    return _confused(token, b"")


@of_token("J-19", LEGITIMATE, receiver={"keys": (), "secret": _SHARED})
def hmac_with_the_client_secret(token: str, _kit: Kit) -> str:
    """The token is proved with a long client secret, as both sides agreed.

    HS256 is sound where no public key is trusted beside it. It is accepted.
    """
    return _confused(token, _SHARED)


@of_token("J-19", ATTACK, "token-signature-mismatch", receiver={"keys": (), "secret": _SHARED})
def hmac_with_a_guessed_secret(token: str, _kit: Kit) -> str:
    """The token is proved with a secret that was guessed, and is another one.

    It is the same mistake as a client secret that was renewed on one side alone.
    """
    return _confused(token, b"another secret of thirty-two characters and more")
