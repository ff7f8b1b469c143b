from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core import der
from ssolab.core.ber import from_ber

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, "020100"),
        (127, "02017f"),
        (128, "02020080"),
        (256, "02020100"),
        (-128, "020180"),
        (-129, "0202ff7f"),
    ],
)
def test_integers_are_written_as_x690_shows(number: int, encoded: str) -> None:
    assert der.write_integer(number).hex() == encoded
    assert der.read_integer(der.read_all(bytes.fromhex(encoded))) == number


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [
        ("2.100.3", "0603813403"),  # X.690 8.19.5
        ("1.2.840.113549.1.1.11", "06092a864886f70d01010b"),  # RFC 4055
        ("2.5.4.3", "0603550403"),
    ],
)
def test_object_identifiers_are_written_as_the_standards_show(dotted: str, encoded: str) -> None:
    assert der.write_oid(dotted).hex() == encoded
    assert der.read_oid(der.read_all(bytes.fromhex(encoded))) == dotted


def test_lengths_take_the_fewest_bytes() -> None:
    assert der.write(der.OCTET_STRING, bytes(127))[:2].hex() == "047f"
    assert der.write(der.OCTET_STRING, bytes(128))[:3].hex() == "048180"
    assert der.write(der.OCTET_STRING, bytes(256))[:4].hex() == "04820100"


@pytest.mark.parametrize(
    ("tag", "text", "moment"),
    [
        (der.UTC_TIME, b"171017235959Z", datetime(2017, 10, 17, 23, 59, 59, tzinfo=UTC)),
        (der.UTC_TIME, b"491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (der.UTC_TIME, b"500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (der.UTC_TIME, b"1710172359Z", datetime(2017, 10, 17, 23, 59, tzinfo=UTC)),
        (der.UTC_TIME, b"171018015959+0200", datetime(2017, 10, 17, 23, 59, 59, tzinfo=UTC)),
        (der.GENERALIZED_TIME, b"20500101000000Z", datetime(2050, 1, 1, tzinfo=UTC)),
        (der.GENERALIZED_TIME, b"99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (der.GENERALIZED_TIME, b"20270104090000.5Z", datetime(2027, 1, 4, 9, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_rfc_5280_says_and_as_real_certificates_have_them(
    tag: int, text: bytes, moment: datetime
) -> None:
    assert der.read_time(der.read_all(der.write(tag, text))) == moment


@pytest.mark.parametrize("text", [b"", b"171317000000Z", b"170230000000Z", b"now", b"17101723595"])
def test_a_time_that_does_not_exist_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"time|range|month|day"):
        der.read_time(der.read_all(der.write(der.UTC_TIME, text)))


def test_times_change_their_form_in_2050() -> None:
    assert der.write_time(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)) == b"\x17\x0d491231235959Z"
    assert der.write_time(datetime(2050, 1, 1, tzinfo=UTC)) == b"\x18\x0f20500101000000Z"
    assert der.write_time(datetime(1949, 1, 1, tzinfo=UTC)) == b"\x18\x0f19490101000000Z"


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))  # noqa: DTZ001 -- made aware below
def test_a_written_time_is_read_back(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC, microsecond=0)
    assert der.read_time(der.read_all(der.write_time(aware))) == aware


@given(st.integers())
def test_a_written_integer_is_read_back(number: int) -> None:
    assert der.read_integer(der.read_all(der.write_integer(number))) == number


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("", "ends"),
        ("30", "ends"),
        ("3003020101ff", "1 bytes after"),
        ("30050201", "cut off"),
        ("3080", "indefinite"),
        ("30850000000001", "impossible"),
        ("1f8101", "more than one byte"),
    ],
)
def test_what_is_no_whole_element_is_refused_with_the_reason(data: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        der.read_all(bytes.fromhex(data))


@given(st.binary(max_size=64))
def test_no_bytes_make_the_reader_fail_in_another_way(data: bytes) -> None:
    try:
        waiting = [der.read_all(data)]
        while waiting:
            element = waiting.pop()
            der.read_text(element)
            if element.constructed:
                waiting.extend(element)
    except ValueError:
        pass


@given(st.binary(max_size=64))
def test_no_bytes_make_the_ber_reader_fail_in_another_way(data: bytes) -> None:
    try:
        clean = from_ber(data)
    except ValueError:
        return
    assert from_ber(clean) == clean


def test_indefinite_lengths_and_strings_in_pieces_become_der() -> None:
    pieces = bytes.fromhex("3080 2480 0402 6162 0401 63 0000 0201 05 0000")
    assert from_ber(pieces) == der.write(der.SEQUENCE, der.write(der.OCTET_STRING, b"abc"), der.write_integer(5))


def test_a_part_that_reaches_beyond_its_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the one around it"):
        from_ber(bytes.fromhex("3080 3003 0405 6162636465 0000"))


@pytest.mark.parametrize("read", [lambda data: der.read_all(data).parts(3), from_ber], ids=["DER", "BER"])
def test_millions_of_elements_cost_neither_time_nor_memory(read: Callable[[bytes], object]) -> None:
    hostile = der.write(der.SEQUENCE, bytes.fromhex("0500") * 5_000_000)
    begun = time.perf_counter()
    with pytest.raises(ValueError, match="elements"):
        read(hostile)
    assert time.perf_counter() - begun < 5


def test_deep_nesting_is_refused_and_not_walked() -> None:
    with pytest.raises(ValueError, match="deep"):
        from_ber(b"\x30\x80" * 5000)


def test_a_time_that_leaves_the_calendar_by_its_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="calendar"):
        der.read_time(der.read_all(der.write(der.GENERALIZED_TIME, b"99991231235959-0100")))
