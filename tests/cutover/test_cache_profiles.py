"""The profiles of verifiers that keep a JWKS: what research found, and what follows from it for a cutover."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ssolab import sources
from ssolab.core.findings import ConfigError
from ssolab.cutover.habits import UNKNOWN, Mode, Span
from ssolab.cutover.profiles import entry_of, parse_profile
from ssolab.oidc.cache_habits import FOREVER, Age

GOOD: dict[str, Any] = {
    "id": "acme",
    "title": "Acme, verifying tokens",
    "role": "verifier",
    "as_of": date(2026, 11, 22),
    "cache": {"keeps": "PT1H", "unknown_kid": "refetch", "cooldown": "PT1M", "outage": "unknown"},
    "evidence": [{"says": "it keeps it for an hour", "confidence": "vendor", "source": "its manual"}],
}


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


@pytest.mark.parametrize(
    ("profile", "learns", "forgets"),
    [
        # facts/oidc.md 5.2: min(C, d) and C
        ("jose-remote-jwks", minutes(0.5), minutes(10)),
        ("openid-client", minutes(1), minutes(5)),
        ("pyjwt-jwk-client", minutes(0.5), minutes(5)),
        ("pyjwt-cached-keys", minutes(0.5), FOREVER),
        ("mod-auth-openidc", minutes(1), minutes(60)),
        ("mod-auth-openidc-debian", minutes(0), minutes(60)),
        ("node-jwks-rsa", minutes(0), minutes(10)),
        ("go-oidc", minutes(0), FOREVER),
        ("authlib", minutes(0), FOREVER),
        ("spring-nimbus", minutes(0), minutes(5)),
        ("keycloak-key-storage", minutes(1 / 6), minutes(1440)),
        ("dotnet-configuration-manager", minutes(5), minutes(720)),
        ("social-core-2021", minutes(1440), minutes(1440)),
        ("mozilla-django-oidc", minutes(0), minutes(0)),
        ("jwks-at-start", FOREVER, FOREVER),
        ("salesforce-auth-provider", minutes(1440), minutes(1440)),
    ],
)
def test_the_profiles_say_how_long_a_verifier_takes(profile: str, learns: Age, forgets: Age) -> None:
    cache = sources.load_profiles()[profile].cache
    assert cache is not None
    assert (cache.learns_within, cache.forgets_within) == (learns, forgets)


@pytest.mark.parametrize(
    ("profile", "mode", "delay"),
    [
        ("openid-client", Mode.ON_MISS, minutes(1)),
        ("entra-guidance", Mode.PULL, minutes(1440)),
        ("social-core-2021", Mode.PULL, minutes(1440)),
        ("mozilla-django-oidc", Mode.PULL, minutes(0)),
        ("go-oidc", Mode.ON_MISS, minutes(0)),
        ("jwks-at-start", Mode.MANUAL, UNKNOWN),
        ("pinned-certificate", Mode.MANUAL, UNKNOWN),
        ("generic-oidc-jwks", Mode.PULL, UNKNOWN),
    ],
)
def test_a_cutover_is_planned_by_what_follows_from_the_cache(profile: str, mode: Mode, delay: Span) -> None:
    habits = sources.load_profiles()[profile].habits
    said = {Mode.ON_MISS: habits.cooldown, Mode.PULL: habits.refresh, Mode.MANUAL: habits.propagation}
    assert (habits.mode, said[habits.mode]) == (mode, delay)


def test_what_nobody_knows_stays_unknown() -> None:
    unknown = {name: each.cache.unknowns for name, each in sources.load_profiles().items() if each.cache}
    assert unknown["salesforce-auth-provider"] == ("keeps", "unknown_kid", "cooldown", "outage")
    assert unknown["entra-guidance"] == ("cooldown", "outage")
    assert unknown["openid-client"] == ()


def test_the_catalog_says_how_a_profile_keeps_its_copy() -> None:
    text = entry_of(sources.load_profiles()["go-oidc"]).text
    assert "keeps: for ever" in text
    assert "any_failure: yes" in text
    assert "keeps_kid: none" in text
    assert "outage: unknown" in entry_of(parse_profile(GOOD, "acme.toml")).text


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"keeps": "an hour"}, "no duration"),
        ({"keeps": 60}, "no duration"),
        ({"cooldown": "never"}, "no duration"),
        ({"unknown_kid": "retry"}, "refetch, refuse, unknown"),
        ({"outage": True}, "keep, refuse, wipe, unknown"),
        ({"since": "ever"}, "fetch, miss"),
        ({"a_minute": 0}, "no number of fetches"),
        ({"a_minute": True}, "no number of fetches"),
        ({"any_failure": "yes"}, "neither true nor false"),
        ({"keeps_kid": "unknown"}, "no duration"),
        ({"keep": "PT1H"}, "did you mean keeps"),
    ],
)
def test_a_wrong_cache_is_one_clear_line(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_profile({**GOOD, "cache": {**GOOD["cache"], **changes}}, "acme.toml")


@pytest.mark.parametrize("missing", ["keeps", "unknown_kid", "cooldown", "outage"])
def test_a_cache_leaves_nothing_to_guess(missing: str) -> None:
    cache = {key: value for key, value in GOOD["cache"].items() if key != missing}
    with pytest.raises(ConfigError, match=f'{missing} is missing; write it, or {missing} = "unknown"'):
        parse_profile({**GOOD, "cache": cache}, "acme.toml")


def test_what_follows_from_the_cache_is_not_said_twice() -> None:
    with pytest.raises(ConfigError, match=r"\[update\] stands beside \[cache\]"):
        parse_profile({**GOOD, "update": {"mode": "manual"}}, "acme.toml")
