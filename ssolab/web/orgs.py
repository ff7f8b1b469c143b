"""The relying party as an org of Salesforce: what it judges beside the message, and what it shows of a failed login.

The pages follow Setup: the SAML Assertion Validator, which begins with the last login that failed, the login history,
and the page on which a user ends. Where they stand in a real org is not confirmed but for the last; here they have
addresses of the lab.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Response, request
from werkzeug.exceptions import NotFound

from ssolab.core.findings import InputError, has_error
from ssolab.salesforce.arrival import judge_address, site_unknown, subject_not_a_user
from ssolab.salesforce.login_codes import LoginCode, login_code
from ssolab.salesforce.org import record_in, user_record
from ssolab.salesforce.provisioning import FEDERATION, judge_provisioning
from ssolab.salesforce.switches import CLOCK_ALLOWANCE, described
from ssolab.salesforce.validator import Seen, look, validator_report
from ssolab.saml.asking import Asking
from ssolab.saml.checks import accept, expected_of
from ssolab.saml.reading import read_message
from ssolab.web.addresses import ACS, HISTORY, VALIDATOR
from ssolab.web.keys import signing_key
from ssolab.web.pages import Start, draw, shown
from ssolab.web.refusals import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ssolab.core.findings import Finding, Report
    from ssolab.cutover.model import User
    from ssolab.salesforce.validator import ValidatorReport
    from ssolab.saml.checks import Principal
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

SAML_ERROR: Final = "/_nc_external/identity/saml/SamlError"
SAML_ERROR_TEXT: Final = (
    "We can't log you in. Check for an invalid assertion in the SAML Assertion Validator (available in Single Sign-On "
    "Settings) or check the login history for failed logins."
)
SITE_LOGIN: Final = "/login"
"""How the address of every Experience Cloud site ends (seen in real metadata)."""
PASTED: Final = "the pasted message"


def is_org(lab: Lab) -> bool:
    """Say whether the relying party is played as an org."""
    return lab.relying.flavour == "salesforce"


# ---- judging --------------------------------------------------------------------------------------------------------


def arrival_findings(lab: Lab) -> tuple[Finding, ...]:
    """Judge the address to which the current request brought a Response; an org alone reads it."""
    relying = lab.relying
    if not is_org(lab):
        return ()
    path = request.path
    sites = {place for each in relying.acs if (place := urlsplit(each.location).path).endswith(SITE_LOGIN)}
    site = path in sites
    found = judge_address(
        so=request.args.get("so"), sc=request.args.get("sc"), org=relying.org_id, config=config_id(lab), site=site
    )
    unknown = path.endswith(SITE_LOGIN) and not site
    return (*found, *([site_unknown(path[:200], sorted(sites))] if unknown else []))


def config_id(lab: Lab) -> str | None:
    """Give the id of the SAML configuration that the org's own address names."""
    return next((found for each in lab.relying.acs if (found := record_in(each.location, "sc"))), None)


def pending(lab: Lab) -> dict[str, Asking]:
    """Name the requests that a Response may answer, with what each asked for.

    An empty set would mean that only an unsolicited one is welcome; where none is, a request that nobody was sent
    stands in.
    """
    unsolicited = lab.play.relying_org.switches.unsolicited or not is_org(lab)
    asked = {identifier: each.asking for identifier, each in lab.pending.held().items()}
    return asked or ({} if unsolicited else {lab.request_id(lab.now()): Asking()})


def judged_by_org(lab: Lab, report: Report[Principal], arrived: Sequence[Finding]) -> Report[Principal]:
    """Let the org judge what SAML does not: the address, which user is meant, and whether one can be made."""
    if not is_org(lab):
        return report
    further = (*arrived, *(_user_findings(lab, report.principal) if report.principal else ()))
    return replace(
        report,
        findings=(*report.findings, *further),
        principal=None if has_error(further) else report.principal,
    )


def _user_findings(lab: Lab, person: Principal) -> Iterator[Finding]:
    org = lab.play.relying_org
    config = org.config_for(lab.relying.asserting)
    provisions = config is not None and config.user_provisioning is True
    if provisions:
        yield from judge_provisioning(person.name_id, person.attributes, portal=request.path.endswith(SITE_LOGIN))
    if not org.switches.users or provisions:  # whoever is made on the fly need not be there yet
        return
    mapping = config.identity_mapping if config else "Username"
    subject = person.name_id
    if config and config.identity_location == "Attribute":
        subject = next(iter(person.attributes.get(config.attribute_name or "", ())), "")
    known = {value for user in lab.users.values() if (value := _mapped(user, mapping))}
    if subject not in known:
        yield subject_not_a_user(subject, mapping, known)


def _mapped(user: User, mapping: str) -> str | None:
    """Give what a configuration knows a user by."""
    if mapping == "FederationId":
        return next(iter(user.attributes.get(FEDERATION, ())), None)
    return user_record(user.username) if mapping == "UserId" else user.username


def login_status(lab: Lab, findings: Sequence[Finding], xml: bytes) -> LoginCode | None:
    """Give the code that the org's login history has for a judgement; None elsewhere, and for a login."""
    return login_code(findings, carries_certificate=bool(_seen(xml).certificates)) if is_org(lab) else None


def unread_status(lab: Lab) -> LoginCode | None:
    """Give the code for what could not even be read."""
    return LoginCode.INVALID_FORMAT if is_org(lab) else None


def told(status: LoginCode | None) -> str | None:
    """Say what the login history shows."""
    return f"Login history: {status}, {status.text or 'of which no text is known'}." if status else None


def facts(lab: Lab) -> list[tuple[str, str]]:
    """Say how the org's switches stand, for the settings on the front page."""
    if not is_org(lab):
        return []
    relying, org = lab.relying, lab.play.relying_org
    config = org.config_for(relying.asserting)
    stands = described(org.switches, clock=relying.skew, expiry=relying.checks_expiry)
    rows = [(f"switch {name}", how) for name, how in stands]
    if config is None:
        return rows
    makes = "on" if config.user_provisioning else "off"
    return [("SAML configuration", config.name), ("user provisioning", makes), *rows]


def further_pages() -> list[Start]:
    """Give the links that a refusal of an org offers."""
    return [
        Start(href=VALIDATOR, text="SAML Assertion Validator"),
        Start(href=HISTORY, text="Login history"),
        Start(href=SAML_ERROR, text="What the user sees"),
    ]


def _seen(xml: bytes) -> Seen:
    try:
        return look(xml, "message")
    except InputError:
        return Seen()


# ---- pages ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What the validator shows: the report, the message, and where it came from."""

    report: ValidatorReport
    source: str
    xml: str
    accepted: bool


def add_org_pages(app: LabApp, lab: Lab, consume: Callable[[], Response]) -> None:
    """Give the relying party the addresses of an org, which *consume* Responses too; the generic flavour has none."""

    @app.post("/")
    def consume_at_an_org() -> Response:
        if not is_org(lab):
            raise NotFound(
                f"A generic service provider takes Responses at {ACS}; only a Salesforce org does at /?so=ORG."
            )
        return consume()

    @app.post("/<path:site>/login")
    def consume_at_a_site(site: str) -> Response:
        if not is_org(lab):
            raise NotFound(f"Only an org has sites, and this is none, so nothing is at {site}/login.")
        return consume()

    @app.get(VALIDATOR)
    def validator() -> Response:
        _only_an_org(lab)
        return _draw_validator(lab, _last_failed(lab))

    @app.post(VALIDATOR)
    def validate() -> Response:
        _only_an_org(lab)
        pasted = request.form.get("message", "")
        try:
            return _draw_validator(lab, _validated(lab, pasted), pasted=pasted)
        except InputError as error:
            said = f"{error.name}: {error.problem}. {sentence(error.remedy)}"
            return _draw_validator(lab, None, pasted=pasted, error=said, status=400)

    @app.get(HISTORY)
    def history() -> Response:
        _only_an_org(lab)
        rows = [each for each in lab.journal.entries() if each.side == "relying" and each.accepted is not None]
        return draw("history.html", heading="Login History", rows=rows[::-1], validator=VALIDATOR)

    @app.get(SAML_ERROR)
    def saml_error() -> Response:
        _only_an_org(lab)
        again = [*further_pages()[:2], Start(href="/", text="Back to the front page")]
        return draw("samlerror.html", heading="Single Sign-On Error", says=SAML_ERROR_TEXT, again=again)


def _only_an_org(lab: Lab) -> None:
    if not is_org(lab):
        raise NotFound("Only an org of Salesforce has this page; this relying party is a generic one.")


def _draw_validator(
    lab: Lab, done: Validated | None, *, pasted: str = "", error: str | None = None, status: int = 200
) -> Response:
    failed = any(_failed(entry) for entry in lab.journal.entries())
    return draw(
        "validator.html",
        status=status,
        heading="SAML Assertion Validator",
        done=done,
        pasted=pasted,
        error=error,
        any_failed=failed,
        history=HISTORY,
    )


def _failed(entry: Entry) -> bool:
    return entry.side == "relying" and entry.event == "response-judged" and entry.accepted is False


def _last_failed(lab: Lab) -> Validated | None:
    """Load the last Response that was refused, judged as it was then."""
    entry = next((each for each in reversed(lab.journal.entries()) if _failed(each)), None)
    if entry is None:
        return None
    return _shown(lab, entry.findings, entry.message, f"the last login that failed (journal entry {entry.number})")


def _validated(lab: Lab, pasted: str) -> Validated:
    """Judge a pasted message. What belongs to its arrival is left out: which request it answers, and whether it is new.

    Raises:
        InputError: it is no Response.
    """
    received = read_message(pasted.encode(), PASTED)
    if received.kind != "SAMLResponse":
        raise InputError(PASTED, "it is a request, not a Response", "paste what the identity provider sent")
    opinions = lab.config.opinions
    expected = expected_of(lab.relying, now=lab.now(), pending=None, replay=None, opinions=opinions, document=PASTED)
    ignore = lab.play.relying_org.switches.ignore
    report = accept(received.xml, replace(expected, known=signing_key(lab.asserting), ignore=ignore))
    return _shown(lab, judged_by_org(lab, report, ()).findings, received.xml, PASTED)


def _shown(lab: Lab, findings: Sequence[Finding], xml: bytes, source: str) -> Validated:
    relying = lab.relying
    report = validator_report(
        findings,
        _seen(xml),
        trusted=frozenset(key.certificate.der for key in relying.trusted if key.certificate),
        skew=relying.skew,
        skew_given=relying.skew != CLOCK_ALLOWANCE,
    )
    return Validated(report=report, source=source, xml=shown(xml), accepted=not has_error(findings))
