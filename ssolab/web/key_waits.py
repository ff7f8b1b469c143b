"""Whether a published key is known by now to whoever verifies, and whether a draining one is of no more use."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ssolab.core.instants import format_instant
from ssolab.oidc.cache_habits import Always, Since
from ssolab.oidc.keyring import KeyState
from ssolab.oidc.relying import JwksTrust, PinnedTrust
from ssolab.oidc.waiting import Delays, drain_wait, publish_wait
from ssolab.web.holders import Holder
from ssolab.web.rings import rings

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.oidc.life import LifeKey
    from ssolab.web.lab import Lab


def ring_rows(lab: Lab) -> list[dict[str, Any]]:
    """Describe every key of every ring: its public half, where it stands, and whether it is ready, or dead."""
    return [key_row(lab, holder, key) for holder, ring in rings(lab).items() for key in ring.keys]


def key_row(lab: Lab, holder: Holder, key: LifeKey) -> dict[str, Any]:
    """Describe one key, and never its private half.

    `ready` is null for a key that is not published, `ready_at` null where no wait is long enough or none is known.
    `dead` and `dead_at` say the same of a draining key.
    """
    now = lab.now()
    ready, ready_at = _ready(lab, holder, key, now) if key.state is KeyState.PUBLISHED else (None, None)
    dead_at = key.since + _drain(lab, holder) if key.state is KeyState.DRAINING else None
    certificate = key.certificate
    return {
        "id": key.kid,
        "party": holder,
        "kid": key.kid,
        "label": key.label,
        "alg": key.alg,
        "purpose": key.purpose or None,
        "state": key.state,
        "since": format_instant(key.since),
        "ready": ready,
        "ready_at": _moment(ready_at),
        "dead": None if dead_at is None else now >= dead_at,
        "dead_at": _moment(dead_at),
        "spki_sha256": key.public.sha256,
        "certificate_sha256": certificate.sha256 if certificate else None,
        "not_after": format_instant(certificate.not_after) if certificate else None,
    }


def _ready(lab: Lab, holder: Holder, key: LifeKey, now: datetime) -> tuple[bool, datetime | None]:
    """Say whether the partner knows a published key: of SAML whom it trusts, of tokens what its copy may be like."""
    if holder is not Holder.PROVIDER:
        trusted = (lab.relying if holder is Holder.ASSERTING else lab.asserting).trusted
        return any(each.public.spki == key.public.spki for each in trusted), None
    trust = lab.openid_rp.client.trust
    if isinstance(trust, PinnedTrust):
        return any(each.public.spki == key.public.spki for each in trust.keys), None
    wait = publish_wait(delays(lab), [trust.habits])
    if isinstance(wait, Always):
        return False, None
    return key.ready(wait, now), key.since + wait


def _drain(lab: Lab, holder: Holder) -> timedelta:
    if holder is Holder.PROVIDER:
        return drain_wait(delays(lab))
    verifier = lab.relying if holder is Holder.ASSERTING else lab.asserting
    return verifier.message_life + verifier.skew


def delays(lab: Lab) -> Delays:
    """Say how long what the provider signs is good, at the longest, and by how much clocks may differ."""
    lifetimes = lab.openid.provider.lifetimes
    life = max(lifetimes.id_token, lifetimes.access_token, lifetimes.logout_token)
    return Delays(life=life, skew=lab.openid_rp.client.skew)


def copy_row(lab: Lab) -> dict[str, Any]:
    """Describe the relying party's copy of its provider's keys: which, how old, and when it may be fetched anew."""
    client, now = lab.openid_rp.client, lab.now()
    shared = {"party": client.client_id, "issuer": client.issuer}
    if isinstance(client.trust, PinnedTrust):
        pinned = [{"kid": key.kid, "spki_sha256": key.public.sha256} for key in client.trust.keys]
        return shared | {"trust": "pinned", "profile": None, "keys": pinned, "fetched": None, "age": None}
    copy, trust = lab.openid_rp.keys.copy, client.trust
    row: dict[str, Any] = shared | {"trust": "jwks", "profile": trust.profile, "keys": [], "fetched": None, "age": None}
    if copy is not None:
        row |= {
            "keys": [{"kid": key.kid, "spki_sha256": key.public.sha256} for key in copy.keys],
            "fetched": format_instant(copy.fetched),
            "age": int((now - copy.fetched).total_seconds()),
            "max_age": None if copy.max_age is None else int(copy.max_age.total_seconds()),
        }
    return row | {"kept_until": _kept(lab, trust), "cooldown_until": _cooling(lab, trust)}


def _kept(lab: Lab, trust: JwksTrust) -> str | None:
    """Say until when the copy is used; null where there is none, or where it is used for ever."""
    copy, habits = lab.openid_rp.keys.copy, trust.habits.worst()
    if copy is None:
        return None
    age = copy.max_age if habits.max_age and copy.max_age is not None else habits.keeps
    return format_instant(copy.fetched + age) if isinstance(age, timedelta) else None


def _cooling(lab: Lab, trust: JwksTrust) -> str | None:
    """Say until when an unknown kid has nothing fetched; null where it may at once, or never does."""
    cache, habits = lab.openid_rp.keys, trust.habits.worst()
    since = cache.missed if habits.since is Since.MISS else cache.copy.fetched if cache.copy else None
    if since is None or not isinstance(habits.cooldown, timedelta) or lab.now() >= since + habits.cooldown:
        return None
    return format_instant(since + habits.cooldown)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
