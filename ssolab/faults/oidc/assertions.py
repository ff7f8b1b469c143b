"""Faults of the assertions of clients: about another client, used twice, under certificates that are out of date."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.keys import PublicKey, SigningCredential
from ssolab.core.selfsigned import self_signed
from ssolab.faults.engine import Carrier
from ssolab.faults.oidc.making import AT_SALESFORCE, ATTACK, LEGITIMATE, MISTAKE, meant_for, of_draft, trusted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.jwk import TrustedJwk
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_CLIENT: Final = Carrier.CLIENT_ASSERTION
_BEARER: Final = Carrier.BEARER_ASSERTION
_TYPE: Final = "token-type-mismatch"
_LENIENT: Final = {"profile": "salesforce"}
_YEAR: Final = timedelta(days=365)


@of_draft("J-17", ATTACK, "assertion-of-another-client", carrier=_CLIENT, receiver={"subject": None})
def client_assertion_about_another_client(draft: Draft, _kit: Kit) -> Draft:
    """The assertion is signed by one client and speaks of another.

    Who looks up the key by the one and the client by the other lets the first be the second.
    """
    return draft.claiming(sub="another-client")


@of_draft("J-17", MISTAKE, "token-issuer-mismatch", "assertion-of-another-client", carrier=_CLIENT)
def client_assertion_by_another_issuer(draft: Draft, _kit: Kit) -> Draft:
    """The assertion names the address of the client as its issuer.

    A client is its own issuer, under its client id. Have the client write that into `iss` and `sub` alike.
    """
    return draft.claiming(iss="https://client.example")


@of_draft("J-17", MISTAKE, _TYPE, carrier=_CLIENT)
def access_token_as_client_assertion(draft: Draft, _kit: Kit) -> Draft:
    """The client sends an access token to prove itself.

    Whoever has seen one could be the client. The type in the header tells the two apart.
    """
    return draft.headed(typ="at+jwt")


@of_draft("J-17", MISTAKE, warns=("assertion-for-several",), carrier=_CLIENT)
def client_assertion_for_two_servers(draft: Draft, _kit: Kit) -> Draft:
    """The assertion by which a client proves itself is for two servers.

    Each of them could use it at the other. It is accepted, with a warning, since one of them is us.
    """
    return draft.claiming(aud=[draft.claims["aud"], "https://another-op.example/token"])


@of_draft("J-17", ATTACK, "replayed-token", carrier=_CLIENT, sent=2)
def client_assertion_that_is_used_twice(draft: Draft, _kit: Kit) -> Draft:
    """The same assertion comes a second time.

    Somebody has read it on the way. Its `jti` is remembered for as long as it could be accepted.
    """
    return draft


@of_draft("J-17", ATTACK, "replayed-token", carrier=_BEARER, sent=2)
def bearer_assertion_that_is_used_twice(draft: Draft, _kit: Kit) -> Draft:
    """The same assertion comes a second time, to fetch another token.

    Each is good for one, and its `jti` is remembered until it has ended.
    """
    return draft


@of_draft("J-17", LEGITIMATE, carrier=_BEARER, receiver=_LENIENT)
def bearer_assertion_without_an_identifier(draft: Draft, _kit: Kit) -> Draft:
    """The assertion has neither `jti` nor `iat`, as the clients of Salesforce make it.

    Salesforce takes it, and so does its profile. A strict server refuses. Without it nobody can tell the first use
    from the second.
    """
    meant_for(draft, "RS256", why=AT_SALESFORCE)
    return draft.without("jti", "iat")


@of_draft("J-17", LEGITIMATE, warns=("audience-differs-by-slash",), carrier=_BEARER, receiver=_LENIENT)
def bearer_assertion_for_the_address_with_a_slash(draft: Draft, _kit: Kit) -> Draft:
    """The audience of the assertion has a slash at its end.

    The Salesforce CLI writes its login address so. Salesforce takes it.
    """
    meant_for(draft, "RS256", why=AT_SALESFORCE)
    return draft.claiming(aud=f"{draft.claims['aud']}/")


@of_draft("J-17", MISTAKE, "token-audience-mismatch", carrier=_BEARER)
def bearer_assertion_for_another_server(draft: Draft, _kit: Kit) -> Draft:
    """The assertion is for another server.

    It was made for production and comes to a sandbox, or the reverse.
    """
    return draft.claiming(aud="https://test.salesforce.com")


@of_draft("J-03", MISTAKE, "algorithm-not-allowed", carrier=_BEARER, receiver=_LENIENT)
def bearer_assertion_with_a_longer_hash(draft: Draft, _kit: Kit) -> Draft:
    """The assertion is signed with RS512.

    Salesforce takes RS256 alone in the assertions of clients, sound as the other one is.
    """
    meant_for(draft, "RS", "PS", why="it takes an RSA key to sign with RS512")
    return replace(draft, alg="RS512")


def _in_a_certificate(begins: timedelta, ends: timedelta) -> Callable[[Kit], tuple[TrustedJwk, ...]]:
    """Trust the key in a certificate that is valid from one moment to another, as seen from now."""

    def keys(kit: Kit) -> tuple[TrustedJwk, ...]:
        made = self_signed(
            private=kit.own.private,
            subject=kit.own.certificate.subject,
            serial=1,
            not_before=kit.now + begins,
            not_after=kit.now + ends,
        )
        held = SigningCredential(private=kit.own.private, certificate=made, label="the certificate of the app")
        assert PublicKey(made.spki) == kit.own.public  # noqa: S101  the same key, in another envelope
        return (replace(trusted(held), certificate=made, kid=None, pinned=True),)

    return keys


@of_draft(
    "J-20",
    MISTAKE,
    "token-certificate-expired",
    carrier=_BEARER,
    receiver={"keys": _in_a_certificate(-2 * _YEAR, -_YEAR), "checks_expiry": None},
)
def assertion_under_a_certificate_that_has_expired(draft: Draft, _kit: Kit) -> Draft:
    """The certificate of the app has expired, and the key in it signs on.

    A strict server looks at the dates of what a client signs with. Renew it, over a new key after a rehearsal.
    """
    return draft


@of_draft(
    "J-20",
    LEGITIMATE,
    carrier=_BEARER,
    warns=("token-certificate-expired",),
    receiver={
        "keys": _in_a_certificate(-2 * _YEAR, -_YEAR),
        "checks_expiry": None,
        "profile": "salesforce",
    },
)
def assertion_under_an_expired_certificate_at_salesforce(draft: Draft, _kit: Kit) -> Draft:
    """The certificate that was uploaded for the app has expired, and the key in it signs on.

    Salesforce does not look at its dates. It is accepted in that profile, with a warning. Renew it all the same.
    """
    meant_for(draft, "RS256", why=AT_SALESFORCE)
    return draft


@of_draft(
    "J-20",
    MISTAKE,
    "token-certificate-not-yet-valid",
    carrier=_BEARER,
    receiver={"keys": _in_a_certificate(_YEAR, 2 * _YEAR), "checks_expiry": None},
)
def assertion_under_a_certificate_that_is_not_valid_yet(draft: Draft, _kit: Kit) -> Draft:
    """The certificate of the app becomes valid later, and the key in it signs already.

    The client changed over before the day that its certificate says. A strict server looks at its dates and
    refuses.
    """
    return draft
