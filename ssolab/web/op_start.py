"""How a provider begins where nobody has set one up: what comes from the asserting party, and what is made for it."""

from __future__ import annotations

import functools
import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from ssolab.core.findings import InputError
from ssolab.core.jose import algorithm_for
from ssolab.core.keys import TrustedKey, new_private_key
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey
from ssolab.oidc.parties import ACCESS_TOKENS, LIFETIMES, Client, Provider, endpoints_at
from ssolab.oidc.relying import USUAL_SKEW, ClientKey
from ssolab.salesforce import openid as org_openid
from ssolab.salesforce.profile import ORG_PREFIX

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ssolab.core.keys import Permission, PrivateKey, SigningCredential
    from ssolab.cutover.model import Profile
    from ssolab.oidc.parties import Endpoints, Flavour
    from ssolab.saml.parties import AssertingParty, RelyingParty

OWN_CLIENT: Final = "ssolab-rp"
"""The client_id of the lab's own relying party."""
_STATES: Final = (KeyState.ACTIVE, KeyState.DRAINING, KeyState.PUBLISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What the lab knows when it starts: the asserting party by name and flavour, both keys and addresses, the time.

    `base` and `partner` are where the asserting and the relying party listen; empty where the pair has no ports, and
    then the issuer is the asserting party's entityID.
    """

    entity_id: str
    flavour: str
    credential: SigningCredential
    partner_credential: SigningCredential
    base: str
    partner: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What can be told of a provider without its keys, which may take seconds to make."""

    issuer: str
    flavour: Flavour
    endpoints: Endpoints


class _Settings(Protocol):
    """The part of a lab's settings that is needed here."""

    @property
    def asserting(self) -> AssertingParty: ...
    @property
    def relying(self) -> RelyingParty: ...


class _Bases(Protocol):
    """The part of a lab's addresses that is needed here."""

    @property
    def asserting(self) -> str: ...
    @property
    def relying(self) -> str: ...


def beginning_of(settings: _Settings, bases: _Bases, at: datetime) -> Beginning:
    """Say what a lab knows when it starts."""
    party = settings.asserting
    return Beginning(
        entity_id=party.entity_id,
        flavour=party.flavour,
        credential=party.credential,
        partner_credential=settings.relying.credential,
        base=bases.asserting,
        partner=bases.relying or settings.relying.entity_id,
        at=at,
    )


def outside_of(beginning: Beginning, given: Provider | None = None, *, registers: bool = False) -> Outside:
    """Say how a provider looks from outside: its own address is where it listens, whatever its settings say."""
    flavour: Flavour = "salesforce" if beginning.flavour == "salesforce" else "generic"
    if given is not None:
        flavour = given.flavour
        if not beginning.base:
            return Outside(issuer=given.issuer, flavour=flavour, endpoints=given.endpoints)
    issuer = beginning.base or beginning.entity_id
    return Outside(issuer=issuer, flavour=flavour, endpoints=endpoints_at(issuer, flavour, registers=registers))


def provider_of(beginning: Beginning, keys: KeyRing | None = None) -> Provider:
    """Make the provider of an asserting party, with these *keys* or with some of its own.

    Raises:
        ConfigError: its signing key is of a kind that signs no token.
    """
    issuer = beginning.base or beginning.entity_id
    if beginning.flavour != "salesforce" and keys is not None:
        return Provider(issuer=issuer, endpoints=endpoints_at(issuer), keys=keys)
    if beginning.flavour != "salesforce":
        signing = beginning.credential
        key = LifeKey.of(
            signing.private,
            beginning.at,
            certificate=signing.certificate,
            label=signing.label,
            state=KeyState.ACTIVE,
        )
        return Provider(issuer=issuer, endpoints=endpoints_at(issuer), keys=KeyRing((key,)))
    org = org_of(beginning.entity_id)
    return Provider(
        issuer=issuer,
        endpoints=endpoints_at(issuer, "salesforce"),
        keys=org_keys(org, beginning.at) if keys is None else keys,
        flavour="salesforce",
        lifetimes=LIFETIMES["salesforce"],
        response_types=org_openid.RESPONSE_TYPES,
        rotates=False,
        org=org,
        mac_key=secrets.token_bytes(32),
    )


def org_of(entity_id: str) -> str:
    """Give an org of the lab a record id that is always the same, in the 15-character form."""
    digits = int.from_bytes(hashlib.sha256(entity_id.encode()).digest()[:4]) % 10**8
    return f"{ORG_PREFIX}000{digits:09}"


def org_keys(org: str, now: datetime) -> KeyRing:
    """Give the ring of an org: the keys that all orgs share, and its own for access tokens, in the order of a JWKS.

    Of each three one signs, one is its predecessor, and of the shared ones the third is announced.
    """
    shared, own = _made_keys()
    identity = [
        LifeKey.of(private, now, alg="RS256", kid=kid, label=f"shared key {kid}", state=state)
        for private, kid, state in zip(shared, org_openid.IDENTITY_KIDS, _STATES, strict=True)
    ]
    tokens = [
        LifeKey.of(
            private,
            now - age,
            alg="RS256",
            kid=org_openid.access_token_kid(org, now - age),
            label=f"access token key of {now - age:%b %Y}",
            purpose=ACCESS_TOKENS,
            state=KeyState.DRAINING if number else KeyState.ACTIVE,
        )
        for number, (private, age) in enumerate(zip(own, org_openid.ACCESS_TOKEN_AGES, strict=True))
    ]
    return KeyRing((*identity, *tokens))


@functools.cache
def _made_keys() -> tuple[tuple[PrivateKey, ...], tuple[PrivateKey, ...]]:
    """Make the six keys of an org, once in a process: those of 4096 bits take a second each."""
    shared = tuple(new_private_key("RSA", org_openid.IDENTITY_BITS) for _ in org_openid.IDENTITY_KIDS)
    return shared, tuple(new_private_key("RSA", org_openid.ACCESS_TOKEN_BITS) for _ in org_openid.ACCESS_TOKEN_AGES)


@dataclass(frozen=True, kw_only=True)
class OwnClient:
    """The lab's own relying party: how it is registered with its provider, and what it is like beyond that.

    The addresses where it listens are added to those of its registration. `name` is that of the Auth. Provider where an
    org of Salesforce is the relying party. `key` is what it proves itself by, where it does so by a token, `profile`
    the product whose habits with key sets it has, and `algorithms` what it takes ID tokens by. `skew`, `checks_expiry`,
    `whole` and `permit` are those of `RelyingClient` and its trust.
    """

    registered: Client
    name: str
    key: ClientKey | None = None
    profile: Profile | None = None
    algorithms: tuple[str, ...] | None = None
    skew: timedelta = USUAL_SKEW
    checks_expiry: bool | None = None
    whole: bool = False
    permit: frozenset[Permission] = frozenset()


def stand_in(secret: str, credential: SigningCredential) -> OwnClient:
    """Make the relying party of a lab that names none: it has a secret, and signs with its key of SAML.

    The key is registered without its certificate, whose dates say something of SAML alone.
    """
    registered = Client(client_id=OWN_CLIENT, name="the lab's relying party", secret=secret)
    try:
        key = ClientKey(private=credential.private, alg=algorithm_for(credential.public).name)
    except InputError:  # no algorithm of tokens goes with it, so it has the secret alone
        return OwnClient(registered=registered, name=OWN_CLIENT)
    known = TrustedKey(public=credential.public, holder=OWN_CLIENT, source="the relying party's key", use="signing")
    return OwnClient(registered=replace(registered, keys=(known,)), name=OWN_CLIENT, key=key)


def at_home(own: OwnClient, base: str) -> Client:
    """Add the addresses of the lab's relying party, which listens below *base*, to its registration."""
    given = own.registered
    ours = (f"{base}/oidc/callback", f"{base}/services/authcallback/{own.name}")
    return replace(
        given,
        redirect_uris=(*ours, *given.redirect_uris),
        post_logout_redirect_uris=(f"{base}/", f"{base}/oidc/logout"),
        backchannel_logout_uri=f"{base}/oidc/backchannel",
        frontchannel_logout_uri=f"{base}/oidc/frontchannel",
    )
