"""Moments and durations, in the forms of SAML, ISO 8601 and people.

Every moment inside ssolab is an aware datetime in UTC. Text without a zone is refused: guessing a zone moves a
validity window by hours, and nobody sees it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DURATION = re.compile(
    r"P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_MICROSECONDS = 6


def parse_instant(text: str, *, date_only: bool = False) -> datetime:
    """Read an xs:dateTime with a zone; with *date_only* also a bare date, which then means midnight UTC.

    Digits of the fraction beyond microseconds are dropped.

    Raises:
        ValueError: the text is no such moment; the message says what is wrong with it.
    """
    if date_only and _DATE.fullmatch(text):
        text += "T00:00:00Z"
    if not (match := _DATE_TIME.fullmatch(text)):
        raise ValueError(f"{text!r} is not an ISO 8601 moment such as 2027-01-04T09:00:00Z")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if zone is None:
        raise ValueError(f"{text!r} has no time zone; end it with Z or an offset such as +01:00")
    microsecond = int((fraction or ".0")[1 : 1 + _MICROSECONDS].ljust(_MICROSECONDS, "0"))
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microsecond, tzinfo=UTC
        )
        if zone == "Z":
            return moment
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        return moment - offset if zone[0] == "+" else moment + offset
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a moment that exists: {error}") from None


def format_instant(moment: datetime, *, milliseconds: bool = False) -> str:
    """Write a moment as SAML does, in UTC with Z: whole seconds, or the milliseconds that Salesforce writes."""
    spec = "milliseconds" if milliseconds else "seconds"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def parse_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `P3DT12H`.

    Raises:
        ValueError: the text is no such duration (years and months have no fixed length and are refused).
    """
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a duration such as PT5M, PT24H or P3D")
    try:
        return timedelta(**{unit: float(number) for unit, number in match.groupdict().items() if number})
    except OverflowError:
        raise ValueError(f"{text!r} is longer than time lasts") from None


def format_duration(duration: timedelta) -> str:
    """Write a duration in ISO 8601, to the second."""
    seconds = round(duration.total_seconds())
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    return "P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "" if days else "T0S")


def day(moment: datetime) -> str:
    """Write a moment for people, to the minute: `9 Jan 2027 22:00`."""
    return f"{moment.day} {moment:%b %Y %H:%M}"


def in_words(duration: timedelta) -> str:
    """Write a duration for people, in its two largest units: `3 d 13 h`, `6 min`, `45 s`.

    What is too small to show is rounded, so that a span ending one second early does not look like another one.
    """
    seconds = round(abs(duration).total_seconds())
    for size, smaller in ((86_400, 3_600), (3_600, 60)):
        if seconds >= size:
            seconds = (seconds + smaller // 2) // smaller * smaller
            break
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        number, seconds = divmod(seconds, size)
        parts += [f"{number} {unit}"] if number else []
    return " ".join(parts) or "0 s"
