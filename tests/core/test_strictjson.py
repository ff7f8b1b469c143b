from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import InputError
from ssolab.core.strictjson import LARGEST_JSON, compact, parse, parse_object

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_read_again(value: dict[str, object]) -> None:
    assert parse(compact(value), "x") == value
    assert parse(json.dumps(value, indent=2).encode(), "x") == value


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-document"),
        (b" \n\t", "empty-document"),
        (b"{", "malformed-json"),
        (b'{"a": 1,}', "malformed-json"),
        (b"{'a': 1}", "malformed-json"),
        (b'{"a": NaN}', "malformed-json"),
        (b'{"a": -Infinity}', "malformed-json"),
        (b'{"a": 01}', "malformed-json"),
        (b'{"a": "\n"}', "malformed-json"),
        (b'{"a": 1} {"a": 1}', "malformed-json"),
        (b"<html>", "malformed-json"),
        (b'{"a": 1, "b": 2, "a": 1}', "repeated-member"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "repeated-member"),
        (b'[{"b": 1}, {"b": 1, "b": 1}]', "repeated-member"),
        (b'{"a": ' + b"9" * 41 + b"}", "oversized-number"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "oversized-number"),
        (b'{"a": 1e999}', "oversized-number"),
        (b'{"a": 0.' + b"1" * 50 + b"}", "oversized-number"),
        (b"[" * 33 + b"]" * 33, "oversized-document"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "oversized-document"),
        (b"[" * 100_000, "oversized-document"),
        (b'"' + b"a" * LARGEST_JSON + b'"', "oversized-document"),
        (b'{"a": "\xff"}', "json-not-utf8"),
        (b"\xef\xbb\xbf{}", "json-not-utf8"),
        ('{"a": 1}'.encode("utf-16"), "json-not-utf8"),
        (b'{"a": "\\ud800"}', "json-not-utf8"),
        (b'{"\\udc00\\ud800": 1}', "json-not-utf8"),
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_refused_in_one_line(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(data, "claims")
    assert caught.value.code == code
    assert str(caught.value).startswith("claims: ")
    assert "\n" not in str(caught.value)


def test_brackets_in_texts_and_many_flat_values_are_not_depth() -> None:
    assert parse(json.dumps({"a": "[{" * 100 + '\\"['}).encode(), "x") == {"a": "[{" * 100 + '\\"['}
    assert parse(json.dumps([[]] * 100).encode(), "x") == [[]] * 100
    assert parse(b"[" * 32 + b"]" * 32, "x")


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse(b'{"a": "\\ud83d\\ude00"}', "x") == {"a": "\U0001f600"}


@pytest.mark.parametrize("data", [b"[]", b'"a"', b"1", b"1.5", b"true", b"null"])
def test_only_an_object_is_an_object(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        parse_object(data, "x")
    assert caught.value.code == "json-not-an-object"


@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_value_or_in_an_error_of_ours(data: bytes) -> None:
    try:
        value = parse(data, "x")
    except InputError:
        return
    assert value == json.loads(data)
