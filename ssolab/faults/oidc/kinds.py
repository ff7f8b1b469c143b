"""Faults of kind: one token in the place of another, and logout tokens that are not what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier
from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, MISTAKE, of_draft
from ssolab.oidc.kind_checks import LOGOUT_EVENT, SALESFORCE_ACCESS_TOKEN

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_LOGOUT: Final = Carrier.LOGOUT_TOKEN
_EVENT: Final = "logout-event-missing"
_TYPE: Final = "token-type-mismatch"


@of_draft("J-17", ATTACK, _TYPE)
def access_token_as_id_token(draft: Draft, _kit: Kit) -> Draft:
    """The header says that the token is an access token, and it comes as an ID token.

    It proves that somebody may call an API, and not who logged in. The type in the header is compared before
    anything is believed.
    """
    return draft.headed(typ="at+jwt")


@of_draft("J-17", ATTACK, "access-token-in-its-place")
def access_token_of_salesforce_as_id_token(draft: Draft, _kit: Kit) -> Draft:
    """The header says in the words of Salesforce that the token is an access token.

    Its `typ` is that of an ID token; `tty` tells the two apart. Take the `id_token` of the answer.
    """
    return draft.headed(tty=SALESFORCE_ACCESS_TOKEN)


@of_draft("J-17", ATTACK, "logout-token-in-its-place")
def logout_token_as_id_token(draft: Draft, _kit: Kit) -> Draft:
    """The token holds the event that ends a session, and comes as an ID token.

    What was sent to log the user out would log the user in. No ID token holds an event.
    """
    return draft.claiming(events={LOGOUT_EVENT: {}})


@of_draft("J-17", ATTACK, _TYPE)
def logout_type_on_an_id_token(draft: Draft, _kit: Kit) -> Draft:
    """The header of the ID token says that it is a logout token.

    The type is there so that the one is never taken for the other.
    """
    return draft.headed(typ="application/logout+jwt")


@of_draft("J-17", LEGITIMATE)
def id_token_without_a_type(draft: Draft, _kit: Kit) -> Draft:
    """The header of the ID token says nothing of a type.

    No standard requires one there. It is accepted. Access tokens and logout tokens have types of their own.
    """
    return draft.without_header("typ")


@of_draft("J-17", LEGITIMATE)
def type_in_small_letters(draft: Draft, _kit: Kit) -> Draft:
    """The header of the ID token writes its type in small letters.

    Types are compared without regard to case. It is accepted. What is compared letter by letter is `alg`.
    """
    return draft.headed(typ="jwt")


@of_draft("J-17", ATTACK, _TYPE, carrier=Carrier.ACCESS_TOKEN)
def id_token_as_access_token(draft: Draft, _kit: Kit) -> Draft:
    """The header says that the access token is a JWT like any other.

    An ID token that a browser holds would open the API. An API wants `at+jwt`.
    """
    return draft.headed(typ="JWT")


@of_draft("J-17", MISTAKE, _TYPE, carrier=Carrier.ACCESS_TOKEN)
def access_token_without_a_type(draft: Draft, _kit: Kit) -> Draft:
    """The header of the access token says nothing of a type.

    RFC 9068 requires it, since the claims alone do not tell the kinds apart.
    """
    return draft.without_header("typ")


@of_draft("J-17", MISTAKE, "missing-claim", carrier=_LOGOUT)
def logout_token_without_an_event(draft: Draft, _kit: Kit) -> Draft:
    """The logout token does not hold the event.

    Any ID token could end sessions. Conformance tests call this `no-event`.
    """
    return draft.without("events")


@of_draft("J-17", MISTAKE, _EVENT, carrier=_LOGOUT)
def logout_token_with_another_event(draft: Draft, _kit: Kit) -> Draft:
    """The event in the logout token is another one.

    Its issuer tells of something else that happened to the user. Conformance tests call this `wrong-event`.
    """
    return draft.claiming(events={"https://schemas.openid.net/secevent/risc/event-type/account-disabled": {}})


@of_draft("J-17", MISTAKE, _EVENT, carrier=_LOGOUT)
def logout_event_that_is_no_object(draft: Draft, _kit: Kit) -> Draft:
    """The event in the logout token is the word true.

    The standard has an object there, which may be empty.
    """
    return draft.claiming(events={LOGOUT_EVENT: True})


@of_draft("J-17", ATTACK, "nonce-in-logout-token", carrier=_LOGOUT)
def logout_token_with_a_nonce(draft: Draft, _kit: Kit) -> Draft:
    """The logout token carries a nonce.

    With that it could pass for an ID token. Conformance tests call this `with-nonce`.
    """
    return draft.claiming(nonce="n-of-a-login")


@of_draft("J-17", MISTAKE, "logout-of-nobody", carrier=_LOGOUT)
def logout_token_about_nobody(draft: Draft, _kit: Kit) -> Draft:
    """The logout token names neither a user nor a session.

    There is nobody to log out. Have the provider write at least one of the two.
    """
    return draft.without("sub", "sid")


@of_draft("J-17", MISTAKE, "token-audience-mismatch", carrier=_LOGOUT)
def logout_token_for_another_client(draft: Draft, _kit: Kit) -> Draft:
    """The logout token is for another client.

    One client could end the sessions at another. Conformance tests call this `wrong-aud`.
    """
    return draft.claiming(aud="another-client")


@of_draft("J-17", MISTAKE, "token-issuer-mismatch", carrier=_LOGOUT)
def logout_token_of_another_issuer(draft: Draft, _kit: Kit) -> Draft:
    """The logout token names another issuer.

    Its subjects are other users. Conformance tests call this `wrong-iss`.
    """
    return draft.claiming(iss="https://attacker.example")


@of_draft("J-17", LEGITIMATE, carrier=_LOGOUT)
def logout_token_of_the_old_type(draft: Draft, _kit: Kit) -> Draft:
    """The header of the logout token says JWT.

    The type of its own came later, and many providers still write this one. It is accepted.
    """
    return draft.headed(typ="JWT")
