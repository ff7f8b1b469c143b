"""The OpenID half of a lab that is served: the provider and its clients as the lab file has them.

A provider is served once for all links that it is on. The clients of those links, and those that are on no link, are
registered with it; the relying party of the lab can be each client of a link.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.jose import algorithm_for, public_of
from ssolab.core.keys import TrustedKey
from ssolab.cutover.habits import Known, Match
from ssolab.cutover.model import PartyKind
from ssolab.cutover.openid_staging import cutovers_of, ring_of
from ssolab.cutover.scene import Flow
from ssolab.cutover.staging import asserting_party, flavour_of, relying_party
from ssolab.cutover.token_link import client_id_of
from ssolab.oidc.parties import AssertionRules, Client
from ssolab.oidc.relying import ClientKey
from ssolab.web.lab_plan import plan_of
from ssolab.web.op_start import OwnClient
from ssolab.web.openid import Openid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Inventory, Link, Party, Profile
    from ssolab.oidc.parties import Flavour

_CLIENTS = (PartyKind.RP, PartyKind.CLIENT)


def openid_of(
    inventory: Inventory, provider: Party, cast: Cast, at: datetime, *, profile: Profile | None = None
) -> Openid:
    """Set up a provider of a lab with its clients.

    Args:
        inventory: the lab.
        provider: its party that is the provider.
        cast: who plays the keys that the lab does not hold.
        at: when the lab begins.
        profile: how the relying party keeps the key set, whatever the lab file says of that.

    Raises:
        ConfigError: a key of the provider signs no token, or two clients have one client_id.
    """
    links = openid_links(inventory, provider)
    parties = tuple(_clients(inventory, provider, links))
    linked = {relying_party(inventory, each).id for each in links}
    own = tuple(_own(inventory, each, links, cast, profile or each.profile) for each in parties if each.id in linked)
    return Openid(
        party=provider.id,
        flavour=_flavour(inventory, provider),
        keys=ring_of(inventory, provider, cast, at),
        rules=_rules(provider),
        own=own,
        clients=tuple(_registered(inventory, each, links) for each in parties if each.id not in linked),
        plan=plan_of(inventory, provider, cast, linked),
    )


def openid_links(inventory: Inventory, provider: Party | None = None) -> tuple[Link, ...]:
    """Give the links of OpenID Connect and OAuth, of all providers or of one."""
    return tuple(
        link
        for link in inventory.links.values()
        if not link.flow.is_saml and (provider is None or asserting_party(inventory, link).id == provider.id)
    )


def _flavour(inventory: Inventory, provider: Party) -> Flavour:
    said = inventory.flavours.get("asserting")
    return flavour_of(provider) if said is None else "salesforce" if said == "salesforce" else "generic"


def _clients(inventory: Inventory, provider: Party, links: tuple[Link, ...]) -> Iterator[Party]:
    """Give the clients of a provider, those of its links first.

    Raises:
        ConfigError: two of them have one client_id.
    """
    tied = {relying_party(inventory, each).id for each in openid_links(inventory)}
    wanted = dict.fromkeys(relying_party(inventory, each).id for each in links)
    wanted |= {each.id: None for each in inventory.parties.values() if each.kind in _CLIENTS and each.id not in tied}
    named: dict[str, Party] = {}
    for name in wanted:
        party = inventory.parties[name]
        if (other := named.setdefault(client_id_of(party), party)) is not party:
            problem = f"parties {other.id} and {name} have one client_id at {provider.id}"
            raise ConfigError(inventory.name, problem, "give each client its own")
        yield party


def _registered(inventory: Inventory, party: Party, links: tuple[Link, ...], *further: TrustedKey) -> Client:
    """Register a client as the lab file describes it, with *further* keys that it proves itself by."""
    known = party.openid
    flows = {each.flow for each in links if relying_party(inventory, each).id == party.id}
    return Client(
        client_id=client_id_of(party),
        name=party.id,
        secret=known.secret if known else None,
        keys=(*_uploaded(inventory, party), *further),
        auth_method=(known.auth_method if known else None)
        or ("private_key_jwt" if Flow.PRIVATE_KEY_JWT in flows else None),
        redirect_uris=known.redirect_uris if known else (),
        access_tokens="jwt" if Flow.OIDC_ACCESS_TOKEN in flows else None,
    )


def _uploaded(inventory: Inventory, party: Party) -> tuple[TrustedKey, ...]:
    """Give the keys that a provider holds of a client: its certificates and key set, without what a cutover brings."""
    cutovers = cutovers_of(inventory, party)
    to_come = {each.new.spki_sha256 for each in cutovers} - {each.old.spki_sha256 for each in cutovers}
    who = client_id_of(party)
    certificates = [each for each in _own_certificates(party) if each.spki_sha256 not in to_come]
    source = f"the certificates of {party.id}"
    keys = [TrustedKey.of(each, holder=who, source=source, use="signing") for each in certificates]
    there = {each.public.spki for each in keys}
    keys += [
        TrustedKey(public=key.public, certificate=key.certificate, holder=who, source=key.source, use="signing")
        for key in (party.openid.listed if party.openid else ())
        if key.public.spki not in there and key.public.sha256 not in to_come
    ]
    return tuple(keys)


def _own_certificates(party: Party) -> tuple[Certificate, ...]:
    return party.own_certificates() if party.kind in _CLIENTS else tuple(party.certificates.values())


def _own(inventory: Inventory, party: Party, links: tuple[Link, ...], cast: Cast, profile: Profile | None) -> OwnClient:
    """Let the lab's relying party be a client of the lab file; a key that the lab does not hold is played by a twin."""
    known, habits = party.openid, party.habits
    key, twin = _signing(inventory, party, cast)
    return OwnClient(
        registered=_registered(inventory, party, links, *([] if twin is None else [twin])),
        name=party.id,
        key=key,
        profile=profile,
        algorithms=(known.algorithms or None) if known else None,
        skew=habits.worst().skew,
        checks_expiry=_decided(habits.checks_expiry),
        whole=habits.match is not Match.KEY,
        permit=party.permit,
    )


def _signing(inventory: Inventory, party: Party, cast: Cast) -> tuple[ClientKey | None, TrustedKey | None]:
    """Give the key that a client signs with and, where a twin plays it, what its provider has to know of that.

    It is the key that a cutover leaves, else the first that the provider holds; none where the lab can make none like
    it.
    """
    uploaded = _uploaded(inventory, party)
    leaving = {each.old.spki for each in cutovers_of(inventory, party)}
    first = next((each for each in uploaded if each.public.spki in leaving), next(iter(uploaded), None))
    if first is None:
        return None, None
    try:
        private, alg = cast.private(first.public), algorithm_for(first.public).name
    except InputError:
        return None, None
    kids = party.openid.kids if party.openid else {}
    key = ClientKey(private=private, alg=alg, kid=kids.get(first.public.sha256))
    if (played := public_of(private)).spki == first.public.spki:
        return key, None
    certificate = first.certificate and cast.credential(first.certificate).certificate
    source = f"the twin of {first.certificate.label if first.certificate else first.public.sha256[:16]}"
    return key, replace(first, public=played, certificate=certificate, source=source)


def _rules(provider: Party) -> AssertionRules:
    """Say how a provider judges what clients sign."""
    known, habits = provider.openid, provider.habits
    return AssertionRules(
        skew=habits.worst().skew,
        checks_expiry=_decided(habits.checks_expiry),
        algorithms=(known.algorithms or None) if known else None,
        permit=provider.permit,
    )


def _decided(known: Known) -> bool | None:
    """Leave to the flavour what nobody knows."""
    return None if known is Known.UNKNOWN else known is Known.YES
