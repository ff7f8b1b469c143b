"""What Salesforce is not known to do: one switch for each, with a default that says what it rests on.

Nobody outside has seen how far apart an org lets the clocks be, whether the expiry of the identity provider's
certificate matters to it, or whether it reads Destination. Rather than to guess once for everybody, the lab lets you
set each and says so wherever it matters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import ConfigError
from ssolab.core.instants import in_words, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_CLOCK: Final = timedelta(days=1)
DESTINATION: Final = "destination-mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How an org behaves as service provider where that is not known. None leaves it to what the lab says elsewhere."""

    clock: timedelta | None = None
    expiry: bool | None = None
    destination: bool = True
    unsolicited: bool = True
    users: bool = False

    @property
    def ignore(self) -> frozenset[str]:
        """The codes of checks that such an org would not make."""
        return frozenset() if self.destination else frozenset({DESTINATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One switch: its words, the one that holds where nobody says anything, and on what that default rests."""

    name: str
    words: tuple[str, str]
    """What turns it on, and what turns it off; none for a duration."""
    usual: str
    rests_on: str


CLOCK_ALLOWANCE: Final = timedelta(seconds=180)
SWITCHES: Final = (
    Switch(
        name="clock",
        words=("", ""),
        usual="180s",
        rests_on="unverified; some remember 480000ms of the setup guide",
    ),
    Switch(
        name="expiry",
        words=("strict", "lenient"),
        usual="lenient",
        rests_on="the help says that logins fail once the IdP's certificate has expired; no test shows it",
    ),
    Switch(
        name="destination",
        words=("checked", "ignored"),
        usual="checked",
        rests_on="the standard demands it; what Salesforce does is not published",
    ),
    Switch(
        name="unsolicited",
        words=("welcome", "refused"),
        usual="welcome",
        rests_on="IdP-initiated logins are common practice",
    ),
    Switch(
        name="users",
        words=("known", "any"),
        usual="any",
        rests_on="an org knows its users; the lab lets any subject in unless told to look among its own users",
    ),
)
_BY_NAME: Final[Mapping[str, Switch]] = {each.name: each for each in SWITCHES}


def set_switches(given: Iterable[tuple[str, str]], onto: Switches | None = None, *, called: str) -> Switches:
    """Set switches by name and word, such as `expiry` and `strict`, or `clock` and `480000ms`.

    Raises:
        ConfigError: there is no such switch, or it has no such word; *called* is where it was said.
    """
    switches = onto or Switches()
    for name, word in given:
        switch = _BY_NAME.get(name)
        if switch is None:
            raise ConfigError(called, f"there is no switch {name[:40]!r}", f"the switches are {', '.join(_BY_NAME)}")
        value: object = _clock(word, called) if name == "clock" else None
        if name != "clock":
            if word not in switch.words:
                problem = f"{name} cannot be {word[:40]!r}"
                raise ConfigError(called, problem, f"write {' or '.join(switch.words)}")
            value = word == switch.words[0]
        switches = replace(switches, **{name: value})  # type: ignore[arg-type]  # by name, as the dataclass has them
    return switches


def _clock(word: str, called: str) -> timedelta:
    """Read an allowance: seconds, milliseconds as Salesforce prints them, or an ISO 8601 duration."""
    unit = next((each for each in ("ms", "s") if word.endswith(each)), "")
    digits = word.removesuffix(unit)
    try:
        if digits.isascii() and digits.isdecimal() and len(digits) < 10:  # noqa: PLR2004 - more is no allowance
            allowed = timedelta(milliseconds=int(digits)) if unit == "ms" else timedelta(seconds=int(digits))
        else:
            allowed = parse_duration(word)
    except ValueError:
        problem = f"clock cannot be {word[:40]!r}"
        raise ConfigError(called, problem, "write it as 180s, 480000ms or PT3M") from None
    if not timedelta(0) <= allowed <= LONGEST_CLOCK:
        raise ConfigError(called, f"clock cannot be {word[:40]!r}", "allow at most a day")
    return allowed


def described(switches: Switches, *, clock: timedelta, expiry: bool) -> tuple[tuple[str, str], ...]:
    """Say how each switch stands, for people, and on what it rests where it stands as it usually does.

    Args:
        switches: as they were set.
        clock: the allowance in force.
        expiry: whether an expired certificate refuses, as in force.
    """
    stands, usual = _stands(switches, clock, expiry=expiry), _stands(Switches(), CLOCK_ALLOWANCE, expiry=False)
    reasons = {each.name: f" (default: {each.rests_on})" for each in SWITCHES}
    return tuple((name, stand + (reasons[name] if stand == usual[name] else "")) for name, stand in stands.items())


def _stands(switches: Switches, clock: timedelta, *, expiry: bool) -> dict[str, str]:
    return {
        "clock": in_words(clock),
        "expiry": _word("expiry", on=expiry),
        "destination": _word("destination", on=switches.destination),
        "unsolicited": _word("unsolicited", on=switches.unsolicited),
        "users": _word("users", on=switches.users),
    }


def _word(name: str, *, on: bool) -> str:
    return _BY_NAME[name].words[0 if on else 1]
