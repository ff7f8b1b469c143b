"""An assertion of SAML as a grant (RFC 7522 2.1): the client signs it, with the key of the certificate uploaded for it.

What Salesforce demands of one in particular is unconfirmed. Here the issuer is the client_id, the audience the provider
and the recipient its token endpoint, as the RFC has it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant
from ssolab.core.jose import decode
from ssolab.core.unreadable_tokens import not_base64url
from ssolab.core.xmltree import SAML, SAMLP, local_name, parse
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.grants import SAML_BEARER, audiences, bringer, recipients, refusal, unreadable
from ssolab.oidc.malformed import parameter_missing
from ssolab.oidc.unbelieved import issuer_not_named
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.checks import Expected, accept
from ssolab.saml.messages import RESPONSE
from ssolab.saml.names import SUCCESS
from ssolab.saml.undecodable import unexpected_message
from ssolab.web.op_bearer import issue_for
from ssolab.web.op_table import grant

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.xmltree import Element
    from ssolab.oidc.parties import Client
    from ssolab.web.op_table import Call, Issue

_NAME: Final = "assertion"
USUAL_SKEW: Final = timedelta(seconds=60)


@grant(SAML_BEARER, authenticated=False)
def saml_bearer(call: Call) -> Issue:
    """Judge the assertion as the one of a Response, with the keys of the client that it names as its issuer."""
    text = call.form.get("assertion")
    if text is None:
        raise parameter_missing("assertion")
    try:
        assertion = _assertion(text)
        client = bringer(_issuer(assertion), call.lab.openid.clients, call.claimed)
        report = accept(_in_shell(assertion, call.now), _expected(call, client, assertion))
    except OAuthError:
        raise
    except InputError as error:
        raise unreadable(error) from None
    if report.principal is None:
        raise refusal(report.findings)
    return issue_for(call, client, report.principal.name_id, flow="saml-bearer", remarks=report.findings)


def _assertion(text: str) -> Element:
    """Read an assertion from its base64url, which may be padded and is sent without line breaks (RFC 7522 2.1).

    Raises:
        InputError: it is something else.
    """
    try:
        data = decode(text.rstrip("=").encode("ascii"), _NAME, "the assertion")
    except UnicodeEncodeError:
        raise not_base64url(_NAME, "the assertion", "it is not ASCII") from None
    root = parse(data, _NAME)
    if root.tag != ASSERTION:
        problem = f"this is {local_name(root)}, not saml:Assertion"
        raise unexpected_message(_NAME, problem, "send the bare assertion, signed and not encrypted")
    return root


def _issuer(assertion: Element) -> str:
    found = assertion.findall(f"{{{SAML}}}Issuer")
    text = (found[0].text or "").strip() if len(found) == 1 else ""
    if not text:
        raise issuer_not_named(_NAME)
    return text


def _in_shell(assertion: Element, now: datetime) -> bytes:
    """Put an assertion into a Response that nobody signed, which is what `accept` judges; it proves nothing of it."""
    response = etree.Element(
        RESPONSE, {"ID": "_shell", "Version": "2.0", "IssueInstant": format_instant(now)}, nsmap={"samlp": SAMLP}
    )
    status = etree.SubElement(response, f"{{{SAMLP}}}Status")
    etree.SubElement(status, f"{{{SAMLP}}}StatusCode", {"Value": SUCCESS})
    response.append(assertion)
    return etree.tostring(response, encoding="utf-8")


def _expected(call: Call, client: Client, assertion: Element) -> Expected:
    """Say what the assertion is held against; of our own names the one counts by which it calls us."""
    names, rules = audiences(call.provider), call.provider.rules
    usual = call.provider.flavour != "salesforce"
    named = {(each.text or "").strip() for each in assertion.iter(f"{{{SAML}}}Audience")}
    return Expected(
        now=call.now,
        trusted=client.keys,
        issuer=client.client_id,
        audience=next((each for each in names if each in named), call.provider.issuer),
        recipient=recipients(call.provider),
        in_response_to=(),
        unsolicited=True,
        replay=call.lab.openid.seen,
        want_signed="assertion",
        checks_expiry=usual if rules.checks_expiry is None else rules.checks_expiry,
        skew=rules.skew or USUAL_SKEW,
        permit=rules.permit,
        opinions=call.lab.config.opinions,
        document=_NAME,
    )
