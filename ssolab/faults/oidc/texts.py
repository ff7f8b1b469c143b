"""Faults of the JSON inside: members twice, numbers beyond any reader, text that is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, MISTAKE, by_own, of_draft, of_token, taken_apart, written

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_TWICE: Final = "repeated-member"


def _text(draft: Draft) -> str:
    return json.dumps(draft.claims, separators=(",", ":"), ensure_ascii=False)


def _written(draft: Draft, text: str | bytes) -> Draft:
    return replace(draft, payload=text if isinstance(text, bytes) else text.encode())


@of_draft("J-12", ATTACK, _TWICE, keeps=True)
def subject_twice(draft: Draft, kit: Kit) -> Draft:
    """The claims name two subjects, the genuine one first.

    Some readers take the first and most take the last, so that one may be looked up and another logged in.
    """
    return _written(draft, f'{_text(draft)[:-1]},"sub":{json.dumps(kit.forged)}}}')


@of_draft("J-12", ATTACK, _TWICE, keeps=True)
def subject_twice_in_another_spelling(draft: Draft, kit: Kit) -> Draft:
    """The claims name two subjects, and the second name is spelt with an escape.

    To JSON both are `sub`. Who looks for doubles in the text does not see it. Names are compared after they are
    read.
    """
    return _written(draft, f'{_text(draft)[:-1]},"s\\u0075b":{json.dumps(kit.forged)}}}')


@of_draft("J-12", ATTACK, _TWICE)
def audience_twice(draft: Draft, _kit: Kit) -> Draft:
    """The claims name two audiences in two members, another one first.

    The receiver that was meant and the one that was not both find their name.
    """
    return _written(draft, f'{{"aud":"another-client",{_text(draft)[1:]}')


@of_token("J-12", ATTACK, _TWICE)
def alg_twice(token: str, kit: Kit) -> str:
    """The header names its algorithm twice, none at first.

    One part of a program may decide by the first whether to verify, and another by the last how.
    """
    header, payload, _ = taken_apart(token)
    text = json.dumps(header, separators=(",", ":"))
    return written(f'{{"alg":"none",{text[1:]}'.encode(), payload, by_own(kit, header))


@of_token("J-12", ATTACK, _TWICE)
def kid_twice(token: str, kit: Kit) -> str:
    """The header names two keys.

    The key that is looked up and the one that is shown are two.
    """
    header, payload, _ = taken_apart(token)
    text = json.dumps(header, separators=(",", ":"))
    return written(f'{{"kid":"another",{text[1:]}'.encode(), payload, by_own(kit, header))


@of_draft("J-12", ATTACK, _TWICE)
def member_twice_inside_a_claim(draft: Draft, _kit: Kit) -> Draft:
    """An object inside a claim has a member twice.

    What holds for the claims holds at every depth.
    """
    return _written(draft, f'{_text(draft)[:-1]},"roles":{{"admin":false,"admin":true}}}}')


@of_draft("J-16", ATTACK, "oversized-number")
def expiry_of_many_digits(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is a number of a hundred digits.

    Readers overflow, round it or take seconds over it. An end that is infinite is none.
    """
    return _written(draft, json.dumps({**draft.claims, "exp": 0}).replace('"exp": 0', f'"exp": {"9" * 100}'))


@of_draft("J-16", ATTACK, "oversized-number")
def expiry_that_overflows(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is a number that no reader can hold.

    In most languages 1e999 is infinity, and every moment is before that.
    """
    return _written(draft, json.dumps({**draft.claims, "exp": 0}).replace('"exp": 0', '"exp": 1e999'))


@of_draft("J-16", ATTACK, "malformed-json")
def expiry_that_is_infinite(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is the word Infinity.

    It is no JSON, and the readers of several languages take it all the same.
    """
    return _written(draft, json.dumps({**draft.claims, "exp": float("inf")}))


@of_draft("J-16", ATTACK, "malformed-json")
def expiry_that_is_no_number(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is the word NaN.

    Every comparison with it is false, so that the token is never found to have ended.
    """
    return _written(draft, json.dumps({**draft.claims, "exp": float("nan")}))


@of_draft("J-12", MISTAKE, "json-not-an-object")
def claims_in_a_list(draft: Draft, _kit: Kit) -> Draft:
    """The payload is a list with the claims in it.

    It is JSON, and no claims. Have the issuer write the object itself.
    """
    return _written(draft, f"[{_text(draft)}]")


@of_draft("J-12", MISTAKE, "malformed-json")
def claims_that_are_no_json(draft: Draft, _kit: Kit) -> Draft:
    """The payload is signed and is no JSON: it was cut off.

    Nothing is mended or guessed. Two readers would mend it in two ways.
    """
    return _written(draft, _text(draft)[:-1])


@of_token("J-12", MISTAKE, "json-not-an-object")
def header_that_is_a_list(token: str, kit: Kit) -> str:
    """The header is a list.

    Its members have no names, so it says nothing.
    """
    header, payload, _ = taken_apart(token)
    return written(json.dumps([header]).encode(), payload, by_own(kit, header))


@of_draft("J-12", MISTAKE, "json-not-utf8")
def claims_with_a_byte_order_mark(draft: Draft, _kit: Kit) -> Draft:
    """The payload begins with a byte order mark.

    It was written by a tool for files. Readers skip it or break off.
    """
    return _written(draft, f"\ufeff{_text(draft)}")


@of_draft("J-12", MISTAKE, "json-not-utf8")
def claims_in_another_encoding(draft: Draft, _kit: Kit) -> Draft:
    """A claim is written in Latin-1.

    JSON that travels is UTF-8; what stands there is no text.
    """
    return _written(draft, f'{_text(draft)[:-1]},"city":"Köln"}}'.encode("latin-1"))


@of_draft("J-12", ATTACK, "json-not-utf8", keeps=True)
def subject_with_half_a_character(draft: Draft, kit: Kit) -> Draft:
    """The subject ends in half of a surrogate pair.

    It is no character. Where it is dropped or replaced, another subject is left.
    """
    text = json.dumps({**draft.claims, "sub": f"{kit.forged}\ud800"})
    return _written(draft, text)


@of_draft("J-12", LEGITIMATE)
def claims_that_nobody_asked_for(draft: Draft, _kit: Kit) -> Draft:
    """The token has claims that no standard knows.

    They are passed over, as the standard asks for.
    """
    return draft.claiming(**{"https://example.org/claims/team": ["blue"], "x": None})


@of_draft("J-12", LEGITIMATE)
def claims_with_blanks_between(draft: Draft, _kit: Kit) -> Draft:
    """The payload is written with blanks and line breaks, for people to read.

    It is the same JSON, and the signature is over what was sent. It is accepted.
    """
    return _written(draft, json.dumps(draft.claims, indent=2))
