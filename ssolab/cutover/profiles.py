"""Partner profiles: what a product is known to do, as data files with evidence, and how habits are read from tables.

A profile never guesses: what nobody found out is `unknown`, and a lab overrides any field for its own partner.
"""

from __future__ import annotations

import difflib
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Entry, Kind
from ssolab.core.findings import ConfigError
from ssolab.core.instants import format_instant, parse_duration
from ssolab.cutover.habits import UNKNOWN, Habits, Known, Match, Mode, Slots, Span
from ssolab.cutover.model import Evidence, Profile
from ssolab.oidc import cache_habits
from ssolab.oidc.cache_habits import FOREVER, CacheHabits, OnOutage, OnUnknownKid, Since

if TYPE_CHECKING:
    import enum
    from collections.abc import Callable, Iterable, Mapping, Sequence

_SECTIONS = ("trust", "update", "signer")
_CACHE = "cache"
_PLAIN = ("id", "title", "role", "as_of", "notes", "evidence")
_LONGEST = timedelta(days=3653)
_ROLES = ("verifier", "signer", "decryptor")
_CONFIDENCE = ("measured", "vendor", "secondary", "inferred", "conflicting", "unknown")


def habits_of(values: Mapping[str, Any], base: Habits, name: str) -> Habits:
    """Read habits from a table of TOML values, over *base* for what the table leaves out.

    Raises:
        ConfigError: an unknown key, or a value that the key cannot have; *name* says where.
    """
    _known(values, [each.name for each in fields(Habits)], "habit", name)
    read: dict[str, Any] = {}
    for key, value in values.items():
        reader: Callable[[Any, str], Any] = _READERS.get(key, _span)
        read[key] = reader(value, f"{name}: {key}")
    return replace(base, **read)


def parse_profile(values: Mapping[str, Any], name: str) -> Profile:
    """Read one profile file.

    Raises:
        ConfigError: a member is missing, unknown, or has a value that it cannot have.
    """
    _known(values, (*_PLAIN, *_SECTIONS, _CACHE), "member", name)
    for section in (*_SECTIONS, _CACHE):
        if not isinstance(values.get(section, {}), dict):
            raise ConfigError(name, f"{section} is not a table", f"write [{section}] and the habits below it")
    as_of = values.get("as_of")
    if not isinstance(as_of, date):
        raise ConfigError(name, "as_of is missing or not a date", "write as_of = 2026-11-22")
    evidence = tuple(_evidence(each, name) for each in values.get("evidence", ()))
    if not evidence:
        raise ConfigError(name, "there is no [[evidence]]", "say what the profile rests on, even if it is a guess")
    merged = {key: value for section in _SECTIONS for key, value in values.get(section, {}).items()}
    cache = cache_of(values[_CACHE], f"{name}: {_CACHE}") if _CACHE in values else None
    if cache is not None and "update" in values:
        raise ConfigError(name, "[update] stands beside [cache]", "leave [update] out; it follows from [cache]")
    return Profile(
        id=_text(values.get("id"), f"{name}: id"),
        title=_text(values.get("title"), f"{name}: title"),
        role=_one_of(_ROLES)(values.get("role"), f"{name}: role"),
        habits=habits_of(merged, Habits() if cache is None else _follow(cache), name),
        cache=cache,
        as_of=datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC),
        evidence=evidence,
        notes=str(values.get("notes", "")),
    )


def cache_of(values: Mapping[str, Any], name: str) -> CacheHabits:
    """Read how a verifier keeps a JWKS from a table of TOML values.

    Raises:
        ConfigError: an unknown key, or a value that the key cannot have; *name* says where.
    """
    _known(values, [each.name for each in fields(CacheHabits)], "habit", name)
    for key in ("keeps", "unknown_kid", "cooldown", "outage"):
        if key not in values:
            raise ConfigError(name, f"{key} is missing", f'write it, or {key} = "unknown"')
    return CacheHabits(**{key: _CACHE_READERS[key](value, f"{name}: {key}") for key, value in values.items()})


def _follow(cache: CacheHabits) -> Habits:
    """Say what keeping a JWKS so means for a cutover: how long the verifier takes to learn of a new key."""
    keeps, cooldown = _as_span(cache.keeps), _as_span(cache.cooldown)
    if cache.unknown_kid is OnUnknownKid.REFETCH and cache.learns_within != cache.keeps:
        return Habits(mode=Mode.ON_MISS, refresh=keeps, cooldown=cooldown)
    if cache.keeps is FOREVER:
        return Habits(mode=Mode.MANUAL, propagation=UNKNOWN)
    return Habits(mode=Mode.PULL, refresh=keeps)


def _as_span(age: cache_habits.MaybeAge) -> Span:
    return age if isinstance(age, timedelta) else UNKNOWN


def entry_of(profile: Profile) -> Entry:
    """Describe a profile for the catalog."""
    habits = [f"{each.name}: {_shown(getattr(profile.habits, each.name))}" for each in fields(Habits)]
    if profile.cache is not None:
        habits += [f"{each.name}: {_shown(getattr(profile.cache, each.name))}" for each in fields(CacheHabits)]
    evidence = [
        f"{each.says} ({each.confidence}{', ' + each.source if each.source else ''})" for each in profile.evidence
    ]
    text = "\n\n".join(part for part in (profile.notes, "; ".join(habits) + ".", *evidence) if part)
    return Entry(kind=Kind.PROFILE, code=profile.id, title=f"{profile.title}.", text=text, cites=_as_of(profile))


def _as_of(profile: Profile) -> str:
    return f"as of {format_instant(profile.as_of)[:10]}"


def _shown(value: object) -> str:
    from ssolab.core.instants import in_words

    if isinstance(value, timedelta):
        return in_words(value)
    if value is UNKNOWN or value is cache_habits.UNKNOWN:
        return "unknown"
    if value is FOREVER:
        return "for ever"
    if value is None:
        return "none"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _evidence(values: Any, name: str) -> Evidence:
    if not isinstance(values, dict):
        raise ConfigError(name, "evidence is not a table", "write [[evidence]] with says, confidence and source")
    return Evidence(
        says=_text(values.get("says"), f"{name}: evidence says"),
        confidence=_one_of(_CONFIDENCE)(values.get("confidence"), f"{name}: evidence confidence"),
        source=values.get("source"),
    )


def _known(values: Iterable[str], known: Sequence[str], kind: str, name: str) -> None:
    """Refuse a key that nobody reads, and suggest the one that was meant."""
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"these are known: {', '.join(known)}"
            raise ConfigError(name, f"unknown {kind} {key!r}", remedy)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(name, f"{value!r} is not text", "write it in quotes")
    return value


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any, str], str]:
    def read(value: Any, name: str) -> str:
        if value not in allowed:
            raise ConfigError(name, f"{value!r} is not possible", f"write one of: {', '.join(allowed)}")
        return str(value)

    return read


def _member(of: type[enum.StrEnum]) -> Callable[[Any, str], enum.StrEnum]:
    def read(value: Any, name: str) -> enum.StrEnum:
        return of(_one_of(tuple(each.value for each in of))(value, name))

    return read


def _slots(value: Any, name: str) -> int | Slots:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if value in ("many", "unknown"):
        return Slots(value)
    raise ConfigError(name, f"{value!r} is no number of keys", 'write 1, 2, … or "many" or "unknown"')


def _span(value: Any, name: str) -> timedelta | object:
    return UNKNOWN if value == "unknown" else _sure_span(value, name)


def _sure_span(value: Any, name: str) -> timedelta:
    try:
        span = parse_duration(value)
    except (TypeError, ValueError):
        raise ConfigError(name, f"{value!r} is no duration", "write one such as PT5M, PT24H or P3D") from None
    if span > _LONGEST:
        raise ConfigError(name, f"{value!r} is longer than ten years", "write one such as PT5M, PT24H or P3D")
    return span


def _some_span(value: Any, name: str) -> timedelta:
    span = _sure_span(value, name)
    if span < timedelta(seconds=1):
        raise ConfigError(name, f"{value!r} leaves no time", "write one longer than nothing, such as PT5M")
    return span


def _age(value: Any, name: str) -> cache_habits.Age:
    return FOREVER if value == FOREVER.value else _sure_span(value, name)


def _maybe_age(value: Any, name: str) -> cache_habits.MaybeAge:
    return cache_habits.UNKNOWN if value == "unknown" else _age(value, name)


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(name, f"{value!r} is no number of fetches", "write 1, 2, …")
    return value


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(name, f"{value!r} is neither true nor false", "write true or false, without quotes")
    return value


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "slots": _slots,
    "mode": _member(Mode),
    "verifies": _member(Known),
    "checks_expiry": _member(Known),
    "match": _member(Match),
    "message_life": _some_span,
    "skew": _sure_span,
    "swap_takes": _sure_span,
    "per_partner_key": _flag,
}
_CACHE_READERS: dict[str, Callable[[Any, str], Any]] = {
    "keeps": _maybe_age,
    "keeps_kid": _age,
    "unknown_kid": _member(OnUnknownKid),
    "any_failure": _flag,
    "cooldown": _maybe_age,
    "since": _member(Since),
    "a_minute": _count,
    "outage": _member(OnOutage),
    "max_age": _flag,
}
