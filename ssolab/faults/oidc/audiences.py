"""Faults of whom a token is for, and of the client that it was issued to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier
from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, MISTAKE, of_draft

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_AUDIENCE: Final = "token-audience-mismatch"
_MISSING: Final = "missing-claim"
_TYPE: Final = "claim-of-wrong-type"
_OTHER: Final = "another-client"
_ACCESS: Final = Carrier.ACCESS_TOKEN
_CLIENT: Final = Carrier.CLIENT_ASSERTION


@of_draft("J-17", ATTACK, _AUDIENCE)
def token_for_another_client(draft: Draft, _kit: Kit) -> Draft:
    """The token is for another client of the same provider.

    Whoever runs that client could log in here as any of its users.
    """
    return draft.claiming(aud=_OTHER)


@of_draft("J-17", ATTACK, _AUDIENCE)
def audience_that_begins_alike(draft: Draft, _kit: Kit) -> Draft:
    """The audience begins with our name and is longer.

    Who looks for one text in the other is content. Names are compared as a whole.
    """
    return draft.claiming(aud=f"{draft.claims['aud']}-of-an-attacker")


@of_draft("J-17", MISTAKE, _MISSING)
def token_for_nobody(draft: Draft, _kit: Kit) -> Draft:
    """The token does not say whom it is for.

    It is good for everybody who trusts the issuer.
    """
    return draft.without("aud")


@of_draft("J-17", MISTAKE, _TYPE, _AUDIENCE)
def audience_in_an_empty_list(draft: Draft, _kit: Kit) -> Draft:
    """The token is for an empty list of audiences.

    A reader that looks for one that is not us finds none.
    """
    return draft.claiming(aud=[])


@of_draft("J-17", ATTACK, _TYPE)
def audience_list_with_an_object(draft: Draft, _kit: Kit) -> Draft:
    """One of the audiences is an object.

    Readers that turn it into text, each in its own way, see other audiences.
    """
    return draft.claiming(aud=[draft.claims["aud"], {"client": _OTHER}])


@of_draft("J-17", LEGITIMATE)
def audience_in_a_list_of_one(draft: Draft, _kit: Kit) -> Draft:
    """The token is for a list of audiences with us alone in it.

    The standard allows both forms. Conformance tests call this `valid-aud-as-array`.
    """
    return draft.claiming(aud=[draft.claims["aud"]])


@of_draft("J-17", ATTACK, "additional-audience")
def token_for_another_client_as_well(draft: Draft, _kit: Kit) -> Draft:
    """The token is for us and for another client that nobody here trusts.

    That client could have shown us the token. Conformance tests call this `invalid-secondary-aud`.
    """
    return draft.claiming(aud=[draft.claims["aud"], _OTHER], azp=draft.claims["aud"])


@of_draft("J-17", MISTAKE, "authorized-party-missing", receiver={"other_audiences": frozenset({_OTHER})})
def several_audiences_without_a_party(draft: Draft, _kit: Kit) -> Draft:
    """The token is for two clients and does not say which of them asked for it.

    Both are trusted here. `azp` would tell whose user it is about. Have the issuer write it beside more than one
    audience.
    """
    return draft.claiming(aud=[draft.claims["aud"], _OTHER])


@of_draft("J-17", LEGITIMATE, receiver={"other_audiences": frozenset({_OTHER})})
def several_audiences_that_are_trusted(draft: Draft, _kit: Kit) -> Draft:
    """The token is for two clients, both of them trusted, and says that it was issued to us.

    The settings name the other one, so it is accepted. Whoever trusts another audience believes that it keeps
    tokens to itself.
    """
    return draft.claiming(aud=[draft.claims["aud"], _OTHER], azp=draft.claims["aud"])


@of_draft("J-17", ATTACK, "authorized-party-mismatch")
def token_issued_to_another_client(draft: Draft, _kit: Kit) -> Draft:
    """The token is for us and was issued to another client.

    Somebody else asked for it, and passes it on. Treat it as an attack where a browser brought it.
    """
    return draft.claiming(azp=_OTHER)


@of_draft("J-17", LEGITIMATE)
def party_named_beside_one_audience(draft: Draft, _kit: Kit) -> Draft:
    """The token says that it was issued to us, although we are its one audience.

    Google writes it so. It is us who asked for the token, and it is accepted. The claim is only needed beside
    several audiences.
    """
    return draft.claiming(azp=draft.claims["aud"])


@of_draft("J-17", ATTACK, "token-of-another-client", carrier=_ACCESS)
def access_token_of_another_client(draft: Draft, _kit: Kit) -> Draft:
    """The access token was issued to another client.

    It is good for the API, and for that client's users.
    """
    return draft.claiming(client_id=_OTHER)


@of_draft("J-17", ATTACK, _AUDIENCE, carrier=_ACCESS)
def access_token_for_another_api(draft: Draft, _kit: Kit) -> Draft:
    """The access token is for another API.

    That API could use it here in the name of its users.
    """
    return draft.claiming(aud="https://another-api.example")


@of_draft("J-17", MISTAKE, _MISSING, carrier=_ACCESS)
def access_token_without_its_client(draft: Draft, _kit: Kit) -> Draft:
    """The access token does not say which client it was issued to.

    RFC 9068 requires it, and an API that limits what a client may do has nothing to go by.
    """
    return draft.without("client_id")


@of_draft("J-17", MISTAKE, _AUDIENCE, carrier=_CLIENT)
def client_assertion_for_another_server(draft: Draft, _kit: Kit) -> Draft:
    """The assertion by which a client proves itself is for another server.

    That server could prove itself here as the client. Have the client write the issuer, or the address of the token
    endpoint.
    """
    return draft.claiming(aud="https://another-op.example/token")


@of_draft("J-17", MISTAKE, _MISSING, carrier=_CLIENT)
def client_assertion_without_an_identifier(draft: Draft, _kit: Kit) -> Draft:
    """The assertion by which a client proves itself has no `jti`.

    It could be used twice, and nobody would notice. Have the client write a new one into each.
    """
    return draft.without("jti")
