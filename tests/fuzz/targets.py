"""What is fuzzed: every door through which bytes from outside come in, with what must hold whatever comes.

A target returns quietly, or raises what only a defect raises: an exception that is not ours, or an assertion. Each has
seeds, valid ones and every fault's, so that a fuzzer begins where it gets interesting.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import InputError
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Sealing
from ssolab.faults.issuing import Redirected, sealed
from ssolab.faults.saml import faults
from ssolab.saml.artifact import ArtifactResponse
from ssolab.saml.artifact_issue import seal_artifact_message
from ssolab.saml.artifact_response import ResolutionExpected, accept_artifact_response
from ssolab.saml.bindings import Received, decode_post, decode_redirect, encode_redirect
from ssolab.saml.checks import accept
from ssolab.saml.issue import draft_request, draft_response, seal
from ssolab.saml.logout_acceptance import accept_logout_request, accept_logout_response
from ssolab.saml.messages import Status
from ssolab.saml.metadata import read_entity, write_entity
from ssolab.saml.metadata_acceptance import MetadataExpected, accept_metadata
from ssolab.saml.names import POST
from ssolab.saml.reading import read_message
from ssolab.saml.request_checks import accept_request, request_expected_of
from ssolab.saml.soap import Fault as SoapFault
from ssolab.saml.soap import unwrap, wrap
from ssolab.saml.subjects import NameID
from tests.faults.parts import GENUINE, asking_kit, kit, sent
from tests.fuzz import token_doors
from tests.fuzz.refusals import coded, in_one_line
from tests.saml import logout_samples
from tests.saml.logout_samples import posted
from tests.saml.samples import IDP, NOW, REQUEST, SSO, asserting, credential, expected, relying, trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssolab.core.findings import Report
    from ssolab.faults.engine import Fault
    from ssolab.saml.bindings import MessageName
    from ssolab.saml.checks import Principal


@dataclass(frozen=True)
class Target:
    """One door: what is called with bytes, and what to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def _response(*chosen: Fault, sign: str = "assertion") -> bytes:
    tools = kit()
    draft = draft_response(
        asserting(),
        now=NOW,
        new_id=tools.new_id,
        name_id=GENUINE,
        attributes={"email": ["amira@greenmoor.org"], "groups": ["staff"]},
        in_response_to=REQUEST,
    )
    return sealed(draft.element(), Sealing(credential=credential("idp"), sign=sign), tools, chosen)


@functools.cache
def _genuine() -> Principal:
    found = accept(_response(), expected()).principal
    assert found is not None
    return found


def responses() -> Iterator[bytes]:
    """Valid Responses, and one with each fault."""
    yield from (_response(sign=sign) for sign in ("assertion", "response", "both"))
    for each in faults():
        # Where it counts what was asked for, the trusted party itself vouches for another name.
        if each.carrier is Carrier.RESPONSE and not each.needs - {"request"} and "asked" not in each.receiver:
            yield _response(each, sign=each.signs[0])


def response(data: bytes) -> None:
    """Nobody logs in whom the trusted key did not vouch for."""
    try:
        report = accept(data, expected())
    except InputError as error:
        coded(error)
        return
    assert report.accepted != bool(report.errors)
    if report.principal is not None:
        # A seed's own signature stays good whatever is changed outside of what it covers.
        assert report.principal.name_id == _genuine().name_id
        assert report.principal.issuer == _genuine().issuer


def requests() -> Iterator[bytes]:
    """Queries of signed requests, and one with each fault."""
    made = draft_request(relying(), now=NOW, new_id=lambda: REQUEST)
    url = encode_redirect(seal(made, None), location=SSO, relay_state="/home", credential=credential("sp"))
    yield url.partition("?")[2].encode()
    yield seal(made, credential("sp"))
    for each in faults():
        if each.carrier is Carrier.REQUEST and "query" in each.signs:
            carried = sent(each)
            assert isinstance(carried, Redirected)
            yield carried.url.partition("?")[2].encode()


def request(data: bytes) -> None:
    """No request is answered that the service provider's key did not sign."""
    party = request_expected_of(asserting(), now=NOW, opinions=False)
    try:
        report = accept_request(decode_redirect(data), party)
    except InputError as error:
        coded(error)
        return
    assert report.principal is None or report.principal.request.id in {REQUEST, asking_kit().new_id()}


def logouts() -> Iterator[bytes]:
    """Both signed messages of single logout."""
    yield posted(logout_samples.request(), "SAMLRequest").xml
    yield posted(logout_samples.answer(), "SAMLResponse").xml


def logout(data: bytes) -> None:
    """No session ends, and no end of one is believed, that the partner's key did not sign."""
    for kind, judge in LOGOUT_DOORS.items():
        try:
            report = judge(Received(binding=POST, kind=kind, xml=data))
        except InputError as error:
            coded(error)
            continue
        believed = report.principal
        assert believed is None or believed in (_asked(), _answered())


LOGOUT_DOORS: Final[dict[MessageName, Callable[[Received], Report[Any]]]] = {
    "SAMLRequest": lambda received: accept_logout_request(received, logout_samples.expected()),
    "SAMLResponse": lambda received: accept_logout_response(received, logout_samples.answer_expected()),
}


@functools.cache
def _asked() -> Any:
    return LOGOUT_DOORS["SAMLRequest"](posted(logout_samples.request(), "SAMLRequest")).principal


@functools.cache
def _answered() -> Any:
    return LOGOUT_DOORS["SAMLResponse"](posted(logout_samples.answer(), "SAMLResponse")).principal


def answers() -> Iterator[bytes]:
    """What comes over the back channel: a Response that only the answer signs, and each fault's in an unsigned one."""
    made = ArtifactResponse(id="_a", issue_instant=NOW, status=Status(), in_response_to="_q", issuer=NameID(IDP))
    yield wrap(seal_artifact_message(replace(made, message=_response(sign="none")), credential("idp")))
    for each in responses():
        yield wrap(replace(made, message=each).write())
    yield SoapFault("Client", "no").write()


def answer(data: bytes) -> None:
    """Nobody logs in by artifact whom the trusted key did not vouch for, be it around the Response."""
    asked = ResolutionExpected(
        now=NOW, trusted=expected().trusted, issuer=IDP, in_response_to="_q", opinions=False, document="answer"
    )
    try:
        report = accept_artifact_response(unwrap(data, "answer"), asked, expected())
    except InputError as error:
        coded(error)
        return
    if report.principal is not None:
        assert report.principal.name_id == _genuine().name_id
        assert report.principal.issuer == _genuine().issuer


def saved(data: bytes) -> None:
    """Whatever somebody saved or pasted is read, or refused in one line."""
    try:
        read_message(data, "a file")
    except InputError as error:
        in_one_line(error)


def forms() -> Iterator[bytes]:
    """Bodies of posted forms, as pairs on lines."""
    yield b"SAMLResponse=PHg+PC94Pg==\nRelayState=/home"
    yield b"SAMLRequest=PHg+PC94Pg==\nSAMLResponse=PHg+PC94Pg=="


def form(data: bytes) -> None:
    """Fields of a form are decoded, or refused with a code."""
    pairs = [line.partition("=")[::2] for line in data.decode("utf-8", "replace").split("\n")]
    try:
        decode_post(pairs)
    except InputError as error:
        coded(error)


def documents() -> Iterator[bytes]:
    """Metadata of both sides."""
    yield write_entity(asserting().metadata(NOW))
    yield write_entity(relying().metadata(NOW))


def metadata(data: bytes) -> None:
    """Metadata is read and survives being written, or is refused in one line."""
    try:
        entity = read_entity(data, "metadata")
    except InputError as error:
        in_one_line(error)
        return
    assert read_entity(write_entity(entity), "written") == entity


def trusts() -> Iterator[bytes]:
    """Signed metadata, and the same unsigned."""
    for document in documents():
        root = parse(document, "metadata")
        root.set("ID", "_m")
        sign(root, credential("other"))
        yield serialise(root)
        yield document


def trust_in_metadata(data: bytes) -> None:
    """Only what the pinned key signed is believed."""
    expected = MetadataExpected(now=NOW, trusted=(trust("other"),), opinions=False)
    try:
        report = accept_metadata(data, expected)
    except InputError as error:
        coded(error)
        return
    if report.principal is not None:
        assert report.principal.entity in _SIGNED, "somebody whom nobody signed"
    else:
        assert report.errors


_SIGNED: Final = tuple(replace(side.metadata(NOW), id="_m") for side in (asserting(), relying()))


TARGETS: Final[dict[str, Target]] = {
    "response": Target(response, responses),
    "request": Target(request, requests),
    "logout": Target(logout, logouts),
    "answer": Target(answer, answers),
    "saved": Target(saved, lambda: (each for door in (responses, requests) for each in door())),
    "form": Target(form, forms),
    "metadata": Target(metadata, documents),
    "metadata-trust": Target(trust_in_metadata, trusts),
    "token": Target(token_doors.token_door, token_doors.tokens),
    "jwks": Target(token_doors.key_set, token_doors.key_sets),
}
