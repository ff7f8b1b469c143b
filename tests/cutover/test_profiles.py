from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import ssolab
from ssolab import sources
from ssolab.core.findings import ConfigError
from ssolab.cutover.habits import UNKNOWN, Habits, Known, Match, Mode, Slots
from ssolab.cutover.profiles import entry_of, habits_of, parse_profile

FILES = sorted(Path(ssolab.__file__).parent.glob("cutover/profiles/*.toml"))

GOOD: dict[str, Any] = {
    "id": "acme",
    "title": "Acme, verifying requests",
    "role": "verifier",
    "as_of": date(2026, 11, 22),
    "notes": "Rarely seen.",
    "trust": {"slots": 2, "verifies": "yes", "checks_expiry": "unknown", "match": "key"},
    "update": {"mode": "pull", "refresh": "PT4H"},
    "evidence": [{"says": "it reads every four hours", "confidence": "vendor", "source": "its manual"}],
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_profile_reads_and_says_what_it_rests_on(path: Path) -> None:
    profile = parse_profile(tomllib.loads(path.read_text()), path.name)
    assert profile.id == path.stem
    assert profile.evidence
    assert profile.as_of.tzinfo is UTC
    assert profile.notes
    # Vendor's word needs a place where it stands, and a measurement the release that it was made with.
    assert all(each.source for each in profile.evidence if each.confidence in {"vendor", "measured"})


@pytest.mark.parametrize(
    ("profile", "slots", "mode", "verifies"),
    [
        # facts/cutover.md A.2: one slot, two, many; by hand or by reading; verified by default or not
        ("salesforce-sp", 1, Mode.MANUAL, Known.YES),
        ("salesforce-idp-sp-cert", 1, Mode.MANUAL, None),
        ("okta-idp-request", 1, Mode.MANUAL, None),
        ("google-workspace-sp", 2, Mode.MANUAL, Known.YES),
        ("pingone-ent", 2, Mode.MANUAL, Known.YES),
        ("entra-idp-request", 2, Mode.MANUAL, Known.NO),
        ("shibboleth-idp-verifier", Slots.MANY, Mode.PULL, None),
        ("adfs-rp", Slots.MANY, Mode.PULL, None),
        ("pingfederate", Slots.MANY, Mode.PULL, None),
        ("keycloak-broker", Slots.MANY, None, None),
    ],
)
def test_the_profiles_say_what_research_found(
    profile: str, slots: int | Slots, mode: Mode | None, verifies: Known | None
) -> None:
    habits = sources.load_profiles()[profile].habits
    assert habits.slots == slots
    assert mode in (None, habits.mode)
    assert verifies in (None, habits.verifies)


def test_only_ad_fs_is_known_to_refuse_an_expired_request_certificate() -> None:
    known = {name: each.habits.checks_expiry for name, each in sources.load_profiles().items()}
    assert {name for name, expiry in known.items() if expiry is Known.YES} == {"adfs-rp"}


@pytest.mark.parametrize(
    ("profile", "refresh"), [("shibboleth-idp-verifier", 4), ("adfs-rp", 24), ("pingfederate", 24)]
)
def test_readers_have_the_interval_of_their_makers(profile: str, refresh: int) -> None:
    assert sources.load_profiles()[profile].habits.refresh == timedelta(hours=refresh)


def test_google_needs_a_day_for_a_new_certificate() -> None:
    assert sources.load_profiles()["google-workspace-sp"].habits.propagation == timedelta(hours=24)


def test_a_profile_is_read_whole() -> None:
    profile = parse_profile(GOOD, "acme.toml")
    assert (profile.id, profile.role, profile.as_of) == ("acme", "verifier", datetime(2026, 11, 22, tzinfo=UTC))
    assert profile.habits == Habits(
        slots=2,
        mode=Mode.PULL,
        refresh=timedelta(hours=4),
        verifies=Known.YES,
        checks_expiry=Known.UNKNOWN,
        match=Match.KEY,
    )
    assert [(each.says, each.confidence, each.source) for each in profile.evidence] == [
        ("it reads every four hours", "vendor", "its manual")
    ]


def test_the_catalog_shows_habits_evidence_and_the_day() -> None:
    entry = entry_of(parse_profile(GOOD, "acme.toml"))
    assert (entry.code, entry.title, entry.cites) == ("acme", "Acme, verifying requests.", "as of 2026-11-22")
    for said in ("Rarely seen.", "slots: 2", "refresh: 4 h", "checks_expiry: unknown", "lead: unknown", "its manual"):
        assert said in entry.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"as_of": None}, "as_of is missing or not a date; write as_of ="),
        ({"as_of": "2026-11-22"}, "as_of is missing or not a date"),
        ({"evidence": []}, r"there is no \[\[evidence\]\]"),
        ({"evidence": {"says": "x"}}, "evidence is"),
        ({"evidence": ["x"]}, "evidence is not a table"),
        ({"evidence": [{"confidence": "vendor"}]}, "evidence says: None is not text"),
        ({"evidence": [{"says": "x", "confidence": "sure"}]}, "evidence confidence: 'sure' is not possible"),
        ({"id": ""}, "id: '' is not text"),
        ({"title": 7}, "title: 7 is not text"),
        ({"role": "watcher"}, "role: 'watcher' is not possible; write one of: verifier, signer, decryptor"),
        ({"note": "x"}, "unknown member 'note'; did you mean notes?"),
        ({"zzz": "x"}, "unknown member 'zzz'; these are known: id, title"),
        ({"trust": {"slot": 1}}, "unknown habit 'slot'; did you mean slots?"),
        ({"trust": "slots"}, "trust is not a table"),
        ({"update": [1]}, "update is not a table"),
        ({"update": {"mode": ["pull"]}}, r"mode: \['pull'\] is not possible"),
    ],
)
def test_a_bad_profile_is_refused_in_one_line_that_names_it(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        parse_profile({**GOOD, **changes}, "acme.toml")
    assert str(caught.value).startswith("acme.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["id", "title", "role", "as_of", "evidence"])
def test_what_a_profile_has_to_say_may_not_be_left_out(missing: str) -> None:
    with pytest.raises(ConfigError):
        parse_profile({key: value for key, value in GOOD.items() if key != missing}, "acme.toml")


# ---- single habits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("slots", 3, 3),
        ("slots", "many", Slots.MANY),
        ("slots", "unknown", Slots.UNKNOWN),
        ("mode", "on-miss", Mode.ON_MISS),
        ("refresh", "unknown", UNKNOWN),
        ("lead", "P3D", timedelta(days=3)),
        ("cooldown", "PT0S", timedelta(0)),
        ("verifies", "unknown", Known.UNKNOWN),
        ("match", "fingerprint", Match.FINGERPRINT),
        ("per_partner_key", False, False),
        ("swap_takes", "PT6M", timedelta(minutes=6)),
    ],
)
def test_each_habit_is_read(key: str, value: object, read: object) -> None:
    assert getattr(habits_of({key: value}, Habits(), "x"), key) == read


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("slots", 0, '"many"'),
        ("slots", -1, '"many"'),
        ("slots", True, '"many"'),
        ("slots", 2.0, '"many"'),
        ("slots", "two", '"many"'),
        ("slots", [1], '"many"'),
        ("slots", {}, '"many"'),
        ("mode", "poll", "manual, pull, on-miss, api"),
        ("mode", 1, "manual, pull"),
        ("verifies", True, "yes, no, unknown"),
        ("verifies", "YES", "yes, no, unknown"),
        ("match", "spki", "key, certificate, fingerprint, unknown"),
        ("refresh", "4h", "PT24H"),
        ("refresh", 4, "PT24H"),
        ("refresh", "P1Y", "PT24H"),
        ("refresh", "P4000D", "ten years"),
        ("propagation", "P99999999999D", "PT24H|ten years"),
        ("message_life", "unknown", "PT5M"),
        ("message_life", "PT0S", "longer than nothing"),
        ("skew", None, "PT5M"),
        ("per_partner_key", "yes", "true or false"),
    ],
)
def test_a_habit_that_cannot_be_is_refused_with_what_can(key: str, value: object, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy) as caught:
        habits_of({key: value}, Habits(), "lab.toml:7")
    assert str(caught.value).startswith(f"lab.toml:7: {key}: ")


def test_an_unknown_habit_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match=r"unknown habit 'check_expiry'; did you mean checks_expiry\?"):
        habits_of({"check_expiry": "yes"}, Habits(), "x")
    with pytest.raises(ConfigError, match="unknown habit 'zzz'; these are known: slots, mode"):
        habits_of({"zzz": 1}, Habits(), "x")


def test_what_an_override_leaves_out_stays_as_the_profile_says() -> None:
    base = sources.load_profiles()["adfs-rp"].habits
    changed = habits_of({"mode": "manual"}, base, "x")
    assert (changed.mode, changed.checks_expiry, changed.refresh) == (Mode.MANUAL, Known.YES, base.refresh)
