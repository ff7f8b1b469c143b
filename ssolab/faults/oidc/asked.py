"""Faults of what a receiver needs a token to say: the class of the login, and what the token is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier
from ssolab.faults.oidc.making import ATTACK, MISTAKE, of_draft

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_CLASS: Final = "authentication-class-not-met"
_SCOPE: Final = "scope-not-granted"
_ASKED: Final = {"acr": ("gold",)}
_REQUIRED: Final = {"scopes": ("openid",)}


@of_draft("J-17", ATTACK, _CLASS, receiver=_ASKED)
def login_of_a_weaker_class(draft: Draft, _kit: Kit) -> Draft:
    """The user was authenticated in another way than was asked for, and the token says so.

    A password went in where a second factor was essential. Whoever does not compare `acr` lets it pass.
    """
    return draft.claiming(acr="bronze")


@of_draft("J-17", MISTAKE, _CLASS, receiver=_ASKED)
def login_of_a_class_in_capitals(draft: Draft, _kit: Kit) -> Draft:
    """The class of the login is the one that was asked for, in capitals.

    Classes are names, compared letter by letter. Provider and client have to agree on one spelling.
    """
    return draft.claiming(acr="GOLD")


@of_draft("J-17", MISTAKE, _CLASS, receiver=_ASKED)
def login_of_no_class(draft: Draft, _kit: Kit) -> Draft:
    """The token does not name the class of login that was essential.

    Saying nothing is no promise. The provider has to write `acr` where it was asked for as essential, or to answer that
    the login failed.
    """
    return draft.without("acr")


@of_draft("J-17", ATTACK, _SCOPE, carrier=Carrier.ACCESS_TOKEN, receiver=_REQUIRED)
def access_token_for_another_scope(draft: Draft, _kit: Kit) -> Draft:
    """The access token was granted for something else than it is used for.

    It is genuine, and for this API. What it may do there stands in `scope`, and is compared word by word.
    """
    return draft.claiming(scope="openid-not profile")


@of_draft("J-17", MISTAKE, _SCOPE, carrier=Carrier.ACCESS_TOKEN, receiver=_REQUIRED)
def access_token_for_no_scope(draft: Draft, _kit: Kit) -> Draft:
    """The access token says nothing of what it was granted for.

    A missing scope grants nothing. The provider has to write it where the receiver tells scopes apart (RFC 9068 2.2.3).
    """
    return draft.without("scope")
