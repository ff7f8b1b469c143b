"""Logout requests that hide the name: opened after the signature held, and judged as if it had been readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from ssolab.core.findings import Severity
from ssolab.core.keys import Permission
from ssolab.core.xmlenc import DecryptionKey
from ssolab.core.xmltree import XENC, parse
from ssolab.saml.encryption import Encryption
from ssolab.saml.issue import seal
from ssolab.saml.logout_acceptance import Session, accept_logout_request, logout_expected_of
from ssolab.saml.subjects import NAME_ID, NameID
from tests.saml.logout_samples import AMIRA, OTHER_SESSION, SESSION, expected, idp, nothing, posted, redirected, request
from tests.saml.samples import NOW, credential, find, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.findings import Report
    from ssolab.core.xmltree import Element
    from ssolab.saml.bindings import Received

KEY = DecryptionKey.from_credential(credential("idp"))
CBC = "aes128-cbc"


def hidden(change: Callable[[Element], object] = nothing, key: str = "idp", **how: Any) -> bytes:
    """A request, unsigned, whose name only the owner of the key reads."""
    encryption = Encryption(key=trust(key), parts=("name-id",), permit=frozenset(Permission), **how)
    return seal(parse(request(change), "request"), None, encrypt=encryption)


def judge(received: Received, **changes: Any) -> Report[Any]:
    return accept_logout_request(received, expected(**({"decryption": (KEY,)} | changes)))


def errors(report: Report[Any]) -> list[str]:
    return [found.code for found in report.errors]


@pytest.mark.parametrize("carry", [posted, redirected])
def test_a_hidden_name_ends_the_session_that_a_readable_one_would(carry: Callable[..., Received]) -> None:
    xml = hidden()
    assert AMIRA.value.encode() not in xml
    report = judge(carry(xml, "SAMLRequest"))
    assert report.findings == ()
    assert report.principal is not None
    assert report.principal.sessions == (SESSION,)
    assert report.principal.request.name_id == AMIRA
    (facts,) = report.decryption
    assert facts.key == KEY.public.sha256
    assert facts.decrypted_element == "/samlp:LogoutRequest/saml:EncryptedID"


@pytest.mark.parametrize("carry", [posted, redirected])
def test_what_is_wrong_with_a_hidden_name_is_said_at_its_place(carry: Callable[..., Received]) -> None:
    def other(root: Element) -> None:
        find(root, "saml:NameID").text = "mallory@greenmoor.org"

    report = judge(carry(hidden(other), "SAMLRequest"))
    assert errors(report) == ["logout-name-unknown"]
    where = report.errors[0].where
    assert where is not None
    assert where.path == "/samlp:LogoutRequest/saml:EncryptedID/saml:NameID"
    assert report.principal is None


def test_an_interrupted_name_is_refused_though_it_was_hidden() -> None:
    def interrupt(root: Element) -> None:
        name = find(root, "saml:NameID")
        name.text = "amira"
        name.insert(0, etree.Comment("x"))
        name[0].tail = "@greenmoor.org"

    report = judge(redirected(hidden(interrupt), "SAMLRequest"))
    assert "name-id-not-whole" in errors(report)
    assert report.principal is None


def test_without_a_key_the_name_is_missing() -> None:
    assert errors(judge(posted(hidden(), "SAMLRequest"), decryption=())) == ["logout-name-missing"]


def test_with_another_key_nothing_is_opened_and_one_reason_is_given() -> None:
    report = judge(posted(hidden(key="sp"), "SAMLRequest"))
    assert errors(report) == ["decryption-failed"]
    assert report.principal is None


@pytest.mark.parametrize("key", ["other", None])
def test_nothing_is_opened_before_the_signature_held(key: str | None) -> None:
    report = judge(posted(hidden(content=CBC), "SAMLRequest", key))
    found = {each.code: each.severity for each in report.findings}
    assert found["left-encrypted"] is Severity.INFO
    assert "decryption-failed" not in found
    assert "weak-encryption" not in found
    assert report.decryption == ()
    assert report.principal is None


def test_a_cipher_without_a_seal_is_opened_under_a_signature_and_remarked() -> None:
    report = judge(posted(hidden(content=CBC), "SAMLRequest"))
    assert [each.code for each in report.findings] == ["weak-encryption"]
    assert report.accepted


def test_a_changed_ciphertext_is_refused_by_the_signature() -> None:
    root = parse(posted(hidden(), "SAMLRequest").xml, "request")
    value = list(root.iter(f"{{{XENC}}}CipherValue"))[-1]
    value.text = ("A" if (value.text or "")[:1] != "A" else "B") + (value.text or "")[1:]
    report = judge(posted(etree.tostring(root), "SAMLRequest", None))
    assert "digest-mismatch" in errors(report)
    assert report.decryption == ()


def test_a_name_beside_a_hidden_one_is_refused_and_neither_is_taken() -> None:
    root = parse(hidden(), "request")
    etree.SubElement(root, NAME_ID).text = AMIRA.value
    report = judge(redirected(etree.tostring(root), "SAMLRequest"))
    assert "logout-name-missing" in errors(report)
    assert report.principal is None


def test_a_side_opens_names_with_its_own_keys() -> None:
    settled = logout_expected_of(idp(decryption=(KEY,)), now=NOW, sessions=(SESSION,))
    assert settled.decryption == (KEY,)


# --- sessions that are known in part ---

TEXT = NameID(AMIRA.value)


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (Session(TEXT), []),
        (Session(TEXT, "_session"), []),
        (Session(AMIRA, "_session"), []),
        (Session(NameID(AMIRA.value, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")), ["logout-name-unknown"]),
        (Session(NameID("amira")), ["logout-name-unknown"]),
        (Session(NameID("")), ["logout-name-unknown"]),
        (Session(TEXT, "_gone"), ["session-index-unknown"]),
        (Session(TEXT, ""), ["session-index-unknown"]),
    ],
)
def test_what_is_not_known_of_a_session_is_not_compared(known: Session, codes: list[str]) -> None:
    report = judge(redirected(request(), "SAMLRequest"), sessions=(known,), loosely=True)
    assert errors(report) == codes
    assert (report.principal.sessions if report.principal else None) == (None if codes else (known,))


def test_sessions_that_are_known_in_part_are_exact_elsewhere() -> None:
    report = judge(redirected(request(), "SAMLRequest"), sessions=(Session(TEXT, "_session"),))
    assert errors(report) == ["logout-name-unknown"]


def test_a_difference_of_a_name_known_in_part_shows_only_what_differs() -> None:
    known = Session(NameID(AMIRA.value, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"))
    report = judge(redirected(request(), "SAMLRequest"), sessions=(known, OTHER_SESSION), loosely=False)
    assert errors(report) == ["session-index-unknown"]
    report = judge(redirected(request(), "SAMLRequest"), sessions=(known,), loosely=True)
    (found,) = report.errors
    assert found.expected == "Format urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
