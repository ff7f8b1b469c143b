"""One changed byte of a logout message: it ends no session, or the very same ones where the byte means nothing."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.xmltree import parse
from ssolab.saml.bindings import Received, decode_redirect, encode_redirect
from ssolab.saml.logout_acceptance import accept_logout_request, accept_logout_response
from ssolab.saml.message_checks import version_unsupported
from ssolab.saml.names import POST
from tests.property.test_flips import flips, meaning
from tests.saml.logout_samples import IDP_SLO, answer, answer_expected, expected, posted, request
from tests.saml.samples import IDP, SP, credential, find, response, trust
from tests.saml.strategies import patient

if TYPE_CHECKING:
    from collections.abc import Callable

ONE_CHECK = (version_unsupported,)
"""Signature and shape alone have to notice, so nearly every other check is left out; it is quicker too."""


def asked(received: Received) -> Any:
    settled = expected(trusted=(trust("p256", SP),))
    return accept_logout_request(received, settled, ONE_CHECK).principal


def answered(received: Received) -> Any:
    settled = answer_expected(trusted=(trust("p256", IDP),))
    return accept_logout_response(received, settled, ONE_CHECK).principal


def outcome(judge: Callable[[Received], Any], make: Callable[[], Received]) -> Any:
    try:
        return judge(make())
    except InputError:
        return None


@pytest.mark.parametrize("kind", ["SAMLRequest", "SAMLResponse"])
def test_a_changed_byte_of_a_posted_message_changes_nothing_that_is_believed(kind: Any) -> None:
    message, judge = (request(), asked) if kind == "SAMLRequest" else (answer(), answered)
    whole = posted(message, kind, key="p256", key_info=False)
    kept, meant = judge(whole), meaning(whole.xml)
    assert kept is not None
    for place, changed in flips(whole.xml):
        believed = outcome(judge, partial(replace, whole, xml=changed))
        assert believed is None or (believed == kept and meaning(changed) == meant), place


def test_a_changed_byte_of_a_redirect_changes_nothing_that_is_believed() -> None:
    url = encode_redirect(request(), location=IDP_SLO, relay_state="/bye", credential=credential("p256"))
    query = url.partition("?")[2].encode()
    kept = asked(decode_redirect(query))
    assert kept is not None
    for place, changed in flips(query):
        believed = outcome(asked, partial(decode_redirect, changed))
        assert believed is None or believed == kept, place


@settings(patient, max_examples=200)
@given(st.data())
def test_a_signed_assertion_anywhere_in_a_forged_request_ends_no_session(data: st.DataObject) -> None:
    forged = parse(request(), "forged")
    assertion = find(parse(response(key="p256"), "response"), "saml:Assertion")
    parts = [assertion, find(assertion, "{*}Signature"), find(assertion, "saml:Subject/saml:NameID")]
    for _ in range(data.draw(st.integers(1, 3))):
        places = [each for each in forged.iter() if isinstance(each.tag, str)]
        place = data.draw(st.sampled_from(places))
        part = etree.fromstring(etree.tostring(data.draw(st.sampled_from(parts))))
        place.insert(data.draw(st.integers(0, len(place))), part)
    if data.draw(st.booleans()):
        forged.set("ID", assertion.get("ID", ""))
    received = Received(binding=POST, kind="SAMLRequest", xml=etree.tostring(forged))
    assert outcome(asked, lambda: received) is None


@patient
@given(st.binary(max_size=200))
def test_any_bytes_end_no_session(data: bytes) -> None:
    for xml in (data, base64.b64encode(data), request()[: len(data)] + data):
        assert outcome(asked, partial(Received, binding=POST, kind="SAMLRequest", xml=xml)) is None
