"""Accepting an AuthnRequest: whom an identity provider answers, where, and every reason for which it must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from ssolab.core.findings import ConfigError, InputError, Opinion, Severity
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import parse
from ssolab.saml.bindings import Received, decode_redirect, encode_redirect
from ssolab.saml.issue import draft_request
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import POST, REDIRECT
from ssolab.saml.request_checks import CHECKS, RequestExpected, accept_request, request_expected_of
from tests.saml.samples import ACS, IDP, NOW, REQUEST, SP, SSO, asserting, credential, relying, response, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.findings import Report
    from ssolab.core.xmltree import Element

SECOND = timedelta(seconds=1)
LIFE = timedelta(minutes=5)
SKEW = timedelta(seconds=60)
SECOND_ACS = IndexedEndpoint(binding=POST, location="https://community.example/login?so=00D", index=1)


def request(change: Callable[[Element], object] = lambda _root: None) -> bytes:
    root = draft_request(relying(), now=NOW, new_id=lambda: REQUEST).element()
    change(root)
    message: bytes = etree.tostring(root)
    return message


def put(**values: str | None) -> Callable[[Element], None]:
    """Set attributes of the request; None takes one away."""

    def change(root: Element) -> None:
        for name, value in values.items():
            if value is None:
                root.attrib.pop(name)
            else:
                root.set(name, value)

    return change


def posted(xml: bytes, key: str | None = "sp", **options: Any) -> Received:
    root = parse(xml, "request")
    if key is not None:
        sign(root, credential(key), **options)
    return Received(binding=POST, kind="SAMLRequest", xml=etree.tostring(root))


def redirected(xml: bytes, key: str | None = "sp", relay_state: str | None = "/home") -> Received:
    url = encode_redirect(
        xml, location=SSO, relay_state=relay_state, credential=None if key is None else credential(key)
    )
    return decode_redirect(url.partition("?")[2])


def expected(**changes: Any) -> RequestExpected:
    settled = RequestExpected(
        now=NOW,
        trusted=(trust("sp", SP),),
        issuer=SP,
        destination=SSO,
        acs=(*asserting().acs, SECOND_ACS),
        message_life=LIFE,
        document="request.xml",
        opinions=False,
    )
    return replace(settled, **changes)


def codes(report: Report[Any], severity: Severity = Severity.ERROR) -> list[str]:
    return sorted({found.code for found in report.findings if found.severity is severity})


def moment(shift: timedelta) -> str:
    return (NOW + shift).strftime("%Y-%m-%dT%H:%M:%SZ")


def nothing(_root: Element) -> None:
    """Change nothing."""


@pytest.mark.parametrize("carry", [posted, redirected])
def test_a_valid_request_is_accepted_with_the_registered_address(carry: Callable[[bytes], Received]) -> None:
    report = accept_request(carry(request()), expected())
    assert report.findings == ()
    accepted = report.principal
    assert accepted is not None
    assert accepted.request.id == REQUEST
    assert accepted.acs == asserting().acs[0]
    assert accepted.relay_state == ("/home" if carry is redirected else None)
    assert report.signature is not None
    assert report.signature.key == trust("sp").public.sha256


@pytest.mark.parametrize(("carry", "signxml"), [(posted, Opinion.ACCEPTED), (redirected, Opinion.NOT_APPLICABLE)])
def test_second_opinions_are_heard(carry: Callable[[bytes], Received], signxml: Opinion) -> None:
    report = accept_request(carry(request()), expected(opinions=True))
    assert report.accepted
    assert report.verifiers["ssolab"] is report.verifiers["xmlsec"] is Opinion.ACCEPTED
    assert report.verifiers["signxml"] is signxml


CASES: list[tuple[str, Callable[[Element], None], dict[str, Any]]] = [
    ("version-unsupported", put(Version="1.1"), {}),
    ("message-without-id", put(ID=None), {}),
    ("issuer-missing", lambda root: root.remove(root[0]), {}),
    ("issuer-mismatch", nothing, {"issuer": SP + "/"}),
    ("issuer-not-key-holder", nothing, {"trusted": (trust("sp", "https://other.example"),)}),
    ("destination-mismatch", nothing, {"destination": SSO + "/"}),
    ("destination-mismatch", put(Destination=""), {}),
    ("invalid-instant", put(IssueInstant="yesterday"), {}),
    ("acs-not-registered", put(AssertionConsumerServiceURL=ACS.replace("?", "/?")), {}),
    ("acs-not-registered", put(AssertionConsumerServiceURL="https://attacker.test/acs"), {}),
    ("acs-not-registered", put(AssertionConsumerServiceIndex="0"), {}),
    ("acs-not-registered", put(AssertionConsumerServiceURL=None, AssertionConsumerServiceIndex="7"), {}),
    ("acs-not-registered", put(ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"), {}),
    ("acs-not-registered", put(AssertionConsumerServiceURL=None), {"acs": ()}),
    ("request-too-old", put(IssueInstant=moment(-LIFE - SKEW)), {}),
    ("request-from-the-future", put(IssueInstant=moment(SKEW + SECOND)), {}),
    (
        "request-certificate-expired",
        nothing,
        {"trusted": (trust("sp", not_after=NOW - SECOND),), "checks_expiry": True},
    ),
    ("certificate-not-yet-valid", nothing, {"trusted": (trust("sp", not_before=NOW + SECOND),), "checks_expiry": True}),
]
"""Code, change before signing, changed expectation: this and nothing else must refuse, however the request travels."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_each_case_is_refused_by_its_own_check_alone(
    case: tuple[str, Callable[[Element], None], dict[str, Any]],
) -> None:
    code, change, changes = case
    received = redirected(request(change))
    report = accept_request(received, expected(**changes))
    assert codes(report) == [code]
    assert report.principal is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_without_its_check_each_case_would_get_through(
    case: tuple[str, Callable[[Element], None], dict[str, Any]],
) -> None:
    code, change, changes = case
    if code in {"message-without-id", "invalid-instant"}:
        return  # such a request cannot be represented, and ends in an InputError
    rest = [each for each in CHECKS if each.code != code]
    assert accept_request(redirected(request(change)), expected(**changes), rest).accepted


def test_a_waived_address_gives_no_address() -> None:
    received = redirected(request(put(AssertionConsumerServiceURL="https://attacker.test/acs")))
    accepted = accept_request(received, expected(ignore=frozenset({"acs-not-registered"}))).principal
    assert accepted is not None
    assert accepted.acs is None


@pytest.mark.parametrize("carry", [posted, redirected])
def test_the_expiry_of_the_request_certificate_is_refused_only_where_it_is_enforced(
    carry: Callable[[bytes], Received],
) -> None:
    expired = (trust("sp", SP, not_after=NOW - SECOND),)
    enforced = accept_request(carry(request()), expected(trusted=expired, checks_expiry=True))
    lenient = accept_request(carry(request()), expected(trusted=expired))
    assert codes(enforced) == ["request-certificate-expired"]
    assert lenient.accepted
    assert codes(lenient, Severity.WARNING) == ["expired-certificate"]


def test_age_is_judged_at_the_exact_second() -> None:
    received = redirected(request())
    assert accept_request(received, expected(now=NOW + LIFE + SKEW - SECOND)).accepted
    assert codes(accept_request(received, expected(now=NOW + LIFE + SKEW))) == ["request-too-old"]
    assert accept_request(received, expected(now=NOW - SKEW)).accepted
    assert codes(accept_request(received, expected(now=NOW - SKEW - SECOND))) == ["request-from-the-future"]


# --- addresses ---


@pytest.mark.parametrize(
    ("change", "index"),
    [
        (put(AssertionConsumerServiceURL=SECOND_ACS.location), 1),
        (put(AssertionConsumerServiceURL=None, AssertionConsumerServiceIndex="1"), 1),
        (put(AssertionConsumerServiceURL=None), 0),
        (put(AssertionConsumerServiceURL=None, ProtocolBinding=None), 0),
    ],
)
def test_the_answer_goes_to_a_registered_address(change: Callable[[Element], None], index: int) -> None:
    accepted = accept_request(redirected(request(change)), expected()).principal
    assert accepted is not None
    assert accepted.acs is not None
    assert accepted.acs.index == index


def test_an_unregistered_address_is_refused_even_where_signatures_are_ignored() -> None:
    received = redirected(request(put(AssertionConsumerServiceURL="https://attacker.test/acs")), key=None)
    report = accept_request(received, expected(verifies=False, trusted=()))
    assert codes(report) == ["acs-not-registered"]


# --- signatures ---


@pytest.mark.parametrize("carry", [posted, redirected])
def test_an_unsigned_request_is_refused_where_a_signature_is_wanted(carry: Callable[..., Received]) -> None:
    received = carry(request(), key=None)
    report = accept_request(received, expected())
    assert codes(report) == ["signature-missing"]
    assert report.principal is None
    optional = accept_request(received, expected(want_signed=False))
    assert optional.accepted
    assert codes(optional, Severity.INFO) == ["unverified-content"]
    assert optional.signature is None


@pytest.mark.parametrize("carry", [posted, redirected])
def test_a_foreign_key_is_refused(carry: Callable[..., Received]) -> None:
    for want_signed in (True, False):
        report = accept_request(carry(request(), key="foreign"), expected(want_signed=want_signed))
        assert codes(report) == ["key-not-trusted"]
        assert report.principal is None


@pytest.mark.parametrize("carry", [posted, redirected])
@pytest.mark.parametrize("key", [None, "sp", "foreign"])
def test_a_party_that_ignores_signatures_says_so_and_accepts(carry: Callable[..., Received], key: str | None) -> None:
    report = accept_request(carry(request(), key=key), expected(verifies=False, trusted=()))
    assert report.accepted
    assert codes(report, Severity.INFO) == ["signature-not-judged"]
    assert report.verifiers == {"ssolab": Opinion.NOT_APPLICABLE}


def test_a_changed_query_is_refused() -> None:
    url = encode_redirect(request(), location=SSO, relay_state="/home", credential=credential("sp"))
    changed = decode_redirect(url.partition("?")[2].replace("%2Fhome", "%2Fother"))
    report = accept_request(changed, expected())
    assert report.principal is None
    assert len(codes(report)) == 1


def test_an_enveloped_signature_in_a_redirect_is_judged_too() -> None:
    def carried(inner: str) -> Received:
        return redirected(posted(request(), key=inner).xml)

    assert accept_request(carried("sp"), expected()).accepted
    assert codes(accept_request(carried("foreign"), expected())) == ["key-not-trusted"]


def test_an_enveloped_signature_does_not_stand_in_for_the_one_of_the_query() -> None:
    received = redirected(posted(request()).xml, key=None)
    assert codes(accept_request(received, expected())) == ["signature-missing"]


def test_a_changed_post_is_refused() -> None:
    received = posted(request())
    changed = replace(received, xml=received.xml.replace(b"so=00D5", b"so=00D6"))
    report = accept_request(changed, expected())
    assert codes(report) == ["acs-not-registered", "digest-mismatch"]


def test_certificates_are_compared_in_a_post_and_cannot_be_in_a_redirect() -> None:
    renewed = expected(trusted=(trust("sp", SP, not_after=NOW + 90 * LIFE),), match="certificate")
    post = accept_request(posted(request()), renewed)
    redirect = accept_request(redirected(request()), renewed)
    assert codes(post) == ["certificate-not-trusted"]
    assert redirect.accepted
    assert codes(redirect, Severity.INFO) == ["certificate-not-compared"]
    assert accept_request(posted(request()), expected(match="certificate")).accepted


def test_a_request_that_was_sent_as_a_response_is_refused() -> None:
    url = encode_redirect(request(), location=SSO, message="SAMLResponse", credential=credential("sp"))
    with pytest.raises(InputError, match="came as SAMLResponse"):
        accept_request(decode_redirect(url.partition("?")[2]), expected())


def test_a_wrapped_request_is_refused() -> None:
    root = parse(posted(request()).xml, "request")
    evil = parse(request(put(ID="_evil", AssertionConsumerServiceURL=SECOND_ACS.location)), "request")
    signature = root[1]
    evil.insert(1, signature)
    signature.append(root)
    received = Received(binding=POST, kind="SAMLRequest", xml=etree.tostring(evil))
    report = accept_request(received, expected())
    assert report.principal is None


# --- settings and input ---


def test_what_is_not_given_is_not_judged_and_said() -> None:
    report = accept_request(redirected(request()), expected(issuer=None, destination=None, acs=None, message_life=None))
    said = [found.message.partition(" ")[0] for found in report.findings if found.code == "not-judged"]
    assert said == ["issuer", "destination", "registered-addresses", "age"]
    assert report.principal is not None
    assert report.principal.acs is None


def test_an_empty_trust_set_is_an_error_where_signatures_are_looked_at() -> None:
    with pytest.raises(ConfigError, match="trust set is empty"):
        accept_request(redirected(request()), expected(trusted=()))


def test_an_empty_set_of_checks_is_an_error() -> None:
    with pytest.raises(ConfigError, match="set of checks is empty"):
        accept_request(redirected(request()), expected(), ())


@pytest.mark.parametrize("xml", [b"", b"junk", response(), b"<AuthnRequest/>"])
def test_what_is_no_request_is_an_input_error(xml: bytes) -> None:
    with pytest.raises(InputError, match=r"^request\.xml: "):
        accept_request(Received(binding=POST, kind="SAMLRequest", xml=xml), expected())


def test_the_settings_of_a_party_become_its_expectation() -> None:
    for changes, accepted in (
        ({}, True),
        ({"trusted": (trust("other", SP),)}, False),
        ({"trusted": (trust("other", SP),), "verifies": False}, True),
        ({"relying": "https://other.example"}, False),
    ):
        party = asserting(**changes)
        report = accept_request(redirected(request()), request_expected_of(party, now=NOW, opinions=False))
        assert report.accepted is accepted
    assert request_expected_of(asserting(), now=NOW).issuer == SP
    assert asserting().entity_id == IDP
    assert {each.binding for each in asserting().sso} == {REDIRECT, POST}


def test_a_clock_that_knows_no_end_does_not_overflow() -> None:
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=NOW.tzinfo)
    assert "request-too-old" in codes(accept_request(redirected(request()), expected(now=far)))
