"""Accepting the messages of single logout: which sessions end, and every reason for which none does."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from ssolab.core.findings import ConfigError, InputError, Opinion, Severity
from ssolab.core.keys import Permission
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import SAML, SAMLP, parse
from ssolab.saml.bindings import Received, decode_redirect, encode_redirect
from ssolab.saml.issue import seal
from ssolab.saml.logout_acceptance import (
    REQUEST_CHECKS,
    RESPONSE_CHECKS,
    Session,
    accept_logout_request,
    accept_logout_response,
    logout_expected_of,
    logout_response_expected_of,
)
from ssolab.saml.logout_issue import draft_logout_request
from ssolab.saml.messages import NameID
from ssolab.saml.names import PARTIAL_LOGOUT, PERSISTENT, POST, RESPONDER, UNKNOWN_PRINCIPAL, UNSPECIFIED
from tests.saml.logout_samples import (
    AMIRA,
    ASKED,
    IDP_SLO,
    OTHER_SESSION,
    SESSION,
    SESSIONS,
    SP_SLO,
    STRANGER,
    answer,
    answer_expected,
    expected,
    idp,
    nothing,
    posted,
    redirected,
    request,
    sp,
)
from tests.saml.samples import IDP, NOW, SP, credential, find, response, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.findings import Report
    from ssolab.core.xmltree import Element
    from ssolab.saml.bindings import MessageName
    from ssolab.saml.logout_acceptance import LogoutExpected, LogoutResponseExpected

    Change = Callable[[Element], object]
    Carry = Callable[..., Received]

SECOND = timedelta(seconds=1)
LIFE = timedelta(minutes=5)
SKEW = timedelta(seconds=60)
ENCRYPTED = f"{{{SAML}}}EncryptedID"
INDEX = f"{{{SAMLP}}}SessionIndex"
CODE = f"{{{SAMLP}}}StatusCode"
REQUEST: MessageName = "SAMLRequest"
RESPONSE: MessageName = "SAMLResponse"


def codes(report: Report[Any], severity: Severity = Severity.ERROR) -> list[str]:
    return sorted({found.code for found in report.findings if found.severity is severity and not found.waived})


def moment(shift: timedelta) -> str:
    return (NOW + shift).strftime("%Y-%m-%dT%H:%M:%SZ")


def put(**values: str | None) -> Change:
    """Set attributes of the message; None takes one away."""

    def change(root: Element) -> None:
        for name, value in values.items():
            if value is None:
                root.attrib.pop(name)
            else:
                root.set(name, value)

    return change


def name(text: str | None = None, **values: str | None) -> Change:
    """Change the NameID."""

    def change(root: Element) -> None:
        element = find(root, "saml:NameID")
        if text is not None:
            element.text = text
        put(**values)(element)

    return change


def sessions(*indexes: str) -> Change:
    """Name these sessions and no other."""

    def change(root: Element) -> None:
        for each in list(root.iterchildren(INDEX)):
            root.remove(each)
        for index in indexes:
            etree.SubElement(root, INDEX).text = index

    return change


def without(path: str) -> Change:
    return lambda root: root.remove(find(root, path))


def doubled(path: str) -> Change:
    def change(root: Element) -> None:
        one = find(root, path)
        one.addnext(copy.deepcopy(one))

    return change


def status(*said: str) -> Change:
    """Say these status codes, outermost first."""

    def change(root: Element) -> None:
        inside = find(root, "samlp:Status")
        for each in list(inside):
            inside.remove(each)
        for code in said:
            inside = etree.SubElement(inside, CODE, Value=code)

    return change


def named_in_two_ways(root: Element) -> None:
    root.append(etree.Element(ENCRYPTED))


def without_a_code(root: Element) -> None:
    status()(root)


def judge_request(received: Received, *checks: Any, **changes: Any) -> Report[Any]:
    return accept_logout_request(received, expected(**changes), *checks)


def judge_answer(received: Received, *checks: Any, **changes: Any) -> Report[Any]:
    return accept_logout_response(received, answer_expected(**changes), *checks)


@pytest.mark.parametrize("carry", [posted, redirected])
def test_a_valid_request_says_which_sessions_end(carry: Carry) -> None:
    report = judge_request(carry(request(), REQUEST))
    assert report.findings == ()
    accepted = report.principal
    assert accepted is not None
    assert accepted.request.id == ASKED
    assert accepted.sessions == (SESSION,)
    assert accepted.relay_state == ("/bye" if carry is redirected else None)
    assert report.signature is not None
    assert report.signature.key == trust("sp").public.sha256


@pytest.mark.parametrize("carry", [posted, redirected])
def test_a_valid_answer_is_believed(carry: Carry) -> None:
    report = judge_answer(carry(answer(), RESPONSE))
    assert report.findings == ()
    accepted = report.principal
    assert accepted is not None
    assert accepted.response.in_response_to == ASKED
    assert accepted.response.status.success
    assert accepted.relay_state == ("/bye" if carry is redirected else None)


@pytest.mark.parametrize(("carry", "signxml"), [(posted, Opinion.ACCEPTED), (redirected, Opinion.NOT_APPLICABLE)])
def test_second_opinions_are_heard(carry: Carry, signxml: Opinion) -> None:
    for report in (
        judge_request(carry(request(), REQUEST), opinions=True),
        judge_answer(carry(answer(), RESPONSE), opinions=True),
    ):
        assert report.accepted
        assert report.verifiers["ssolab"] is report.verifiers["xmlsec"] is Opinion.ACCEPTED
        assert report.verifiers["signxml"] is signxml


# --- every check alone ---

COMMON: list[tuple[str, Change, dict[str, Any]]] = [
    ("version-unsupported", put(Version="1.1"), {}),
    ("message-without-id", put(ID=None), {}),
    ("issuer-missing", without("saml:Issuer"), {}),
    ("issuer-mismatch", nothing, {"issuer": "https://other.example"}),
    ("destination-mismatch", nothing, {"destination": "https://other.example/slo"}),
    ("destination-mismatch", put(Destination=""), {}),
    ("invalid-instant", put(IssueInstant="yesterday"), {}),
    ("element-repeated", doubled("saml:Issuer"), {}),
    ("logout-message-too-old", put(IssueInstant=moment(-LIFE - SKEW)), {}),
]

REQUEST_CASES: list[tuple[str, Change, dict[str, Any]]] = [
    *COMMON,
    ("issuer-not-key-holder", nothing, {"trusted": (trust("sp", "https://other.example"),)}),
    ("expired-certificate", nothing, {"trusted": (trust("sp", not_after=NOW - SECOND),), "checks_expiry": True}),
    ("certificate-not-yet-valid", nothing, {"trusted": (trust("sp", not_before=NOW + SECOND),), "checks_expiry": True}),
    ("logout-request-expired", put(NotOnOrAfter=moment(-SKEW)), {}),
    ("logout-name-missing", without("saml:NameID"), {}),
    ("logout-name-missing", named_in_two_ways, {}),
    ("logout-name-missing", name(" "), {"sessions": (replace(SESSION, name_id=replace(AMIRA, value=" ")),)}),
    ("logout-name-unknown", name("mallory@greenmoor.org"), {}),
    ("logout-name-unknown", name("Amira@greenmoor.org"), {}),
    ("logout-name-unknown", name(Format=PERSISTENT), {}),
    ("logout-name-unknown", name(Format=None), {}),
    ("logout-name-unknown", name(NameQualifier="https://idp.other.example"), {}),
    ("logout-name-unknown", name(SPNameQualifier=None), {}),
    ("logout-name-unknown", name(SPProvidedID="42"), {}),
    ("logout-name-unknown", nothing, {"sessions": (STRANGER,)}),
    ("logout-name-unknown", nothing, {"sessions": ()}),
    ("session-index-unknown", sessions("_other"), {}),
    ("session-index-unknown", sessions("_bens"), {}),
    ("session-index-unknown", sessions(""), {}),
]
"""Code, change before signing, changed expectation: this and nothing else must refuse, however the request travels."""

RESPONSE_CASES: list[tuple[str, Change, dict[str, Any]]] = [
    *COMMON,
    ("issuer-not-key-holder", nothing, {"trusted": (trust("idp", "https://other.example"),)}),
    ("expired-certificate", nothing, {"trusted": (trust("idp", not_after=NOW - SECOND),), "checks_expiry": True}),
    ("logout-unasked", nothing, {"in_response_to": {"_another"}}),
    ("logout-unasked", nothing, {"in_response_to": ASKED + "_longer"}),
    ("logout-unasked", nothing, {"in_response_to": ()}),
    ("logout-unasked", put(InResponseTo=None), {}),
    ("logout-refused", status(RESPONDER, UNKNOWN_PRINCIPAL), {}),
    ("logout-refused", without_a_code, {}),
]

UNREADABLE = {"message-without-id", "invalid-instant", "element-repeated", named_in_two_ways, without_a_code}
"""Codes and changes of messages that cannot be represented: without its check such a one ends in an InputError."""


def named(case: tuple[str, Change, dict[str, Any]]) -> str:
    return case[0]


@pytest.mark.parametrize("carry", [posted, redirected])
@pytest.mark.parametrize("case", REQUEST_CASES, ids=named)
def test_each_bad_request_is_refused_by_its_own_check_alone(
    case: tuple[str, Change, dict[str, Any]], carry: Carry
) -> None:
    code, change, changes = case
    if code == "message-without-id" and carry is posted:
        return  # nothing without an ID can be signed inside
    report = judge_request(carry(request(change), REQUEST), **changes)
    assert codes(report) == [code]
    assert report.principal is None


@pytest.mark.parametrize("case", REQUEST_CASES, ids=named)
def test_without_its_check_each_bad_request_would_get_through(case: tuple[str, Change, dict[str, Any]]) -> None:
    code, change, changes = case
    rest = [each for each in REQUEST_CHECKS if each.code != code]
    received = redirected(request(change), REQUEST)
    try:
        assert judge_request(received, rest, **changes).accepted
    except InputError:
        assert {code, change} & UNREADABLE


@pytest.mark.parametrize("carry", [posted, redirected])
@pytest.mark.parametrize("case", RESPONSE_CASES, ids=named)
def test_each_bad_answer_is_refused_by_its_own_check_alone(
    case: tuple[str, Change, dict[str, Any]], carry: Carry
) -> None:
    code, change, changes = case
    if code == "message-without-id" and carry is posted:
        return  # nothing without an ID can be signed inside
    report = judge_answer(carry(answer(change), RESPONSE), **changes)
    assert codes(report) == [code]
    assert report.principal is None


@pytest.mark.parametrize("case", RESPONSE_CASES, ids=named)
def test_without_its_check_each_bad_answer_would_get_through(case: tuple[str, Change, dict[str, Any]]) -> None:
    code, change, changes = case
    rest = [each for each in RESPONSE_CHECKS if each.code != code]
    received = redirected(answer(change), RESPONSE)
    try:
        assert judge_answer(received, rest, **changes).accepted
    except InputError:
        assert {code, change} & UNREADABLE


def test_an_interrupted_name_is_refused_though_the_whole_of_it_is_known() -> None:
    def interrupt(root: Element) -> None:
        element = find(root, "saml:NameID")
        element.text = "amira"
        element.insert(0, etree.Comment("x"))
        element[0].tail = "@greenmoor.org"

    for carry in (posted, redirected):
        assert codes(judge_request(carry(request(interrupt), REQUEST))) == ["name-id-not-whole"]


# --- which sessions end ---


@pytest.mark.parametrize(
    ("change", "ending", "warned"),
    [
        (nothing, (SESSION,), []),
        (sessions(), (SESSION, OTHER_SESSION), []),
        (sessions("_session", "_phone"), (SESSION, OTHER_SESSION), []),
        (sessions("_gone", "_phone"), (OTHER_SESSION,), ["session-index-unknown"]),
        (sessions("_phone", "_bens"), (OTHER_SESSION,), ["session-index-unknown"]),
    ],
)
def test_only_sessions_of_that_name_and_index_end(
    change: Change, ending: tuple[Session, ...], warned: list[str]
) -> None:
    report = judge_request(redirected(request(change), REQUEST))
    assert report.principal is not None
    assert report.principal.sessions == ending
    assert codes(report, Severity.WARNING) == warned


def test_a_format_that_is_left_out_means_unspecified() -> None:
    bare = {"NameQualifier": None, "SPNameQualifier": None}
    for held, written in ((UNSPECIFIED, None), (None, UNSPECIFIED)):
        session = Session(NameID("amira@greenmoor.org", held), "_session")
        report = judge_request(redirected(request(name(Format=written, **bare)), REQUEST), sessions=(session,))
        assert report.accepted, report.findings


def test_a_partial_match_says_what_differs() -> None:
    changed = request(name(Format=PERSISTENT, SPNameQualifier=None))
    (found,) = judge_request(redirected(changed, REQUEST)).errors
    assert "not with this format and these qualifiers" in found.message
    assert found.expected == f"Format {AMIRA.format}, SPNameQualifier {SP}"
    assert found.observed == f"Format {PERSISTENT}, no SPNameQualifier"


def test_moments_are_judged_at_the_exact_second() -> None:
    received = redirected(request(put(NotOnOrAfter=moment(LIFE))), REQUEST)
    last = NOW + LIFE + SKEW - SECOND
    assert judge_request(received, now=last).accepted
    refused = judge_request(received, now=last + SECOND)
    assert codes(refused) == ["logout-message-too-old", "logout-request-expired"]
    endless = redirected(request(put(NotOnOrAfter=None)), REQUEST)
    assert judge_request(endless, now=last).accepted
    assert codes(judge_request(endless, now=last + SECOND)) == ["logout-message-too-old"]
    assert judge_request(received, now=NOW - SKEW).accepted


def test_a_partial_logout_is_believed_and_remarked() -> None:
    report = judge_answer(
        posted(answer(status("urn:oasis:names:tc:SAML:2.0:status:Success", PARTIAL_LOGOUT)), RESPONSE)
    )
    assert report.accepted
    assert codes(report, Severity.WARNING) == ["logout-partial"]


def test_a_refusal_of_the_partner_shows_its_codes_and_its_words() -> None:
    def refuse(root: Element) -> None:
        status(RESPONDER, UNKNOWN_PRINCIPAL)(root)
        etree.SubElement(find(root, "samlp:Status"), f"{{{SAMLP}}}StatusMessage").text = "no such <person>"

    (found,) = judge_answer(posted(answer(refuse), RESPONSE)).errors
    assert found.observed == f"{RESPONDER} > {UNKNOWN_PRINCIPAL} 'no such <person>'"


# --- signatures ---


@pytest.mark.parametrize("carry", [posted, redirected])
def test_what_nobody_signed_is_refused(carry: Carry) -> None:
    for report in (
        judge_request(carry(request(), REQUEST, key=None)),
        judge_answer(carry(answer(), RESPONSE, key=None)),
    ):
        assert codes(report) == ["signature-missing"]
        assert codes(report, Severity.INFO) == ["unverified-content"]
        assert (report.principal, report.signature) == (None, None)
        assert report.verifiers == {"ssolab": Opinion.REFUSED}


@pytest.mark.parametrize("carry", [posted, redirected])
def test_a_foreign_key_is_refused(carry: Carry) -> None:
    assert codes(judge_request(carry(request(), REQUEST, key="foreign"))) == ["key-not-trusted"]
    assert codes(judge_answer(carry(answer(), RESPONSE, key="foreign"))) == ["key-not-trusted"]


def test_an_enveloped_signature_does_not_stand_in_for_the_one_of_the_query() -> None:
    inside = posted(request(), REQUEST).xml
    assert codes(judge_request(redirected(inside, REQUEST, key=None))) == ["signature-missing"]
    assert judge_request(redirected(inside, REQUEST)).accepted
    foreign = posted(request(), REQUEST, key="foreign").xml
    assert codes(judge_request(redirected(foreign, REQUEST))) == ["key-not-trusted"]


def test_a_changed_message_is_refused() -> None:
    received = posted(request(), REQUEST)
    changed = replace(received, xml=received.xml.replace(b"amira@", b"mallory@"))
    assert codes(judge_request(changed)) == ["digest-mismatch", "logout-name-unknown"]
    url = encode_redirect(request(), location=IDP_SLO, relay_state="/a", credential=credential("sp"))
    assert not judge_request(decode_redirect(url.partition("?")[2].replace("%2Fa", "%2Fb"))).accepted


@pytest.mark.parametrize("place", ["child", "extensions", "name"])
def test_a_signed_assertion_inside_an_unsigned_logout_request_signs_nothing(place: str) -> None:
    assertion = find(parse(response(), "response"), "saml:Assertion")
    forged = parse(request(), "request")
    parent = {
        "child": forged,
        "extensions": etree.SubElement(forged, f"{{{SAMLP}}}Extensions"),
        "name": find(forged, "saml:NameID"),
    }[place]
    parent.append(assertion)
    received = Received(binding=POST, kind=REQUEST, xml=etree.tostring(forged))
    report = judge_request(received, trusted=(trust("sp", SP), trust("idp", SP)))
    assert report.principal is None
    assert {"signature-missing", "stray-signature"} <= set(codes(report))
    if place == "child":
        assert "element-unexpected" in codes(report)


def test_an_assertion_inside_a_signed_request_is_refused_too() -> None:
    assertion = find(parse(response(sign_as="none"), "response"), "saml:Assertion")
    received = posted(request(lambda root: root.append(assertion)), REQUEST)
    assert codes(judge_request(received)) == ["element-unexpected"]


def test_the_signature_of_an_assertion_moved_to_the_request_is_refused() -> None:
    forged = parse(request(), "request")
    forged.insert(1, find(parse(response(), "response"), "saml:Assertion/{*}Signature"))
    report = judge_request(
        Received(binding=POST, kind=REQUEST, xml=etree.tostring(forged)), trusted=(trust("idp", SP),)
    )
    assert report.principal is None
    assert report.errors


def test_a_wrapped_request_is_refused() -> None:
    for message, kind, judge in ((request, REQUEST, judge_request), (answer, RESPONSE, judge_answer)):
        signed = parse(posted(message(), kind).xml, "message")
        evil = parse(message(put(ID="_evil")), "message")
        signature = signed[1]
        evil.insert(1, signature)
        signature.append(signed)
        report = judge(Received(binding=POST, kind=kind, xml=etree.tostring(evil)))
        assert report.principal is None


def test_sha1_needs_its_permission() -> None:
    def carried(carry: Carry) -> Received:
        if carry is posted:
            return posted(request(), REQUEST, hash="sha1")
        url = encode_redirect(request(), location=IDP_SLO, credential=credential("sp"), hash="sha1")
        return decode_redirect(url.partition("?")[2])

    for carry in (posted, redirected):
        assert not judge_request(carried(carry)).accepted
        permitted = judge_request(carried(carry), permit=frozenset({Permission.SHA1}))
        assert permitted.accepted
        assert codes(permitted, Severity.WARNING)


def test_certificates_are_compared_in_a_post_and_cannot_be_in_a_redirect() -> None:
    renewed = {"trusted": (trust("sp", SP, not_after=NOW + 90 * LIFE),), "match": "certificate"}
    assert codes(judge_request(posted(request(), REQUEST), **renewed)) == ["certificate-not-trusted"]
    redirect = judge_request(redirected(request(), REQUEST), **renewed)
    assert redirect.accepted
    assert codes(redirect, Severity.INFO) == ["certificate-not-compared"]


# --- settings and input ---


def test_what_is_not_given_is_not_judged_and_said() -> None:
    open_ = {"issuer": None, "destination": None, "message_life": None}
    asked = judge_request(redirected(request(), REQUEST), sessions=None, **open_)
    answered = judge_answer(redirected(answer(), RESPONSE), in_response_to=None, **open_)
    for report, names in (
        (asked, ["issuer", "destination", "sessions", "age"]),
        (answered, ["issuer", "destination", "in-response-to", "age"]),
    ):
        assert [each.message.partition(" ")[0] for each in report.findings if each.code == "not-judged"] == names
        assert report.accepted
    assert asked.principal is not None
    assert asked.principal.sessions is None


def test_a_waived_name_ends_no_session() -> None:
    received = redirected(request(without("saml:NameID")), REQUEST)
    report = judge_request(received, ignore=frozenset({"logout-name-missing"}))
    assert report.principal is not None
    assert report.principal.sessions == ()
    assert report.principal.request.name_id is None


@pytest.mark.parametrize("code", ["signature-missing", "element-unexpected", "stray-signature"])
def test_shape_and_signature_cannot_be_waived(code: str) -> None:
    with pytest.raises(ConfigError, match="no check that can be ignored"):
        judge_request(redirected(request(), REQUEST), ignore=frozenset({code}))


def test_trust_and_checks_must_not_be_empty() -> None:
    with pytest.raises(ConfigError, match="trust set is empty"):
        judge_request(redirected(request(), REQUEST), trusted=())
    with pytest.raises(ConfigError, match="set of checks is empty"):
        judge_answer(redirected(answer(), RESPONSE), ())


def test_each_message_has_its_own_parameter() -> None:
    with pytest.raises(InputError, match="LogoutRequest came as SAMLResponse"):
        judge_request(redirected(request(), RESPONSE, key="sp"))
    with pytest.raises(InputError, match="LogoutResponse came as SAMLRequest"):
        judge_answer(redirected(answer(), REQUEST, key="idp"))


@pytest.mark.parametrize("xml", [b"", b"junk", b"<LogoutRequest/>", response(), answer(), b"<a>" * 5000])
def test_what_is_no_logout_request_is_an_input_error(xml: bytes) -> None:
    with pytest.raises(InputError, match=r"^logout\.xml: "):
        judge_request(Received(binding=POST, kind=REQUEST, xml=xml))
    if xml != answer():
        with pytest.raises(InputError, match=r"^answer\.xml: "):
            judge_answer(Received(binding=POST, kind=RESPONSE, xml=xml))


def test_a_document_type_is_refused_before_anything_is_read() -> None:
    xml = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + request()
    with pytest.raises(InputError, match=r"^logout\.xml: "):
        judge_request(Received(binding=POST, kind=REQUEST, xml=xml))


def test_thousands_of_names_and_indexes_come_back_in_a_short_report() -> None:
    def crowd(root: Element) -> None:
        for number in range(3000):
            etree.SubElement(root, INDEX).text = f"_{number}"
            etree.SubElement(root, ENCRYPTED)

    report = judge_request(redirected(request(crowd), REQUEST))
    assert report.principal is None
    assert codes(report) == ["logout-name-missing"]
    assert len(report.findings) < 50
    assert sum(len(found.observed or "") for found in report.findings) < 5000


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_the_ends_of_time_do_not_overflow(end: str) -> None:
    received = redirected(request(put(NotOnOrAfter=end)), REQUEST)
    assert judge_request(received).accepted is end.startswith("9999")
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=NOW.tzinfo)
    assert "logout-message-too-old" in codes(judge_request(received, now=far))


def test_the_settings_of_either_side_become_its_expectation() -> None:
    asked = redirected(request(), REQUEST)
    for party, accepted in (
        (idp(), True),
        (idp(verifies=False), True),
        (idp(trusted=(trust("other", SP),)), False),
        (idp(trusted=(trust("other", SP),), verifies=False), False),
        (idp(relying="https://other.example"), False),
    ):
        set_up: LogoutExpected = logout_expected_of(party, now=NOW, sessions=SESSIONS, opinions=False)
        assert accept_logout_request(asked, set_up).accepted is accepted
    waiting: LogoutResponseExpected = logout_response_expected_of(sp(), now=NOW, pending={ASKED}, opinions=False)
    assert accept_logout_response(posted(answer(), RESPONSE), waiting).accepted
    assert waiting.destinations == (SP_SLO,)
    assert waiting.issuer == IDP


def test_either_side_may_ask_the_other() -> None:
    made = draft_logout_request(idp(), now=NOW, new_id=lambda: "_1", name_id=AMIRA)
    received = Received(binding=POST, kind=REQUEST, xml=seal(made, credential("idp")))
    report = accept_logout_request(received, logout_expected_of(sp(), now=NOW, sessions=SESSIONS, opinions=False))
    assert report.principal is not None
    assert report.principal.sessions == (SESSION, OTHER_SESSION)


def test_a_signature_inside_a_request_covers_the_session_index() -> None:
    root = parse(posted(request(), REQUEST).xml, "message")
    find(root, "samlp:SessionIndex").text = "_phone"
    report = judge_request(Received(binding=POST, kind=REQUEST, xml=etree.tostring(root)))
    assert codes(report) == ["digest-mismatch"]
    sign_again = parse(request(sessions("_phone")), "message")
    sign(sign_again, credential("sp"))
    assert judge_request(Received(binding=POST, kind=REQUEST, xml=etree.tostring(sign_again))).accepted
