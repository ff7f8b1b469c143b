"""The SAML Assertion Validator of a Salesforce org: its numbered sections, filled with what ssolab found.

An administrator who knows that page finds the reason where they would look for it. Confirmed of it are the number and
heading of section 11 and a handful of lines; everything else here is a stand-in, and every line says which it is.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import Severity, errors_of
from ssolab.core.instants import in_words
from ssolab.core.xmltree import DS, SAML, SAMLP, children, compiled, parse
from ssolab.salesforce.login_codes import LoginCode, Step, login_code, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from ssolab.core.findings import Finding
    from ssolab.core.xmltree import Element

TITLES: Final[Mapping[Step, str]] = {
    Step.STATUS: "Validating the Status",
    Step.AUTHENTICATION: "Validating the Authentication Statement",
    Step.CONDITIONS: "Validating the Conditions",
    Step.TIMESTAMPS: "Validating the Timestamps",
    Step.ATTRIBUTES: "Validating the Attribute Namespace",
    Step.FORMAT: "Validating the Format",
    Step.ISSUER: "Validating the Issuer",
    Step.SUBJECT: "Validating the Subject Confirmation",
    Step.AUDIENCE: "Validating the Audience",
    Step.RECIPIENT: "Validating the Recipient and the Organization Id",
    Step.SIGNATURE: "Validating the Signature",
    Step.SITE: "Validating the Site URL",
    Step.PORTAL: "Validating the Portal and Organization Id",
    Step.SESSION: "Validating the Session Level",
}
"""Headings by section. Only number 11 and its heading are confirmed."""

CONFIRMED: Final = frozenset({Step.SIGNATURE})
LEGEND: Final = (
    "Salesforce's own words are the heading and number of section 11 and the lines without a star. What has a star is "
    "not confirmed: the order, the other headings, and words of ssolab where Salesforce's are not known."
)
REMEMBERED_SKEW: Final = "480000 ms is what some remember of the setup guide"
BOTH_OUTCOMES: Final = (
    "The identity provider's certificate has expired. Salesforce's help says that users cannot log in then; that it "
    "looks at the date was never shown. So this login may work there or fail: replace the certificate now."
)
_REFERENCE: Final = frozenset(
    {
        "digest-mismatch", "several-references", "reference-not-to-parent", "missing-id", "duplicate-id",
        "missing-enveloped-transform", "forbidden-transform", "relative-namespace", "undefined-canonical-form",
    }
)  # fmt: skip
_WHOLE_TEXT: Final = compiled("string()")
_LONGEST: Final = 400  # characters of a subject or ID; an honest one is far shorter
_PARTS: Final = ("response", "assertion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What can be seen in a Response without believing any of it."""

    signed: frozenset[str] = frozenset()
    """Which of `response` and `assertion` carries a signature."""
    certificates: tuple[bytes, ...] = ()
    """The certificates in KeyInfo, as DER."""
    subject: str | None = None
    assertion_id: str | None = None


def look(xml: bytes, name: str) -> Seen:
    """Look at a Response as it came.

    Raises:
        InputError: it is no XML.
    """
    root = parse(xml, name)
    assertion = next(iter(children(root, SAML, "Assertion")), root if root.tag == f"{{{SAML}}}Assertion" else None)
    response = root if root.tag == f"{{{SAMLP}}}Response" else None
    signatures = {
        part: children(element, DS, "Signature")
        for part, element in zip(_PARTS, (response, assertion), strict=True)
        if element is not None
    }
    return Seen(
        signed=frozenset(part for part, found in signatures.items() if found),
        certificates=tuple(_certificates(each for found in signatures.values() for each in found)),
        subject=_subject(assertion),
        assertion_id=None if assertion is None else assertion.get("ID"),
    )


def _certificates(signatures: Iterable[Element]) -> Iterator[bytes]:
    for signature in signatures:
        for element in signature.iter(f"{{{DS}}}X509Certificate"):
            try:
                yield base64.b64decode("".join(_text(element).split()), validate=True)
            except ValueError:  # not even base64: it fits no certificate, which is all that is asked of it
                yield b""


def _subject(assertion: Element | None) -> str | None:
    for subject in children(assertion, SAML, "Subject") if assertion is not None else ():
        for name in children(subject, SAML, "NameID"):
            return _text(name)
    return None


def _text(element: Element) -> str:
    return str(_WHOLE_TEXT(element))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the report; *confirmed* where Salesforce writes these very words."""

    text: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One numbered section; `passed` is None where nothing of the kind is judged here."""

    number: int
    title: str
    confirmed: bool
    passed: bool | None
    lines: tuple[Line, ...]
    codes: tuple[str, ...] = ()
    """Of ssolab's checks that speak in this section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorReport:
    """The whole report, and the row that the login history would have for it."""

    sections: tuple[Section, ...]
    closing: tuple[Line, ...]
    login_status: LoginCode | None
    login_text: str | None
    legend: str = LEGEND


def validator_report(
    findings: Sequence[Finding], seen: Seen, *, trusted: frozenset[bytes], skew: timedelta, skew_given: bool = False
) -> ValidatorReport:
    """Put findings into the validator's sections.

    Args:
        findings: of `accept`, and of the org's own checks where they ran.
        seen: the message as it came.
        trusted: the certificates that the org was given for the identity provider, as DER.
        skew: how far the clocks were allowed to be apart.
        skew_given: whether somebody chose that; the default is said to be unconfirmed.
    """
    code = login_code(findings, carries_certificate=bool(seen.certificates))
    by_step: dict[Step, list[Finding]] = {}
    for found in findings:
        if found.severity is not Severity.INFO:
            by_step.setdefault(place_of(found.code).step, []).append(found)
    own = {
        Step.TIMESTAMPS: (Line(text=f"Allowed clock difference: {in_words(skew)}{_unsure(given=skew_given)}"),),
        Step.SIGNATURE: tuple(_signature_lines(by_step.get(Step.SIGNATURE, ()), findings, seen, trusted)),
    }
    return ValidatorReport(
        sections=tuple(
            _section(step, title, by_step.get(step, ()), own.get(step, ())) for step, title in TITLES.items()
        ),
        closing=tuple(_closing(by_step, seen)),
        login_status=code,
        login_text=code.text if code else None,
    )


def _section(step: Step, title: str, found: Sequence[Finding], own: tuple[Line, ...]) -> Section:
    judged = step not in {Step.ATTRIBUTES, Step.SITE, Step.PORTAL, Step.SESSION}
    said = tuple(dict.fromkeys(Line(text=_said(each)) for each in found))
    ok = (Line(text="Ok" if judged else "not judged here"),)
    return Section(
        number=step,
        title=title,
        confirmed=step in CONFIRMED,
        passed=not errors_of(found) if judged or found else None,
        lines=(*own, *said) or ok,
        codes=tuple(dict.fromkeys(each.code for each in found)),
    )


def _said(found: Finding) -> str:
    sides = [f"{name}: {side}" for name, side in (("expected", found.expected), ("observed", found.observed)) if side]
    waived = f" (waived: {found.waived})" if found.waived else ""
    return ". ".join([f"{found.message}{waived}", *sides])


def _unsure(*, given: bool) -> str:
    return "" if given else f" (unverified; {REMEMBERED_SKEW})"


def _signature_lines(
    found: Sequence[Finding], findings: Sequence[Finding], seen: Seen, trusted: frozenset[bytes]
) -> Iterator[Line]:
    for part in _PARTS:
        yield Line(text=f"Is the {part} signed? {str(part in seen.signed).lower()}", confirmed=True)
    errors = errors_of(found)
    if errors:
        yield Line(text="Signature or certificate problems", confirmed=True)
    for part in (each for each in _PARTS if each in seen.signed):
        about = [each for each in errors if _is_about(each, part, seen)]
        if not any(each.code in _REFERENCE for each in about):
            yield Line(text=f"The reference in the {part} signature is valid", confirmed=part == "assertion")
        if about:
            yield Line(text=f"The signature in the {part} is not valid", confirmed=part == "assertion")
    if seen.certificates:
        fits = not trusted.isdisjoint(seen.certificates)
        yield Line(text=f"Is the correct certificate supplied in the keyinfo? {str(fits).lower()}", confirmed=True)
    if any(each.code in {"key-not-trusted", "certificate-not-trusted"} for each in errors):
        yield Line(text="No valid certificate specified in this response", confirmed=True)
    if any(each.code == "expired-certificate" for each in findings):
        yield Line(text=BOTH_OUTCOMES)


def _is_about(found: Finding, part: str, seen: Seen) -> bool:
    """Say which of the two signatures a finding speaks of: by its place, where it has one and there are two."""
    if len(seen.signed) == 1 or found.where is None or not found.where.path:
        return True
    return ("Assertion" in found.where.path) == (part == "assertion")


def _closing(by_step: Mapping[Step, Sequence[Finding]], seen: Seen) -> Iterator[Line]:
    subject, identifier = ((each or "none")[:_LONGEST] for each in (seen.subject, seen.assertion_id))
    if errors_of(by_step.get(Step.USER, ())):
        told = f"Subject: {subject} Unable to map the subject to a Salesforce user AssertionId: {identifier}"
        yield Line(text=told, confirmed=True)
    else:
        yield Line(text=f"Subject: {subject} AssertionId: {identifier}")
    for step in (Step.REPLAY, Step.USER, Step.PROVISIONING):
        yield from (Line(text=_said(each)) for each in by_step.get(step, ()))


def report_lines(report: ValidatorReport) -> Iterator[str]:
    """Write the report as text; a star marks what is not confirmed."""
    for section in report.sections:
        told = {True: "", False: "  FAILED", None: ""}[section.passed]
        yield f"{section.number}. {section.title}{'' if section.confirmed else ' *'}{told}"
        yield from (f"    {_starred(line)}" for line in section.lines)
    yield ""
    yield from map(_starred, report.closing)
    if report.login_status is not None:
        told = report.login_text or "no text captured"
        yield f"Login history: {report.login_status}, {told}"
    else:
        yield "Login history: no refusal *"
    yield f"* {report.legend}"


def _starred(line: Line) -> str:
    return line.text if line.confirmed else f"{line.text} *"
