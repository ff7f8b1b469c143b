"""Issuing: what a grant came to becomes access, refresh and ID tokens in the shape of the provider's flavour."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ssolab.faults.engine import Carrier
from ssolab.oidc.claims import claims_of, in_id_token
from ssolab.oidc.tokens import Token, access_token_claims, header_of, id_token_claims, key_for
from ssolab.salesforce import openid as org_openid
from ssolab.salesforce.org import user_record
from ssolab.web.token_firing import send_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ssolab.oidc.parties import Client, Provider
    from ssolab.oidc.tokens import Granted
    from ssolab.web.lab import Lab
    from ssolab.web.op_table import Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The members of the answer, and the ID token among them, where there is one."""

    members: Mapping[str, object]
    id_token: str | None = None


def speaker(provider: Provider, username: str | None) -> org_openid.Speaker:
    """Give who speaks of whom, where the provider is an org; a client of its own is nobody in particular."""
    return org_openid.Speaker(base=provider.issuer, org=provider.org or "", user=user_record(username or ""))


def subject_of(provider: Provider, username: str) -> str:
    """Name a user in tokens: by the user name, and at Salesforce by the identity URL."""
    return speaker(provider, username).identity_url if provider.flavour == "salesforce" else username


def check_keys(provider: Provider, client: Client, *, id_token: bool, access_token: bool = True) -> None:
    """See to it that what a client is about to get can be signed, before anything is used up for it.

    Raises:
        OAuthError: the provider has no active key for it.
    """
    if id_token:
        key_for(provider, client.id_token_alg)
    if access_token and (client.access_tokens or provider.access_tokens) == "jwt":
        key_for(provider, access_token=True)


def issue(lab: Lab, provider: Provider, wanted: Issue, now: datetime) -> Issued:
    """Make and keep the tokens of a grant, and give the answer of the token endpoint (RFC 6749 5.1, OIDCCore 3.1.3.3).

    Raises:
        OAuthError: the provider has no active key for it.
    """
    granted, client = wanted.granted, wanted.client
    id_token = None
    access_token = new_access_token(lab, provider, client, granted, now, scopes=wanted.scopes)
    if wanted.with_id_token:
        id_token = new_id_token(lab, provider, client, granted, now, access_token=access_token)
    refresh_token = None
    if wanted.with_refresh_token:
        refresh_token = secrets.token_urlsafe(48)
        expires = now + provider.lifetimes.refresh_token
        kept = Token(granted=granted, scopes=wanted.scopes, issued=now, expires=expires, refreshes=True)
        lab.openid.keep(refresh_token, kept)
    if provider.flavour == "salesforce":
        answer = org_openid.token_answer(
            speaker(provider, granted.username),
            access_token=access_token,
            scopes=wanted.scopes,
            now=now,
            secret=provider.mac_key,
            refresh_token=refresh_token,
            id_token=id_token,
        )
        left_out = ("signature", "issued_at") if wanted.terse else ()
        return Issued(members={name: each for name, each in answer.items() if name not in left_out}, id_token=id_token)
    members: dict[str, object] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": int(provider.lifetimes.access_token.total_seconds()),
    }
    members |= {"scope": " ".join(wanted.scopes)} if wanted.scopes else {}
    members |= {"refresh_token": refresh_token} if refresh_token else {}
    members |= {"id_token": id_token} if id_token else {}
    return Issued(members=members, id_token=id_token)


def new_access_token(  # noqa: PLR0913  whose, for whom, for what
    lab: Lab, provider: Provider, client: Client, granted: Granted, now: datetime, *, scopes: tuple[str, ...]
) -> str:
    """Make an access token and keep what it means; one with a fault is signed, since an opaque one says nothing."""
    signed = (client.access_tokens or provider.access_tokens) == "jwt" or lab.armed.waits(Carrier.ACCESS_TOKEN)
    text = _signed_access_token(lab, provider, granted, now, scopes) if signed else _opaque(provider)
    kept = Token(granted=granted, scopes=scopes, issued=now, expires=now + provider.lifetimes.access_token)
    lab.openid.keep(text, kept)
    return text


def _opaque(provider: Provider) -> str:
    if provider.flavour == "salesforce":
        entropy = secrets.token_bytes(org_openid.ACCESS_TOKEN_ENTROPY)
        return org_openid.opaque_access_token(provider.org or "", entropy)
    return secrets.token_urlsafe(32)


def _signed_access_token(lab: Lab, provider: Provider, granted: Granted, now: datetime, scopes: tuple[str, ...]) -> str:
    key = key_for(provider, access_token=True)
    if provider.flavour != "salesforce":
        claims = access_token_claims(provider, granted, scopes, now=now, new_id=secrets.token_urlsafe(16))
        header = header_of(key, typ="at+jwt", named=provider.names_keys)
        return send_token(lab, Carrier.ACCESS_TOKEN, header, claims, key.private, key.alg)
    claims = org_openid.access_token_claims(
        speaker(provider, granted.username),
        client_id=granted.client_id,
        scopes=scopes,
        now=now,
        life=provider.lifetimes.access_token,
        session=secrets.token_bytes(32),
    )
    header = org_openid.access_token_header(provider.org or "", key.kid, provider.issuer)
    return send_token(lab, Carrier.ACCESS_TOKEN, header, claims, key.private, key.alg)


def new_id_token(  # noqa: PLR0913  whose, for whom, and what it is bound to
    lab: Lab,
    provider: Provider,
    client: Client,
    granted: Granted,
    now: datetime,
    *,
    access_token: str | None = None,
    code: str | None = None,
    alone: bool = False,
) -> str:
    """Make an ID token; *alone* says that no access token comes with it, so that it tells what the scopes ask for."""
    key = key_for(provider, client.id_token_alg)
    told: dict[str, Any] = {}
    if alone or granted.wishes.id_token:
        told = in_id_token(known_of(lab, granted.username), granted.scopes, granted.wishes, alone=alone)
    claims = id_token_claims(
        provider, client, granted, now=now, alg=key.alg, access_token=access_token, code=code, told=told
    )
    header = header_of(key, named=provider.names_keys)
    return send_token(lab, Carrier.ID_TOKEN, header, claims, key.private, key.alg)


def known_of(lab: Lab, username: str | None) -> dict[str, Any]:
    """Give what is known of a user; nothing of one that is not there."""
    user = lab.users.get(username or "")
    return {} if user is None else claims_of(user.username, user.attributes)
