from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import DefectError, InputError
from ssolab.salesforce import profile

ISSUED = datetime(2027, 1, 4, 9, 0, 0, 123_000, tzinfo=UTC)

# Seen in public repositories; only their open part says anything.
REAL_2020 = (
    "_2CAAAAXBiWUplME8wMGcwMDAwMDA0Qzk5AAAA3rjqUYFLOzRwS_UZlSFvGgKFRc7zigwDXnTkBRr4Y_SeOFUAKCn3R_yKHmKkUD9_ORPOeDsPnLQwmFIF"
    "hkqZx92B6avrXGI0ox0M-i4x9M6hqIof0cyhNZzwtJUgEYqgNv5n8Wsz2hOQPMavn1mJxQY4NTsmNJY19tKbZmejH47P2V1DqZDYi0qF7aujIaUgFegBAme3"
    "90vakxe1xcjJZ8JCHrxoMu5jBxFyTaxQXkB-9QBGGlu1e3Hm9L7bC3AMGw"
)


def padded(identifier: str) -> bytes:
    return base64.urlsafe_b64decode(identifier[2:] + "==")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001A0000006Vm9u", "001A0000006Vm9uIAC"),  # the example in Salesforce's API guide
        ("00D300000000bzv", "00D300000000bzvEAA"),
        ("00D3R000000AhtP", "00D3R000000AhtPUAS"),
        ("001000000000000", "001000000000000AAA"),
        ("ABCDEFGHIJKLMNO", "ABCDEFGHIJKLMNO555"),
    ],
)
def test_an_id_of_15_characters_and_its_form_of_18_are_one(short: str, long: str) -> None:
    assert profile.long_id(short) == long
    assert profile.long_id(long) == long
    assert profile.short_id(long) == short


@pytest.mark.parametrize("wrong", ["", "00D", "00D300000000bzvEA", "00D300000000bz!", "00D3000000é0bzv", "a" * 10_000])
def test_what_is_no_record_id_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="not 15 or 18 letters and digits"):
        profile.long_id(wrong)


def test_an_id_whose_case_was_changed_is_refused() -> None:
    with pytest.raises(InputError, match="upper and lower case"):
        profile.long_id("00D300000000BZVEAA")


def test_the_id_of_something_else_is_no_org_id() -> None:
    assert profile.org_id("00D300000000bzvEAA") == "00D300000000bzv"
    with pytest.raises(InputError, match="begin with 00D"):
        profile.org_id("0LE1N000000k9kG")


@given(st.text("0123456789abcdefXYZ", min_size=15, max_size=15))
def test_the_18_characters_survive_a_round_trip(short: str) -> None:
    assert profile.short_id(profile.long_id(short)) == short


def test_a_real_request_id_is_read() -> None:
    read = profile.read_request_id(REAL_2020)
    assert read is not None
    assert read.record == "0O00g0000004C99"
    assert read.expires == datetime(2020, 2, 20, 11, 26, 23, 845_000, tzinfo=UTC)


@given(st.binary(min_size=profile.REQUEST_ID_ENTROPY, max_size=profile.REQUEST_ID_ENTROPY))
def test_a_request_id_has_the_shape_of_the_real_ones(entropy: bytes) -> None:
    made, real = profile.request_id(ISSUED, entropy), REAL_2020
    assert len(made) == len(real) == 296
    assert made.startswith("_2CAAAA")
    state = padded(made)
    assert len(state) == len(padded(real)) == 220
    assert state[0] == padded(real)[0] == 0x08
    assert int.from_bytes(state[1:9], "big") == 1_801_472_400_123  # 2027-02-01T09:00:00.123Z
    assert state[9:12] == padded(real)[9:12] == b"0O0"
    assert state[24:27] == padded(real)[24:27] == b"\0\0\0"
    assert state[28:] == entropy[:192]


def test_a_request_id_gives_its_issue_instant_back() -> None:
    read = profile.read_request_id(profile.request_id(ISSUED, bytes(range(199))))
    assert read is not None
    assert read.issued == ISSUED


@pytest.mark.parametrize(
    "other",
    ["", "_2", "_abc", "_2" + "A" * 294, "_2" + "!" * 294, "_2" + "é" * 294, "_2CA" + "_" * 292, REAL_2020[:-1]],
)
def test_any_other_id_is_no_salesforce_request_id(other: str) -> None:
    assert profile.read_request_id(other) is None


@pytest.mark.parametrize("count", [0, 198, 200])
def test_a_request_id_wants_exactly_its_random_bytes(count: int) -> None:
    with pytest.raises(DefectError, match="199 random bytes"):
        profile.request_id(ISSUED, bytes(count))


def test_a_response_id_is_hexadecimal_and_epoch_milliseconds() -> None:
    moment = datetime(2009, 6, 17, 18, 45, 10, 738_000, tzinfo=UTC)
    entropy = bytes.fromhex("257f9d9e9fa14962c0803903a6ccad93")
    # The ID of the sample response in Salesforce's own guide to SAML assertions.
    assert profile.response_id(moment, entropy) == "_257f9d9e9fa14962c0803903a6ccad931245264310738"
    with pytest.raises(DefectError, match="16 random bytes"):
        profile.response_id(moment, b"")


def test_the_forms_of_entity_id_and_acs_are_the_ones_seen() -> None:
    assert profile.my_domain("greenmoor") == "https://greenmoor.my.salesforce.com"
    assert profile.entity_id_of("00D300000000bzv") == "https://saml.salesforce.com/00D300000000bzvEAA"
    assert profile.acs(profile.my_domain("greenmoor")) == "https://greenmoor.my.salesforce.com"
    assert profile.acs(profile.OLD_ACS, org="00D300000000bzvEAA") == "https://login.salesforce.com?so=00D300000000bzv"
    assert (
        profile.acs("https://greenmoor.my.salesforce.com", org="00D300000000bzv", config="0LE1N000000k9kG")
        == "https://greenmoor.my.salesforce.com?so=00D300000000bzv&sc=0LE1N000000k9kG"
    )
