from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.instants import format_duration, format_instant, in_words, parse_duration, parse_instant

MOMENT = datetime(2027, 1, 4, 9, 30, 15, tzinfo=UTC)


# ---- moments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-04T09:30:15Z", MOMENT),
        ("2027-01-04T09:30:15.25Z", MOMENT + timedelta(milliseconds=250)),
        ("2027-01-04T09:30:15.1234567Z", MOMENT + timedelta(microseconds=123456)),
        ("2027-01-04T10:30:15+01:00", MOMENT),
        ("2027-01-04T04:00:15-05:30", MOMENT),
        ("2027-01-04T10:30:15+0100", MOMENT),
        ("2027-01-04 09:30:15Z", MOMENT),
        ("2027-01-04T09:30Z", MOMENT.replace(second=0)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
        ("2027-01-05T00:00:00+14:00", datetime(2027, 1, 4, 10, tzinfo=UTC)),
    ],
)
def test_a_moment_with_a_zone_is_read(text: str, moment: datetime) -> None:
    assert parse_instant(text) == moment
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2027-01-04T09:30:15", "has no time zone"),
        ("2027-01-04", "not an ISO 8601 moment"),
        ("", "not an ISO 8601 moment"),
        ("now", "not an ISO 8601 moment"),
        ("2027-1-4T09:30:15Z", "not an ISO 8601 moment"),
        ("2027-01-04T09:30:15z", "not an ISO 8601 moment"),
        (" 2027-01-04T09:30:15Z", "not an ISO 8601 moment"),
        ("2027-01-04T09:30:15Z\n", "not an ISO 8601 moment"),
        ("2027-01-04T09:30:15.Z", "not an ISO 8601 moment"),
        ("-2027-01-04T09:30:15Z", "not an ISO 8601 moment"),
        ("12027-01-04T09:30:15Z", "not an ISO 8601 moment"),
        ("٢٠٢٧-٠١-٠٤T٠٩:٣٠:١٥Z", "not an ISO 8601 moment"),  # noqa: RUF001  digits, and none that XML knows
        ("2027-02-29T00:00:00Z", "not a moment that exists"),
        ("2027-13-01T00:00:00Z", "not a moment that exists"),
        ("2027-01-04T25:00:00Z", "not a moment that exists"),
        ("2027-01-04T09:30:60Z", "not a moment that exists"),
        ("0000-01-01T00:00:00Z", "not a moment that exists"),
        ("0001-01-01T00:00:00+01:00", "not a moment that exists"),
        ("9999-12-31T23:59:59-01:00", "not a moment that exists"),
        ("2027-01-04T09:30:15+15:00", "not an ISO 8601 moment"),
        ("2027-01-04T09:30:15+01:60", "not an ISO 8601 moment"),
    ],
)
def test_what_is_no_moment_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_instant(text)


def test_a_date_is_its_midnight_only_where_dates_are_welcome() -> None:
    assert parse_instant("2027-01-04", date_only=True) == datetime(2027, 1, 4, tzinfo=UTC)
    assert parse_instant("2027-01-04T09:30:15Z", date_only=True) == MOMENT
    with pytest.raises(ValueError, match="not a moment that exists"):
        parse_instant("2027-02-30", date_only=True)


def test_a_moment_is_written_as_saml_does() -> None:
    assert format_instant(MOMENT) == "2027-01-04T09:30:15Z"
    assert format_instant(MOMENT + timedelta(milliseconds=7), milliseconds=True) == "2027-01-04T09:30:15.007Z"
    assert format_instant(MOMENT.replace(microsecond=999_999)) == "2027-01-04T09:30:15Z"
    assert format_instant(datetime(5, 1, 2, tzinfo=UTC)) == "0005-01-02T00:00:00Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_again(moment: datetime) -> None:
    assert parse_instant(format_instant(moment)) == moment.replace(microsecond=0)
    milliseconds = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parse_instant(format_instant(moment, milliseconds=True)) == milliseconds


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001  the zone comes next
    st.integers(-14 * 60, 14 * 60),
)
def test_another_zone_is_the_same_moment(local: datetime, minutes: int) -> None:
    moment = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_instant(moment.isoformat()) == moment


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    for date_only in (True, False):
        with contextlib.suppress(ValueError):
            assert parse_instant(text, date_only=date_only).tzinfo is UTC


# ---- durations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT5M", timedelta(minutes=5)),
        ("P3DT12H", timedelta(days=3, hours=12)),
        ("P1W", timedelta(weeks=1)),
        ("PT0S", timedelta(0)),
        ("PT1H2M3.5S", timedelta(hours=1, minutes=2, seconds=3.5)),
        ("P0.5D", timedelta(hours=12)),
        ("PT36H", timedelta(hours=36)),
    ],
)
def test_a_duration_is_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "5M",
        "P1Y",
        "P1M",
        "-PT5M",
        "PT5",
        "PT5M ",
        "PT5M\n",
        "pt5m",
        "PT-5M",
        "P1D1H",
        "PT٥M",  # noqa: RUF001  a digit, and none that XML knows
        "PT1,5S",
    ],
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as PT5M"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["P999999999999D", "P" + "9" * 400 + "D"])
def test_a_duration_longer_than_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than time lasts"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(minutes=5), "PT5M"),
        (timedelta(days=3, hours=12), "P3DT12H"),
        (timedelta(days=2), "P2D"),
        (timedelta(hours=1, minutes=2, seconds=3), "PT1H2M3S"),
        (timedelta(seconds=90), "PT1M30S"),
    ],
)
def test_a_duration_is_written_in_its_largest_units(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


@given(st.integers(0, 10**9))
def test_a_duration_that_is_written_is_read_again(seconds: int) -> None:
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(minutes=6), "6 min"),
        (timedelta(minutes=6, seconds=5), "6 min 5 s"),
        (timedelta(hours=11), "11 h"),
        (timedelta(days=3, hours=13), "3 d 13 h"),
        (timedelta(days=3, hours=13, minutes=20), "3 d 13 h"),
        (timedelta(days=3) - timedelta(seconds=1), "3 d"),
        (timedelta(hours=4) - timedelta(seconds=1), "4 h"),
        (timedelta(seconds=59.6), "1 min"),
        (timedelta(hours=23, minutes=59, seconds=45), "1 d"),
        (-timedelta(minutes=6), "6 min"),
    ],
)
def test_people_read_the_two_largest_units(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words


@given(st.integers(0, 10**8))
def test_words_are_never_off_by_more_than_the_smaller_unit(seconds: int) -> None:
    sizes = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
    parts = in_words(timedelta(seconds=seconds)).split()
    said = sum(int(number) * sizes[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))
    allowed = 1_800 if seconds >= 86_400 else 30
    assert abs(said - seconds) <= allowed
