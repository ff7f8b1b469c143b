"""Faults of who signed: strangers, keys that came or went at the wrong time, tokens that were changed afterwards."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.core.jwk import thumbprint
from ssolab.core.keys import Permission
from ssolab.faults.engine import Carrier
from ssolab.faults.oidc.making import (
    ATTACK,
    LEGITIMATE,
    MISTAKE,
    key_of,
    meant_for,
    of_draft,
    of_token,
    signed_by,
    taken_apart,
    trusted,
    trusting,
    written,
)

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_MISFIT: Final = "token-signature-mismatch"
_UNKNOWN: Final = "unknown-kid"
_WHOLE: Final = ("RS", "PS", "Ed")
"""The algorithms whose signature is one piece, and not two numbers side by side."""
_NUMBERS: Final = "the two numbers of such a signature have faults of their own"


def _by(draft: Draft, kit: Kit, name: str, *, named: bool = False) -> Draft:
    """Have another key sign; *named* says so in `kid`, else the token claims the genuine key."""
    key = key_of(kit, name)
    return signed_by(draft.headed(kid=thumbprint(key.public)) if named else draft, key)


@of_draft("J-06", ATTACK, _MISFIT)
def stranger_under_the_trusted_name(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs and names the trusted key.

    A name proves nothing. The signature does not fit.
    """
    return _by(draft, kit, "foreign")


@of_draft("J-06", ATTACK, _UNKNOWN)
def stranger_under_the_strangers_name(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs and names the stranger's own key.

    That key is not among the trusted ones. The set of its issuer is fetched once more, and does not have it either.
    """
    return _by(draft, kit, "foreign", named=True)


@of_draft("J-06", ATTACK, _MISFIT, carrier=Carrier.LOGOUT_TOKEN)
def logout_token_of_a_stranger(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs a logout token and names the trusted key.

    Everybody could log everybody out. A logout token is verified like an ID token.
    """
    return _by(draft, kit, "foreign")


@of_draft("J-06", ATTACK, _MISFIT, carrier=Carrier.CLIENT_ASSERTION)
def client_assertion_of_a_stranger(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs the assertion by which a client proves itself.

    Only the key that the client registered counts. A client id is public, and proves nothing by itself.
    """
    return _by(draft, kit, "foreign")


@of_draft("J-06", ATTACK, _MISFIT, carrier=Carrier.BEARER_ASSERTION)
def bearer_assertion_of_a_stranger(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs the assertion that a token is fetched with.

    Only the certificate that was uploaded for the app counts. What the header says of a key is not asked.
    """
    return _by(draft, kit, "foreign")


@of_draft("J-06", ATTACK, _MISFIT, carrier=Carrier.ACCESS_TOKEN)
def access_token_of_a_stranger(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs an access token and names the trusted key.

    The API has to verify as a relying party does. Trust in a network is no trust in a token.
    """
    return _by(draft, kit, "foreign")


@of_draft(
    "J-20",
    MISTAKE,
    _UNKNOWN,
    "signed-by-announced-key",
    receiver={"announced": trusting("foreign")},
)
def token_signed_before_the_key_was_taken_over(draft: Draft, kit: Kit) -> Draft:
    """The issuer signs with its new key, which it has published and we have not taken over yet.

    It began too early, or our copy of its keys is older than it reckoned with. The report names the new key.
    """
    return _by(draft, kit, "foreign", named=True)


@of_draft(
    "J-20",
    MISTAKE,
    "signed-by-announced-key",
    receiver={"announced": lambda kit: (trusted(kit.foreign, thumbprint(kit.own.public)),)},
)
def new_key_under_the_old_name(draft: Draft, kit: Kit) -> Draft:
    """The issuer signs with a new key and names it as the old one was.

    Copies of its keys keep the old meaning of the name, and nobody sees a reason to fetch them anew.
    """
    return _by(draft, kit, "foreign")


@of_draft("J-20", MISTAKE, _UNKNOWN, "signed-by-retired-key", receiver={"retired": trusting("retired")},
          needs=("retired",))  # fmt: skip
def token_signed_with_the_retired_key_by_name(draft: Draft, kit: Kit) -> Draft:
    """The token is signed with a key that was retired, and says so.

    One of the issuer's machines signs on with the old key. Look for whoever still holds it.
    """
    return _by(draft, kit, "retired", named=True)


@of_draft("J-20", MISTAKE, "signed-by-retired-key", receiver={"retired": trusting("retired")}, needs=("retired",))
def token_signed_with_the_retired_key(draft: Draft, kit: Kit) -> Draft:
    """The token is signed with a key that was retired, under the name of the new one.

    The new name was rolled out before the new key. The report tells that it is the retired one.
    """
    return _by(draft, kit, "retired")


@of_draft("J-18", ATTACK, "signed-by-untrusted-key", receiver={"known": trusting("foreign")})
def token_signed_with_the_key_of_another_issuer(draft: Draft, kit: Kit) -> Draft:
    """The token is signed with a key that stands in the key set of another issuer.

    We know the key and trust it for that issuer alone. The report says whose it is.
    """
    return _by(draft, kit, "foreign")


@of_draft("J-06", MISTAKE, "signed-by-another-key", receiver={"keys": trusting("own", "foreign")})
def token_that_names_another_trusted_key(draft: Draft, kit: Kit) -> Draft:
    """The token is signed with one trusted key and names another.

    Names were mixed up at the issuer. What the token asks for does not fit.
    """
    return draft.headed(kid=thumbprint(kit.foreign.public))


@of_draft("J-15", MISTAKE, "weak-rsa-key", receiver={"keys": trusting("own", "short-rsa")}, needs=("short-rsa",))
def token_signed_with_a_short_key(draft: Draft, kit: Kit) -> Draft:
    """The token is signed with a trusted key of 1024 bits.

    Such keys are within the reach of whoever has money. The standard wants 2048.
    """
    return replace(_by(draft, kit, "short-rsa", named=True), alg="RS256")


@of_draft(
    "J-15",
    LEGITIMATE,
    warns=("weak-rsa-key",),
    receiver={"keys": trusting("own", "short-rsa"), "permit": frozenset({Permission.RSA1024})},
    needs=("short-rsa",),
)
def token_signed_with_a_short_key_that_is_permitted(draft: Draft, kit: Kit) -> Draft:
    """The token is signed with a trusted key of 1024 bits, which was permitted by name.

    It is accepted, and a warning says how short the key is. Have its issuer change to a longer one.
    """
    return replace(_by(draft, kit, "short-rsa", named=True), alg="RS256")


@of_draft(
    "J-15",
    ATTACK,
    "key-not-for-signatures",
    receiver={"keys": lambda kit: (trusted(kit.own, use="enc"),)},
)
def stranger_under_the_name_of_a_key_for_encryption(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs and names a key that is published for encryption.

    Such a key is never asked about signatures. Whether the signature fits is not even looked at.
    """
    return _by(draft, kit, "foreign")


@of_draft(
    "J-15",
    ATTACK,
    "key-ops-without-verify",
    receiver={"keys": lambda kit: (trusted(kit.own, key_ops=("encrypt", "wrapKey")),)},
)
def stranger_under_the_name_of_a_key_that_does_not_verify(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs and names a key whose operations do not hold verifying.

    Such a key is never asked about signatures. Whether the signature fits is not even looked at.
    """
    return _by(draft, kit, "foreign")


@of_draft(
    "J-15",
    ATTACK,
    "key-for-another-algorithm",
    receiver={"keys": lambda kit: (trusted(kit.own, alg="PS256"),)},
)
def stranger_under_the_name_of_a_key_for_another_algorithm(draft: Draft, kit: Kit) -> Draft:
    """A stranger signs with an older algorithm than the key is published for that the token names.

    The key is not asked about any other algorithm than its own, whoever may have signed. It is refused before its
    signature is looked at.
    """
    stranger = _by(draft, kit, "foreign")
    return replace(stranger, alg=stranger.alg.replace("PS", "RS"))


@of_token("J-17", ATTACK, _MISFIT, keeps=True)
def subject_changed_after_signing(token: str, kit: Kit) -> str:
    """The subject was changed after the token was signed.

    A reader that decodes and does not verify sees the new one.
    """
    header, payload, signature = taken_apart(token)
    claims = {**json.loads(payload), "sub": kit.forged}
    return written(header, json.dumps(claims, separators=(",", ":")).encode(), lambda _data: signature)


@of_token("J-17", ATTACK, _MISFIT)
def header_changed_after_signing(token: str, _kit: Kit) -> str:
    """The header was changed after the token was signed.

    The signature covers it as well as the claims. Nothing in it can be corrected on the way.
    """
    header, payload, signature = taken_apart(token)
    return written({**header, "typ": "jwt"}, payload, lambda _data: signature)


@of_token("J-14", MISTAKE, _MISFIT)
def signature_that_is_cut_short(token: str, _kit: Kit) -> str:
    """The end of the signature is missing.

    It was cut off where a field was too short.
    """
    header, payload, signature = taken_apart(token)
    meant_for(str(header["alg"]), *_WHOLE, why=_NUMBERS)
    return written(header, payload, lambda _data: signature[:-3])


@of_token("J-14", ATTACK, _MISFIT)
def signature_with_bytes_behind_it(token: str, _kit: Kit) -> str:
    """Bytes follow the genuine signature.

    Who compares the beginning alone is content.
    """
    header, payload, signature = taken_apart(token)
    meant_for(str(header["alg"]), *_WHOLE, why=_NUMBERS)
    return written(header, payload, lambda _data: signature + b"\0")
