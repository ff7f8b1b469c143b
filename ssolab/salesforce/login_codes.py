"""Salesforce's login history: the 22 codes with which it records a refused SAML login, and which of them a finding is.

Salesforce shows one code for a login where ssolab shows every reason. Codes and texts are Salesforce's own
(EventLogFile, LOGIN_STATUS). In which order it looks, and so which of several reasons it would show, is not published:
the order here is that of its SAML Assertion Validator, of which only the number of the signature is confirmed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import errors_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ssolab.core.findings import Finding


class LoginCode(enum.StrEnum):
    """The codes of a refused SAML login."""

    INVALID_AUDIENCE = "LOGIN_SAML_INVALID_AUDIENCE"
    INVALID_CONFIG = "LOGIN_SAML_INVALID_CONFIG"
    INVALID_FORMAT = "LOGIN_SAML_INVALID_FORMAT"
    INVALID_IN_RES_TO = "LOGIN_SAML_INVALID_IN_RES_TO"
    INVALID_ISSUER = "LOGIN_SAML_INVALID_ISSUER"
    INVALID_ORG_ID = "LOGIN_SAML_INVALID_ORG_ID"
    INVALID_PORTAL_ID = "LOGIN_SAML_INVALID_PORTAL_ID"
    INVALID_RECIPIENT = "LOGIN_SAML_INVALID_RECIPIENT"
    INVALID_SESSION_LEVEL = "LOGIN_SAML_INVALID_SESSION_LEVEL"
    INVALID_SIGNATURE = "LOGIN_SAML_INVALID_SIGNATURE"
    INVALID_SITE_URL = "LOGIN_SAML_INVALID_SITE_URL"
    INVALID_STATUS = "LOGIN_SAML_INVALID_STATUS"
    INVALID_SUB_CONFIRM = "LOGIN_SAML_INVALID_SUB_CONFIRM"
    INVALID_TIMESTAMP = "LOGIN_SAML_INVALID_TIMESTAMP"
    INVALID_USERNAME = "LOGIN_SAML_INVALID_USERNAME"
    INVALID_VERSION = "LOGIN_SAML_INVALID_VERSION"
    MISMATCH_CERT = "LOGIN_SAML_MISMATCH_CERT"
    MISSING_ORG_ID = "LOGIN_SAML_MISSING_ORG_ID"
    MISSING_PORTAL_ID = "LOGIN_SAML_MISSING_PORTAL_ID"
    PROVISION_ERROR = "LOGIN_SAML_PROVISION_ERROR"
    REPLAY_ATTEMPTED = "LOGIN_SAML_REPLAY_ATTEMPTED"
    SITE_INACTIVE = "LOGIN_SAML_SITE_INACTIVE"

    @property
    def text(self) -> str | None:
        """What the login history shows; None where nobody has captured it."""
        return TEXTS[self]


TEXTS: Final[Mapping[LoginCode, str | None]] = {
    LoginCode.INVALID_AUDIENCE: "Failed: Audience Invalid",
    LoginCode.INVALID_CONFIG: "Failed: Configuration Error/Perm Disabled",
    LoginCode.INVALID_FORMAT: "Failed: Assertion Invalid",
    LoginCode.INVALID_IN_RES_TO: "Failed: InResponseTo Invalid",
    LoginCode.INVALID_ISSUER: "Failed: Issuer Mismatched",
    LoginCode.INVALID_ORG_ID: "Failed: Invalid Organization Id",
    LoginCode.INVALID_PORTAL_ID: "Failed: Invalid Portal Id",
    LoginCode.INVALID_RECIPIENT: "Failed: Recipient Mismatched",
    LoginCode.INVALID_SESSION_LEVEL: None,
    LoginCode.INVALID_SIGNATURE: "Failed: Signature Invalid",
    LoginCode.INVALID_SITE_URL: "Failed: Invalid Site URL",
    LoginCode.INVALID_STATUS: "Failed: Status Invalid",
    LoginCode.INVALID_SUB_CONFIRM: "Failed: Subject Confirmation Error",
    LoginCode.INVALID_TIMESTAMP: "Failed: Assertion Expired",
    LoginCode.INVALID_USERNAME: "Failed: Username Or SSO Id Invalid",
    LoginCode.INVALID_VERSION: None,
    LoginCode.MISMATCH_CERT: "Failed: Signature Invalid/Configured Certificate Mismatch",
    LoginCode.MISSING_ORG_ID: "Failed: Missing Organization Id for Portal login",
    LoginCode.MISSING_PORTAL_ID: None,
    LoginCode.PROVISION_ERROR: "Failed: SAML Provision Error",
    LoginCode.REPLAY_ATTEMPTED: "Failed: Replay Detected",
    LoginCode.SITE_INACTIVE: "Failed: Specified Site is Inactive",
}


class Step(enum.IntEnum):
    """Where the validator looks at a thing. Up to 14 these are the numbers of its sections; three more come after."""

    STATUS = 1
    AUTHENTICATION = 2
    CONDITIONS = 3
    TIMESTAMPS = 4
    ATTRIBUTES = 5
    FORMAT = 6
    ISSUER = 7
    SUBJECT = 8
    AUDIENCE = 9
    RECIPIENT = 10
    SIGNATURE = 11
    SITE = 12
    PORTAL = 13
    SESSION = 14
    REPLAY = 15
    USER = 16
    PROVISIONING = 17


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding belongs at Salesforce: the section of the validator, and the code in the login history."""

    step: Step
    code: LoginCode


# Every code of a check that can refuse a Response, once, in the order in which Salesforce is thought to look. A new
# check gets its row here; tests/salesforce/test_login_codes names those that have none. The help names the code for
# audience, issuer, recipient, replay, a missing Subject and the certificate; every other row is our reading of
# Salesforce's names.
_ROWS: Final = (
    (Step.STATUS, LoginCode.INVALID_STATUS, "status-not-success"),
    (
        Step.AUTHENTICATION,
        LoginCode.INVALID_FORMAT,
        "authn-statement-missing authn-context-not-met authentication-not-fresh",
    ),
    (Step.CONDITIONS, LoginCode.INVALID_FORMAT, "conditions-missing condition-unknown"),
    (
        Step.TIMESTAMPS,
        LoginCode.INVALID_TIMESTAMP,
        "not-yet-valid expired-conditions expired-session response-too-old",
    ),
    (Step.FORMAT, LoginCode.INVALID_VERSION, "version-unsupported"),
    (
        Step.FORMAT,
        LoginCode.INVALID_FORMAT,
        (
            "assertion-missing assertion-encrypted assertion-extra response-nested stray-signature element-unexpected "
            "element-repeated message-without-id response-by-redirect name-id-missing name-id-not-whole text-not-whole "
            "invalid-instant document-type-present decryption-failed encrypted-key-missing malformed-encryption "
            "forbidden-encryption-algorithm rsa15-key-transport name-id-format-not-met subject-not-met "
            "sp-name-qualifier-mismatch"
        ),
    ),
    (Step.ISSUER, LoginCode.INVALID_ISSUER, "issuer-missing issuer-mismatch issuers-differ"),
    (Step.SUBJECT, LoginCode.INVALID_SUB_CONFIRM, "subject-confirmation-missing expired-confirmation"),
    (Step.SUBJECT, LoginCode.INVALID_IN_RES_TO, "in-response-to-mismatch unsolicited-response"),
    (Step.AUDIENCE, LoginCode.INVALID_AUDIENCE, "audience-mismatch"),
    (Step.RECIPIENT, LoginCode.INVALID_RECIPIENT, "recipient-mismatch destination-mismatch"),
    (Step.RECIPIENT, LoginCode.MISSING_ORG_ID, "org-id-missing"),
    (Step.RECIPIENT, LoginCode.INVALID_ORG_ID, "org-id-mismatch"),
    (Step.SIGNATURE, LoginCode.INVALID_CONFIG, "saml-config-unknown expired-certificate certificate-not-yet-valid"),
    (Step.SIGNATURE, LoginCode.MISMATCH_CERT, "key-not-trusted certificate-not-trusted"),
    (
        Step.SIGNATURE,
        LoginCode.INVALID_SIGNATURE,
        (
            "signature-missing several-signatures misplaced-signature malformed-signature object-in-signature "
            "comment-in-signature several-references reference-not-to-parent missing-id duplicate-id "
            "missing-enveloped-transform forbidden-transform forbidden-canonicalisation inclusive-canonicalisation "
            "relative-namespace undefined-canonical-form malformed-base64 digest-mismatch signature-value-mismatch "
            "forbidden-algorithm hmac-signature sha1-signature weak-rsa-key weak-curve algorithm-key-mismatch "
            "verifiers-disagree issuer-not-key-holder"
        ),
    ),
    (Step.SITE, LoginCode.INVALID_SITE_URL, "site-unknown"),
    (Step.REPLAY, LoginCode.REPLAY_ATTEMPTED, "replayed-assertion"),
    (Step.USER, LoginCode.INVALID_USERNAME, "subject-not-a-user"),
    (
        Step.PROVISIONING,
        LoginCode.PROVISION_ERROR,
        "provisioning-attribute-missing federation-id-not-subject provisioning-version-unknown",
    ),
)
PLACES: Final[Mapping[str, Place]] = {each: Place(step, code) for step, code, codes in _ROWS for each in codes.split()}
ELSEWHERE: Final = Place(Step.FORMAT, LoginCode.INVALID_FORMAT)
"""Where a finding without a row belongs: the assertion is invalid, says Salesforce of whatever it has no word for."""


def place_of(code: str, *, carries_certificate: bool = True) -> Place:
    """Say where a finding belongs.

    Args:
        code: of a check of ssolab.
        carries_certificate: whether the message has a certificate in KeyInfo. Salesforce compares that with the one it
            was given, so a message without any cannot mismatch, and an untrusted key is an invalid signature then.
    """
    if code == "key-not-trusted" and not carries_certificate:
        return Place(Step.SIGNATURE, LoginCode.INVALID_SIGNATURE)
    return PLACES.get(code, ELSEWHERE)


def login_code(findings: Iterable[Finding], *, carries_certificate: bool = True) -> LoginCode | None:
    """Give the code that the login history would show of a judgement, or None where nothing refuses.

    Of several reasons the one that the validator would meet first; that order is not confirmed.
    """
    places = {place_of(found.code, carries_certificate=carries_certificate) for found in errors_of(findings)}
    return next((code for step, code, _ in _ROWS if Place(step, code) in places), None)
