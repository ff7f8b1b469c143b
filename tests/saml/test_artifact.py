"""Artifacts and their two messages: what is carried, what is asked, what is given out, and what is believed of it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree

from ssolab.core.findings import ConfigError, InputError, Opinion, Severity
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import DS, SAML, SAMLP, canonical, parse, serialise
from ssolab.saml.artifact import (
    Artifact,
    ArtifactResolve,
    ArtifactResponse,
    decode_artifact,
    embedded_in,
    encode_artifact,
)
from ssolab.saml.artifact_issue import draft_artifact_response, draft_resolve, seal_artifact_message
from ssolab.saml.artifact_resolve import (
    RESOLVE_CHECKS,
    Held,
    ResolveExpected,
    accept_resolve,
    resolve_expected_of,
    status_of,
)
from ssolab.saml.artifact_response import (
    RESOLUTION_CHECKS,
    ResolutionExpected,
    accept_artifact_response,
    answer_in,
    is_artifact_response,
    resolution_expected_of,
)
from ssolab.saml.messages import Status
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import ENTITY, REQUEST_DENIED, REQUESTER, SOAP, SUCCESS
from ssolab.saml.soap import wrap
from ssolab.saml.subjects import NameID
from ssolab.web.memory import Artifacts, Seen
from tests.saml.samples import IDP, NOW, SP, asserting, credential, draft, find, relying, response, trust
from tests.saml.samples import expected as login_expected

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.findings import Report
    from ssolab.core.xmltree import Element
    from ssolab.saml.checks import Principal

WHERE = "https://idp.example.org/artifact"
HANDLE = bytes(range(20))
ARTIFACT = Artifact.of(IDP, HANDLE, endpoint_index=3)
LIFE = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
AMIRA = "amira@greenmoor.org"


def codes(report: Report[Any], severity: Severity = Severity.ERROR) -> list[str]:
    return sorted({found.code for found in report.findings if found.severity is severity})


# --- the artifact ---


def test_an_artifact_is_type_index_source_and_handle() -> None:
    octets = base64.b64decode(ARTIFACT.text)
    assert octets == b"\x00\x04\x00\x03" + hashlib.sha1(IDP.encode(), usedforsecurity=False).digest() + HANDLE
    assert Artifact.read(ARTIFACT.text) == ARTIFACT
    assert ARTIFACT.is_of(IDP)
    assert not ARTIFACT.is_of(IDP + "/")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "not base64"),
        ("*", "not base64"),
        ("A" * 4_000, "not base64"),
        (ARTIFACT.text[:-4], "has 42 octets, not 44"),
        (base64.b64encode(base64.b64decode(ARTIFACT.text) + b"x").decode(), "has 45 octets, not 44"),
        (base64.b64encode(b"\x00\x01" + bytes(42)).decode(), "of type 0x0001"),
        (base64.b64encode(b"\x00").decode(), "of type 0x00"),
    ],
)
def test_what_is_no_artifact_is_refused_in_one_line(written: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        Artifact.read(written, "the artifact")
    assert says in caught.value.problem
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("handle", "index"), [(HANDLE[1:], 0), (HANDLE + b"x", 0), (HANDLE, -1), (HANDLE, 65_536)])
def test_an_artifact_is_not_made_of_what_does_not_fit(handle: bytes, index: int) -> None:
    with pytest.raises(InputError, match="20 octets"):
        Artifact.of(IDP, handle, endpoint_index=index)


@pytest.mark.parametrize("location", ["https://sp.example/acs", "https://sp.example/acs?so=00D"])
def test_an_address_carries_the_artifact_with_its_relay_state(location: str) -> None:
    plus = Artifact.of(IDP, b"\xff" * 20)  # base64 with plus signs or slashes
    url = encode_artifact(plus, location=location, relay_state="/a?b=c&d=é")
    assert url.startswith(location)
    carried = decode_artifact(parse_qsl(urlsplit(url).query, strict_parsing=True))
    assert (carried.artifact, carried.relay_state) == (plus.text, "/a?b=c&d=é")
    assert decode_artifact([("SAMLart", plus.text)]).relay_state is None


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ([], "there is no SAMLart"),
        ([("SAMLart", "")], "there is no SAMLart"),
        ([("SAMLart", "A"), ("SAMLart", "A")], "SAMLart stands there more than once"),
        ([("SAMLart", "A"), ("RelayState", "x"), ("RelayState", "y")], "RelayState stands there more than once"),
        ([("SAMLart", "A"), ("SAMLResponse", "B")], "SAMLart and SAMLResponse stand side by side"),
        ([("SAMLRequest", "B"), ("SAMLart", "A")], "SAMLart and SAMLRequest stand side by side"),
        ([("SAMLart", "AA Q=")], "escaped as %2B"),
    ],
)
def test_what_carries_no_single_artifact_is_refused(pairs: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(InputError) as caught:
        decode_artifact(pairs, "the address")
    assert says in str(caught.value)


# --- the messages ---

FULL_RESOLVE = ArtifactResolve(
    id="_r", issue_instant=NOW, artifact=ARTIFACT.text, destination=WHERE, consent="urn:c", issuer=NameID(SP, ENTITY)
)
FULL_RESPONSE = ArtifactResponse(
    id="_a",
    issue_instant=NOW,
    status=Status(codes=(SUCCESS,), message="here & there"),
    destination=WHERE,
    in_response_to="_r",
    consent="urn:c",
    issuer=NameID(IDP),
)


@pytest.mark.parametrize("message", [FULL_RESOLVE, replace(FULL_RESOLVE, destination=None, consent=None, issuer=None)])
def test_a_resolve_survives_writing_and_reading(message: ArtifactResolve) -> None:
    assert ArtifactResolve.read(parse(message.write(), "resolve")) == message


@pytest.mark.parametrize(
    "message", [FULL_RESPONSE, replace(FULL_RESPONSE, destination=None, consent=None, issuer=None)]
)
def test_an_empty_answer_survives_writing_and_reading(message: ArtifactResponse) -> None:
    assert ArtifactResponse.read(parse(message.write(), "answer")) == message


STRANGE = (
    f'<p:Response xmlns:p="{SAMLP}" xmlns:samlp="urn:elsewhere" ID="_x"><Issuer xmlns="{SAML}">i</Issuer>'
    '<samlp:x t="xs:string" xmlns:xs="http://www.w3.org/2001/XMLSchema"/></p:Response>'
).encode()


@pytest.mark.parametrize("inner", [STRANGE, response(), response(sign_as="both")])
def test_the_message_inside_stays_what_it_was(inner: bytes) -> None:
    written = replace(FULL_RESPONSE, message=inner).write()
    assert inner in written
    read = ArtifactResponse.read(parse(written, "answer")).message
    assert read is not None
    assert etree.tostring(parse(read, "r"), method="c14n", exclusive=True) == etree.tostring(
        parse(inner, "i"), method="c14n", exclusive=True
    )
    again = replace(FULL_RESPONSE, message=read)
    assert ArtifactResponse.read(parse(again.write(), "answer")).message == read


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"<a/>", "stands where samlp:ArtifactRes"),
        (FULL_RESOLVE.write().replace(b' ID="_r"', b""), "has no ID"),
        (FULL_RESOLVE.write().replace(b"samlp:Artifact>", b"samlp:Art>"), "has no samlp:Artifact"),
        (FULL_RESPONSE.write().replace(b"samlp:Status>", b"samlp:Stat>"), "has no samlp:Status"),
        (replace(FULL_RESPONSE, message=b"<a/><b/>").write(), "more than one message"),
    ],
)
def test_an_incomplete_message_is_refused_in_one_line(message: bytes, says: str) -> None:
    root = parse(message, "message")
    reader: Any = ArtifactResolve if "Resolve" in str(root.tag) else ArtifactResponse
    with pytest.raises(InputError, match=says) as caught:
        reader.read(root, "message")
    assert "\n" not in str(caught.value)


# --- the identity provider's side ---


def question(
    change: Callable[[Element], object] = lambda _root: None, *, key: str | None = "sp", artifact: Artifact = ARTIFACT
) -> bytes:
    made = draft_resolve(relying(), artifact, location=WHERE, now=NOW, new_id=lambda: "_resolve")
    root = parse(made.write(), "question")
    change(root)
    if key is not None:
        sign(root, credential(key))
    return serialise(root)


def kept(**changes: Any) -> Artifacts:
    memory = Artifacts()
    held = Held(message=response(), requester=SP, until=NOW + LIFE)
    memory.keep(ARTIFACT.text, replace(held, **changes))
    return memory


def wanted(**changes: Any) -> ResolveExpected:
    settled = ResolveExpected(
        now=NOW,
        trusted=(trust("sp", SP),),
        issuer=SP,
        destination=WHERE,
        message_life=LIFE,
        memory=kept(),
        entity_id=IDP,
        document="question.xml",
        opinions=False,
    )
    return replace(settled, **changes)


def test_the_partner_gets_its_message_once() -> None:
    expected = wanted()
    report = accept_resolve(question(), expected)
    assert report.findings == ()
    assert report.principal is not None
    assert report.principal.message == response()
    assert report.principal.resolve.id == "_resolve"
    assert report.signature is not None
    assert report.signature.key == trust("sp").public.sha256
    assert status_of(report) == Status()

    second = accept_resolve(question(), expected)
    assert codes(second) == ["artifact-used-before"]
    assert second.principal is None
    assert status_of(second) == Status()


def test_second_opinions_are_heard_on_a_resolve() -> None:
    report = accept_resolve(question(), wanted(opinions=True))
    assert report.accepted
    assert report.verifiers["signxml"] is report.verifiers["xmlsec"] is Opinion.ACCEPTED


def put(**values: str) -> Callable[[Element], None]:
    """Set attributes of the message."""

    def change(root: Element) -> None:
        for name, value in values.items():
            root.set(name, value)

    return change


def retext(path: str, text: str) -> Callable[[Element], None]:
    def change(root: Element) -> None:
        find(root, path).text = text

    return change


def double(root: Element) -> None:
    root.append(parse(serialise(find(root, "samlp:Artifact")), "artifact"))


OTHERS = Artifact.of("https://other.example", HANDLE)
EMPTY: list[tuple[str, bytes, dict[str, Any]]] = [
    ("artifact-unreadable", question(retext("samlp:Artifact", "AAQ=")), {}),
    ("artifact-unreadable", question(double), {}),
    ("artifact-of-another-issuer", question(artifact=OTHERS), {}),
    ("artifact-unknown", question(artifact=Artifact.of(IDP, bytes(20))), {}),
    ("artifact-unknown", question(), {"memory": Artifacts()}),
    ("artifact-used-before", question(), {"memory": kept(message=None)}),
    ("artifact-of-another-party", question(), {"memory": kept(requester="https://other.example")}),
    ("artifact-expired", question(), {"memory": kept(until=NOW)}),
]
DENIED: list[tuple[str, bytes, dict[str, Any]]] = [
    ("signature-missing", question(key=None), {}),
    ("key-not-trusted", question(key="other"), {}),
    ("issuer-mismatch", question(), {"issuer": "https://other.example"}),
    ("issuer-not-key-holder", question(), {"trusted": (trust("sp", "https://other.example"),)}),
    ("destination-mismatch", question(put(Destination="https://idp.example.org/sso")), {}),
    ("request-too-old", question(), {"now": NOW + LIFE + timedelta(seconds=60), "memory": kept(until=NOW + 2 * LIFE)}),
    ("request-from-the-future", question(), {"now": NOW - timedelta(seconds=61)}),
    ("version-unsupported", question(put(Version="1.1")), {}),
]


@pytest.mark.parametrize(("code", "message", "changes"), EMPTY)
def test_what_is_not_there_is_answered_with_an_empty_success(
    code: str, message: bytes, changes: dict[str, Any]
) -> None:
    report = accept_resolve(message, wanted(**changes))
    assert codes(report) == [code]
    assert report.principal is None
    assert status_of(report) == Status(codes=(SUCCESS,))


@pytest.mark.parametrize(("code", "message", "changes"), DENIED)
def test_who_is_not_believed_is_denied_and_spends_nothing(code: str, message: bytes, changes: dict[str, Any]) -> None:
    expected = wanted(**changes)
    report = accept_resolve(message, expected)
    assert codes(report) == [code]
    assert report.principal is None
    assert status_of(report).codes == (REQUESTER, REQUEST_DENIED)
    assert expected.memory is not None
    held = expected.memory.take(ARTIFACT.text)
    assert held is not None
    assert held.message is not None


def test_whoever_does_not_say_what_is_kept_hears_that_it_is_not_judged() -> None:
    report = accept_resolve(question(), wanted(memory=None, entity_id=None))
    assert report.principal is not None
    assert report.principal.message is None
    unjudged = {found.message.partition(" ")[0] for found in report.findings if found.code == "not-judged"}
    assert unjudged == {"entity-id", "kept-messages"}


def test_the_moment_of_expiry_is_exclusive() -> None:
    assert accept_resolve(question(), wanted(memory=kept(until=NOW + SECOND))).accepted


def test_a_certificate_that_has_expired_is_refused_where_the_party_looks_at_dates() -> None:
    old = trust("sp", SP, not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))
    report = accept_resolve(question(), wanted(trusted=(old,), checks_expiry=True))
    assert codes(report) == ["request-certificate-expired"]
    assert codes(accept_resolve(question(), wanted(trusted=(old,))), Severity.WARNING) == ["expired-certificate"]


@pytest.mark.parametrize("key", [None, "other"])
def test_a_side_that_looks_at_no_signatures_says_so_and_gives_out(key: str | None) -> None:
    report = accept_resolve(question(key=key), wanted(verifies=False, trusted=()))
    assert report.accepted
    assert codes(report, Severity.INFO) == ["signature-not-judged"]


def test_each_check_of_a_resolve_is_what_refuses() -> None:
    """Without its check, each of these gets through to the memory: nothing else would have caught it."""
    cases = [each for each in (*EMPTY, *DENIED) if each[0] in {check.code for check in RESOLVE_CHECKS}]
    assert len(cases) >= 8
    for code, message, changes in cases:
        left = [each for each in RESOLVE_CHECKS if each.code != code]
        try:
            assert code not in codes(accept_resolve(message, wanted(**changes), left))
        except InputError:
            assert code == "artifact-unreadable"  # whatever the checks say, it cannot be looked up


@pytest.mark.parametrize("message", [response(), b"<a/>", b""])
def test_another_message_is_no_question(message: bytes) -> None:
    with pytest.raises(InputError):
        accept_resolve(message, wanted())


def test_settings_say_what_an_identity_provider_expects() -> None:
    here = (IndexedEndpoint(binding=SOAP, location=WHERE, index=0),)
    memory = kept()
    expected = resolve_expected_of(asserting(artifact_resolution=here), now=NOW, memory=memory, opinions=False)
    assert accept_resolve(question(), expected).accepted
    with pytest.raises(ConfigError, match="trust set is empty"):
        accept_resolve(question(), replace(expected, trusted=()))


# --- the service provider's side ---


def answer(
    message: bytes | None = None,
    *,
    key: str | None = "idp",
    change: Callable[[Element], object] = lambda _root: None,
    after: Callable[[Element], object] = lambda _root: None,
    status: Status | None = None,
) -> bytes:
    made = draft_artifact_response(
        asserting(),
        now=NOW,
        new_id=lambda: "_answer",
        status=status or Status(),
        in_response_to="_resolve",
        message=message,
    )
    root = parse(made.write(), "answer")
    change(root)
    changed = parse(etree.tostring(root), "answer")
    if key is not None:
        sign(changed, credential(key), prefixes="xs")
    after(changed)
    return serialise(changed)


def asked(**changes: Any) -> ResolutionExpected:
    settled = ResolutionExpected(
        now=NOW,
        trusted=(trust("idp", IDP),),
        issuer=IDP,
        in_response_to="_resolve",
        document="answer.xml",
        opinions=False,
    )
    return replace(settled, **changes)


def take(message: bytes, login: dict[str, Any] | None = None, **changes: Any) -> Report[Principal]:
    return accept_artifact_response(message, asked(**changes), login_expected(replay=Seen(), **(login or {})))


UNSIGNED = response(sign_as="none")


@pytest.mark.parametrize("inside", ["assertion", "response", "both"])
@pytest.mark.parametrize("key", ["idp", None])
def test_a_signed_response_is_believed_whatever_is_around_it(inside: str, key: str | None) -> None:
    report = take(answer(response(sign_as=inside), key=key))
    assert codes(report) == []
    assert report.principal is not None
    assert report.principal.name_id == AMIRA


def test_an_unsigned_response_is_believed_where_the_answer_around_it_is_signed() -> None:
    report = take(answer(UNSIGNED))
    assert codes(report) == []
    assert report.principal is not None
    assert report.principal.name_id == AMIRA
    assert report.principal.attributes["groups"] == ("staff", "night shift")
    assert report.signature is not None
    assert report.signature.signed_element == "/samlp:ArtifactResponse"


def test_nobody_is_believed_for_the_connection_alone() -> None:
    report = take(answer(UNSIGNED, key=None))
    assert codes(report) == ["signature-missing"]
    assert report.principal is None


def test_a_signature_around_the_response_is_not_one_of_the_assertion() -> None:
    assert codes(take(answer(UNSIGNED), {"want_signed": "assertion"})) == ["signature-missing"]
    assert take(answer(UNSIGNED), {"want_signed": "response"}).accepted


def rename(root: Element) -> None:
    find(root, ".//saml:NameID").text = "mallory@evil.example"


@pytest.mark.parametrize("inside", [UNSIGNED, response(sign_as="assertion"), response(sign_as="response")])
def test_a_name_that_was_changed_on_the_way_lets_nobody_in(inside: bytes) -> None:
    report = take(answer(inside, after=rename))
    assert report.principal is None
    assert "digest-mismatch" in codes(report)


def test_the_key_around_an_unsigned_response_has_to_be_its_issuers() -> None:
    both = (trust("idp", IDP), trust("other", "https://other.example"))
    report = take(answer(UNSIGNED, key="other"), {"trusted": both}, trusted=both)
    assert codes(report) == ["issuer-not-key-holder"]


def beside(root: Element) -> None:
    """Put a forged Response in front of the covered one, as it stands in the bytes that a reader might take first."""
    forged = draft()
    rename(forged)
    embedded = embedded_in(root)
    assert embedded is not None
    embedded.addprevious(forged)


REFUSED: list[tuple[str, bytes, dict[str, Any]]] = [
    ("artifact-response-to-another", answer(response()), {"in_response_to": "_another"}),
    ("artifact-response-to-another", answer(response(), change=lambda root: root.attrib.pop("InResponseTo")), {}),
    ("artifact-response-empty", answer(), {}),
    ("artifact-not-resolved", answer(status=Status(codes=(REQUESTER, REQUEST_DENIED), message="no")), {}),
    ("artifact-not-resolved", answer(response(), status=Status(codes=(REQUESTER,))), {}),
    ("issuer-mismatch", answer(response(), change=retext("saml:Issuer", "https://other.example"), key=None), {}),
    ("signature-missing", answer(response(), key=None), {"want_signed": True}),
    ("key-not-trusted", answer(response(), key="other"), {}),
    ("element-unexpected", answer(response(), key=None, after=beside), {}),
    ("version-unsupported", answer(response(), change=put(Version="1.1")), {}),
]


@pytest.mark.parametrize(("code", "message", "changes"), REFUSED)
def test_an_answer_that_is_not_the_one_that_was_asked_for_is_refused(
    code: str, message: bytes, changes: dict[str, Any]
) -> None:
    report = take(message, **changes)
    assert code in codes(report)
    assert report.principal is None


def test_a_forged_response_beside_the_covered_one_breaks_the_signature_around_both() -> None:
    report = take(answer(UNSIGNED, after=beside))
    assert report.principal is None
    assert {"digest-mismatch", "element-unexpected"} <= set(codes(report))


@pytest.mark.parametrize("code", ["artifact-response-to-another", "artifact-not-resolved"])
def test_each_check_of_an_answer_is_what_refuses(code: str) -> None:
    """Without its check, the Response inside would log in."""
    _, message, changes = next(each for each in REFUSED if each[0] == code and b"_assertion" in each[1])
    left = [each for each in RESOLUTION_CHECKS if each.code != code]
    assert accept_artifact_response(message, asked(**changes), login_expected(), left).accepted


def into_extensions(root: Element) -> None:
    """Keep the covered Response, where its signature still finds nothing, and put a forged one in its place."""
    embedded = embedded_in(root)
    assert embedded is not None
    forged = draft()
    rename(forged)
    root.replace(embedded, forged)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(embedded)
    root.insert(2, extensions)


def around_the_answer(root: Element) -> None:
    """Wrap the whole signed answer: a forged one with its ID, in which the original is kept for its signature."""
    original = parse(serialise(root), "original")
    signature = root[1]
    assert signature.tag == f"{{{DS}}}Signature"
    find(root, ".//saml:NameID").text = "mallory@evil.example"
    kept_inside = etree.SubElement(signature, f"{{{DS}}}Object")
    kept_inside.append(original)


@pytest.mark.parametrize("wrapped", [into_extensions, around_the_answer])
@pytest.mark.parametrize("inside", [UNSIGNED, response(sign_as="assertion")])
def test_wrapping_the_answer_never_shows_the_forged_name(wrapped: Callable[[Element], object], inside: bytes) -> None:
    report = take(answer(inside, after=wrapped))
    assert report.principal is None
    assert report.errors != ()


def test_one_changed_byte_of_a_covering_answer_never_changes_who_logs_in() -> None:
    trusted = (trust("p256", IDP),)
    message = answer(response(sign_as="none"), key="p256")
    key_info = range(message.index(b"<ds:KeyInfo>"), message.index(b"</ds:KeyInfo>"))
    for place in range(0, len(message), 7):
        if place in key_info:
            continue
        other = message[place] ^ (0x20 if chr(message[place]).isalpha() else 0x01)
        changed = message[:place] + bytes([other]) + message[place + 1 :]
        try:
            report = take(changed, {"trusted": trusted}, trusted=trusted)
        except InputError:
            continue
        if report.principal is not None:  # a prefix that is declared twice, and so says nothing
            assert report.principal.name_id == AMIRA
            assert canonical(parse(changed, "changed")) == canonical(parse(message, "message"))


def test_a_refused_answer_does_not_use_up_the_assertion() -> None:
    seen = Seen()
    login = login_expected(replay=seen)
    assert not accept_artifact_response(answer(response()), asked(in_response_to="_another"), login).accepted
    assert accept_artifact_response(answer(response()), asked(), login).accepted
    assert codes(accept_artifact_response(answer(response()), asked(), login)) == ["replayed-assertion"]


def test_second_opinions_are_heard_on_the_signature_around_an_unsigned_response() -> None:
    report = take(answer(UNSIGNED), {"opinions": True}, opinions=True)
    assert report.accepted
    assert report.verifiers["ssolab"] is report.verifiers["signxml"] is report.verifiers["xmlsec"] is Opinion.ACCEPTED


@pytest.mark.parametrize("message", [UNSIGNED, question(), b"<a/>", answer(question(), key=None)])
def test_what_holds_no_response_is_one_clear_line(message: bytes) -> None:
    with pytest.raises(InputError, match="this is") as caught:
        take(message)
    assert "\n" not in str(caught.value)


def test_an_answer_is_found_with_and_without_its_envelope() -> None:
    plain = answer(response())
    assert is_artifact_response(plain, "x")
    assert is_artifact_response(wrap(plain), "x")
    assert not is_artifact_response(response(), "x")
    assert answer_in(plain, "x") == plain
    assert take(answer_in(wrap(plain), "x")).accepted


def test_what_our_own_side_seals_is_accepted_through_an_envelope() -> None:
    made = replace(FULL_RESPONSE, destination=None, message=response(sign_as="both"), in_response_to="_resolve")
    sealed = seal_artifact_message(made, credential("idp"))
    expected = resolution_expected_of(relying(), now=NOW, resolve="_resolve", opinions=False)
    report = accept_artifact_response(answer_in(wrap(sealed), "x"), expected, login_expected(replay=Seen()))
    assert report.accepted
    assert [found.code for found in report.findings] == []
    assert seal_artifact_message(FULL_RESOLVE, None) == FULL_RESOLVE.write()
