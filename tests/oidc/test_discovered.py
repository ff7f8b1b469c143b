"""A provider's document as a relying party reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssolab.core.findings import InputError
from ssolab.oidc.discovered import Discovered, document_address, read_discovery
from tests.oidc.relying_parts import DOCUMENT, ISSUER, PROVIDER


def read(**changes: Any) -> tuple[Discovered | None, list[str]]:
    document = {name: value for name, value in {**DOCUMENT, **changes}.items() if value is not ...}
    found, findings = read_discovery(json.dumps(document).encode(), "openid-configuration", ISSUER)
    return found, [each.code for each in findings]


def test_a_document_of_the_issuer_is_believed() -> None:
    assert read() == (PROVIDER, [])


def test_a_document_says_that_answers_name_their_issuer() -> None:
    found, _ = read(authorization_response_iss_parameter_supported=True)
    assert found is not None
    assert found.names_itself


@pytest.mark.parametrize(
    ("issuer", "address"),
    [
        ("https://op.example", "https://op.example/.well-known/openid-configuration"),
        ("https://op.example/", "https://op.example/.well-known/openid-configuration"),
        ("https://op.example/tenant", "https://op.example/tenant/.well-known/openid-configuration"),
    ],
)
def test_the_document_stands_below_its_issuer(issuer: str, address: str) -> None:
    assert document_address(issuer) == address


@pytest.mark.parametrize(
    "claimed",
    ["https://op.example/", "https://OP.example", "https://evil.example", None, ..., 7, ["https://op.example"]],
)
def test_another_issuer_is_refused_to_the_letter(claimed: object) -> None:
    document = {name: value for name, value in {**DOCUMENT, "issuer": claimed}.items() if value is not ...}
    found, findings = read_discovery(json.dumps(document).encode(), "document", ISSUER)
    assert found is None
    assert [each.code for each in findings] == ["discovery-issuer-mismatch"]
    assert findings[0].expected == ISSUER


def test_a_slash_at_the_end_is_named_as_what_differs() -> None:
    body = json.dumps({**DOCUMENT, "issuer": f"{ISSUER}/"}).encode()
    assert "a slash at its end" in read_discovery(body, "document", ISSUER)[1][0].message


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_an_address_that_is_needed_has_to_be_there(member: str) -> None:
    assert read(**{member: ...}) == (None, ["discovery-member-missing"])


@pytest.mark.parametrize(
    "value",
    ["/token", "", 7, ["https://op.example/token"], "https://", "ftp://op.example", "https://u:p@op.example/t",
     "https://op.example/t#x", "https://op.example:port/", "https://op.example/a b", "https://op.example/\n"],
)  # fmt: skip
def test_what_is_no_address_is_refused(value: object) -> None:
    assert read(token_endpoint=value) == (None, ["discovery-member-malformed"])


@pytest.mark.parametrize("member", ["token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"])
def test_http_will_do_on_loopback_alone(member: str) -> None:
    assert read(**{member: "http://op.example/x"}) == (None, ["discovery-address-insecure"])
    found, findings = read(**{member: "http://127.0.0.1:8080/x"})
    assert found is not None
    assert findings == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty-document"),
        (b"<html>", "malformed-json"),
        (b"[]", "json-not-an-object"),
        (b'{"issuer":"a","issuer":"b"}', "repeated-member"),
        (b'{"x":' * 50 + b"1" + b"}" * 50, "oversized-document"),
    ],
)
def test_what_is_no_strict_json_is_one_line_with_a_code(body: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_discovery(body, "openid-configuration", ISSUER)
    assert caught.value.code == code
