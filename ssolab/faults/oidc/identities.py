"""Faults of who says it, whom it is about, and what ties it to one login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.jose import half_hash
from ssolab.faults.engine import UnfitError
from ssolab.faults.oidc.making import ATTACK, MISTAKE, of_draft

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_ISSUER: Final = "token-issuer-mismatch"
_MISSING: Final = "missing-claim"
_TYPE: Final = "claim-of-wrong-type"


@of_draft("J-18", ATTACK, _ISSUER)
def token_of_another_issuer(draft: Draft, _kit: Kit) -> Draft:
    """The trusted key signs in the name of another issuer.

    Subjects of two issuers are two persons, whatever they are called.
    """
    return draft.claiming(iss="https://attacker.example")


@of_draft("J-18", MISTAKE, _ISSUER)
def issuer_with_a_slash_at_its_end(draft: Draft, _kit: Kit) -> Draft:
    """The issuer in the token has a slash more than in the settings.

    Issuers are compared letter by letter. One side has to take over the other's spelling.
    """
    return draft.claiming(iss=f"{draft.claims['iss']}/")


@of_draft("J-18", ATTACK, _ISSUER)
def issuer_that_begins_alike(draft: Draft, _kit: Kit) -> Draft:
    """The issuer in the token begins with the trusted one and belongs to somebody else.

    Who compares the beginning, or looks whether one is part of the other, is content.
    """
    return draft.claiming(iss=f"{draft.claims['iss']}.attacker.example")


@of_draft("J-18", MISTAKE, _ISSUER)
def issuer_in_capitals(draft: Draft, _kit: Kit) -> Draft:
    """The issuer in the token is in capitals.

    The host might be the same; an issuer is a text, and this is another one.
    """
    return draft.claiming(iss=str(draft.claims["iss"]).upper())


@of_draft("J-18", MISTAKE, _MISSING)
def token_without_an_issuer(draft: Draft, _kit: Kit) -> Draft:
    """The token does not say who issued it.

    It is good for whoever trusts the key, in every name.
    """
    return draft.without("iss")


@of_draft("J-18", ATTACK, _TYPE)
def issuer_in_a_list(draft: Draft, _kit: Kit) -> Draft:
    """The issuer is a list with the trusted one in it.

    A reader that asks whether the trusted one is in it says yes, and the next one takes the first.
    """
    return draft.claiming(iss=["https://attacker.example", draft.claims["iss"]])


@of_draft("J-17", MISTAKE, _MISSING)
def token_without_a_subject(draft: Draft, _kit: Kit) -> Draft:
    """The token does not say whom it is about.

    There is nobody to log in. No name is made up from other claims, such as an address of mail.
    """
    return draft.without("sub")


@of_draft("J-17", ATTACK, "empty-claim")
def subject_that_is_empty(draft: Draft, _kit: Kit) -> Draft:
    """The subject is an empty text.

    Looked up in a database, it may be the first account without one.
    """
    return draft.claiming(sub="")


@of_draft("J-17", MISTAKE, _TYPE)
def subject_that_is_a_number(draft: Draft, _kit: Kit) -> Draft:
    """The subject is a number.

    Above 2^53 readers round it, so that two users become one.
    """
    return draft.claiming(sub=9007199254740993)


@of_draft("J-17", MISTAKE, "subject-too-long")
def subject_of_a_thousand_characters(draft: Draft, _kit: Kit) -> Draft:
    """The subject has a thousand characters.

    Columns cut it, and what is left may be somebody else's.
    """
    return draft.claiming(sub="a" * 1000)


@of_draft("J-17", ATTACK, "subject-too-long")
def subject_with_letters_that_look_alike(draft: Draft, _kit: Kit) -> Draft:
    """A letter of the subject is a Cyrillic one that looks the same.

    Subjects are ASCII, so that nobody can look like somebody else.
    """
    return draft.claiming(sub="\u0430" + str(draft.claims["sub"])[1:])


@of_draft("J-17", ATTACK, "token-subject-mismatch", receiver={"subject": lambda kit: kit.genuine})
def refreshed_token_of_another_subject(draft: Draft, kit: Kit) -> Draft:
    """The token came of a refresh and is about another subject than the first one.

    Tokens were mixed up, by a cache or by somebody. The session stays with the first one and is not refreshed.
    """
    return draft.claiming(sub=kit.forged if kit.forged != draft.claims["sub"] else f"{kit.forged}-of-another")


@of_draft("J-17", ATTACK, "nonce-mismatch")
def nonce_of_another_login(draft: Draft, _kit: Kit) -> Draft:
    """The token carries the nonce of another login.

    It was recorded there, and is played in here. Each login has a nonce of its own, which is good once.
    """
    return draft.claiming(nonce="n-of-another-login")


@of_draft("J-17", MISTAKE, "nonce-missing")
def token_without_the_nonce(draft: Draft, _kit: Kit) -> Draft:
    """The token does not carry the nonce that was sent.

    Nobody can tell which login it answers. Have the provider return it as it came.
    """
    return draft.without("nonce")


@of_draft("J-17", ATTACK, _TYPE)
def nonce_in_a_list(draft: Draft, _kit: Kit) -> Draft:
    """The nonce is a list with the right one in it.

    A list of all that were ever sent would do as well.
    """
    return draft.claiming(nonce=[draft.claims["nonce"]])


@of_draft("J-17", ATTACK, "access-token-hash-mismatch")
def hash_of_another_access_token(draft: Draft, _kit: Kit) -> Draft:
    """The token vouches for another access token than the one that came along.

    The access token was exchanged on the way. Whoever put it there has a token of another user.
    """
    return draft.claiming(at_hash=half_hash(draft.alg, "another access token"))


@of_draft("J-17", MISTAKE, "access-token-hash-mismatch")
def hash_of_the_access_token_by_another_algorithm(draft: Draft, _kit: Kit) -> Draft:
    """The hash of the access token is longer than `alg` says.

    The provider hashes with SHA-512 whatever it signs with.
    """
    if half_hash(draft.alg, "") == half_hash("RS512", ""):
        raise UnfitError(f"{draft.alg} hashes with SHA-512 itself")
    return draft.claiming(at_hash=half_hash("RS512", "the access token beside it"))


@of_draft("J-17", ATTACK, "code-hash-mismatch", receiver={"code": "the code beside it"})
def hash_of_another_code(draft: Draft, _kit: Kit) -> Draft:
    """The token vouches for another code than the one that came along.

    In the browser the code of one login was exchanged for that of another.
    """
    return draft.claiming(c_hash=half_hash(draft.alg, "another code"))


@of_draft("J-17", MISTAKE, "hash-missing", receiver={"front_channel": True})
def token_from_the_browser_without_its_hash(draft: Draft, _kit: Kit) -> Draft:
    """The token came through the browser and does not vouch for the access token beside it.

    What travels there can be exchanged, so the hash is required. Have the provider write `at_hash`.
    """
    return draft.without("at_hash")
