"""Every check of a token is tripped alone, and without it its case would get through."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from ssolab.core.findings import Severity
from ssolab.core.jose import half_hash
from ssolab.oidc.checks import CHECKS, TokenKind, TokenReport, accept
from ssolab.oidc.kind_checks import LOGOUT_EVENT
from tests.core.signing import credential
from tests.oidc.tokens import CLIENT, ISSUER, PINNED, SECONDS, TOKEN_ENDPOINT, expected, token

ID, ACCESS, LOGOUT = TokenKind.ID_TOKEN, TokenKind.ACCESS_TOKEN, TokenKind.LOGOUT_TOKEN
CLIENT_ASSERTION, BEARER, JWT = TokenKind.CLIENT_ASSERTION, TokenKind.BEARER_ASSERTION, TokenKind.JWT
SKEW = 300
MINUTE = timedelta(minutes=1)
NO_MOMENTS: tuple[Any, ...] = ("x", True, [], -1)


@dataclass(frozen=True)
class Case:
    """One thing that is wrong with an honest token, or with what is expected of it."""

    code: str
    kind: TokenKind
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What the case is called."""
        return f"{self.code}-{self.kind}-{list(self.claims) + list(self.header) + list(self.drop) + list(self.more)}"


def report_of(case: Case, checks: list[Any] | None = None, **more: Any) -> TokenReport:
    sealed = token(case.kind, header=case.header, drop=case.drop, **case.claims)
    return accept(sealed, expected(case.kind, **{**case.more, **more}), checks)


def codes(report: TokenReport, severity: Severity = Severity.ERROR) -> list[str]:
    return sorted({found.code for found in report.findings if found.severity is severity and not found.waived})


ERRORS = [
    *(Case("missing-claim", ID, drop=(name,)) for name in ("iss", "sub", "aud", "exp", "iat")),
    *(Case("missing-claim", ACCESS, drop=(name,)) for name in ("iss", "sub", "aud", "exp", "iat", "client_id", "jti")),
    *(Case("missing-claim", LOGOUT, drop=(name,)) for name in ("iss", "aud", "exp", "iat", "jti", "events")),
    *(Case("missing-claim", BEARER, drop=(name,)) for name in ("iss", "sub", "aud", "exp", "jti")),
    *(Case("missing-claim", CLIENT_ASSERTION, drop=(name,)) for name in ("iss", "sub", "aud", "exp", "jti")),
    *(Case("claim-of-wrong-type", ID, {name: 5}) for name in ("sub", "jti", "azp", "at_hash", "acr", "sid")),
    Case("claim-of-wrong-type", ID, {"iss": [ISSUER]}),
    Case("claim-of-wrong-type", ID, {"aud": [CLIENT, 5]}),
    Case("claim-of-wrong-type", ID, {"aud": []}, more={"audience": None}),
    Case("claim-of-wrong-type", ID, {"nonce": None}),
    *(Case("empty-claim", ID, {name: ""}) for name in ("sub", "jti", "acr", "sid")),
    Case("subject-too-long", ID, {"sub": "a" * 256}),
    Case("subject-too-long", ID, {"sub": "amirä"}),
    Case("token-issuer-mismatch", ID, {"iss": ISSUER + "/"}),
    Case("token-issuer-mismatch", ID, {"iss": ISSUER.upper()}),
    Case("token-issuer-mismatch", ACCESS, {"iss": "https://evil.example"}),
    Case("token-audience-mismatch", ID, {"aud": "another"}),
    Case("token-audience-mismatch", ID, {"aud": CLIENT + "/"}),
    Case("token-audience-mismatch", ID, {"aud": CLIENT[:-1]}),
    Case("token-audience-mismatch", ID, {"aud": ["another", "third"], "azp": CLIENT}),
    Case("token-audience-mismatch", BEARER, {"aud": ISSUER}),
    Case("additional-audience", ID, {"aud": [CLIENT, "another"], "azp": CLIENT}),
    Case(
        "authorized-party-missing", ID, {"aud": [CLIENT, "another"]}, more={"other_audiences": frozenset({"another"})}
    ),
    Case("authorized-party-mismatch", ID, {"azp": "another"}),
    Case("authorized-party-mismatch", ID, {"azp": "another"}, more={"client_id": CLIENT}),
    Case("token-of-another-client", ACCESS, more={"client_id": "another"}),
    Case("token-subject-mismatch", ID, more={"subject": "bea"}),
    *(Case("time-of-wrong-type", ID, {"nbf": value}) for value in NO_MOMENTS),
    *(Case("time-of-wrong-type", ID, {"auth_time": value}) for value in NO_MOMENTS),
    Case("time-of-wrong-type", ID, {"exp": "2027-01-04T09:02:00Z"}),
    Case("time-of-wrong-type", ID, {"exp": None}),
    Case("time-of-wrong-type", ID, {"exp": "9" * 21}),
    Case("time-as-text", ID, {"exp": str(SECONDS + 120)}),
    Case("time-as-text", ID, {"nbf": str(SECONDS)}),
    Case("expiry-looks-like-milliseconds", ID, {"exp": (SECONDS + 120) * 1000}),
    Case("expiry-looks-like-milliseconds", ACCESS, {"exp": 1e300}),
    Case("expiry-looks-like-milliseconds", JWT, {"exp": 10**39}),
    Case("token-expired", ID, {"exp": SECONDS - SKEW}),
    Case("token-expired", ID, {"exp": 0}),
    Case("token-expired", ID, {"exp": SECONDS - 60}, more={"skew": MINUTE}),
    Case("token-not-yet-valid", ID, {"nbf": SECONDS + SKEW + 1}),
    Case("token-from-the-future", ID, {"iat": SECONDS + SKEW + 1}),
    Case("token-from-the-future", ID, {"iat": SECONDS * 1000}),
    Case("token-issued-long-ago", ID, {"iat": SECONDS - 7 * 86_400}, more={"issued_within": 5 * MINUTE}),
    Case("token-lives-too-long", BEARER, {"exp": SECONDS + 601}),
    Case("token-lives-too-long", CLIENT_ASSERTION, {"exp": SECONDS + 3600}),
    Case("token-lives-too-long", ID, {"exp": SECONDS + 3600}, more={"longest": MINUTE}),
    Case("login-time-missing", ID, more={"max_age": MINUTE}),
    Case("login-too-long-ago", ID, {"auth_time": SECONDS - SKEW - 61}, more={"max_age": MINUTE}),
    Case("login-in-the-future", ID, {"auth_time": SECONDS + SKEW + 1}),
    Case("nonce-missing", ID, drop=("nonce",)),
    Case("nonce-mismatch", ID, {"nonce": "another"}),
    Case("nonce-mismatch", ID, {"nonce": "nönce"}),
    Case("access-token-hash-mismatch", ID, {"at_hash": half_hash("RS256", "x")}, more={"access_token": "y"}),
    Case("access-token-hash-mismatch", ID, {"at_hash": half_hash("RS512", "y")}, more={"access_token": "y"}),
    Case("code-hash-mismatch", ID, {"c_hash": half_hash("RS256", "x")}, more={"code": "y"}),
    Case("hash-missing", ID, more={"front_channel": True, "access_token": "y"}),
    Case("hash-missing", ID, more={"front_channel": True, "code": "y"}),
    Case("authentication-class-not-met", ID, {"acr": "bronze"}, more={"acr": ("gold", "silver")}),
    Case("authentication-class-not-met", ID, {"acr": "GOLD"}, more={"acr": ("gold",)}),
    Case("authentication-class-not-met", ID, more={"acr": ("gold",)}),
    Case("scope-not-granted", ACCESS, more={"scopes": ("api",)}),
    Case("scope-not-granted", ACCESS, {"scope": "api"}, more={"scopes": ("api", "web")}),
    Case("scope-not-granted", ACCESS, {"scope": "apis API"}, more={"scopes": ("api",)}),
    Case("scope-not-granted", ACCESS, {"scope": ["api"]}, more={"scopes": ("api",)}),
    Case("scope-not-granted", ACCESS, {"scp": "api"}, more={"scopes": ("api",)}),
    Case("token-type-mismatch", ID, header={"typ": "at+jwt"}),
    Case("token-type-mismatch", ID, header={"typ": "application/logout+JWT"}),
    Case("token-type-mismatch", ACCESS, header={"typ": "JWT"}),
    Case("token-type-mismatch", ACCESS, drop=("typ",)),
    Case("token-type-mismatch", LOGOUT, header={"typ": "secevent+jwt"}),
    Case("token-type-mismatch", BEARER, header={"typ": "at+jwt"}),
    Case("access-token-in-its-place", ID, header={"tty": "sfdc-core-token"}),
    Case("access-token-in-its-place", BEARER, header={"tty": "sfdc-core-token"}),
    Case("logout-token-in-its-place", ID, {"events": {LOGOUT_EVENT: {}}}),
    Case("logout-token-in-its-place", CLIENT_ASSERTION, {"events": {}}),
    Case("logout-event-missing", LOGOUT, {"events": {}}),
    Case("logout-event-missing", LOGOUT, {"events": {LOGOUT_EVENT: True}}),
    Case("logout-event-missing", LOGOUT, {"events": [LOGOUT_EVENT]}),
    Case("nonce-in-logout-token", LOGOUT, {"nonce": "x"}),
    Case("logout-of-nobody", LOGOUT, drop=("sub",)),
    Case("assertion-of-another-client", CLIENT_ASSERTION, {"sub": "amira"}),
    Case("token-certificate-expired", BEARER, more={"checks_expiry": None}),
    Case("token-certificate-expired", CLIENT_ASSERTION, more={"checks_expiry": True}),
    Case("token-certificate-not-yet-valid", BEARER, more={"checks_expiry": None, "now": None}),
]
TOLERATED_BY_SALESFORCE = [
    Case("time-as-text", BEARER, {"exp": str(SECONDS + 120)}, drop=("jti", "iat")),  # simple-salesforce
    Case("expiry-looks-like-milliseconds", BEARER, {"exp": SECONDS * 1000 + 300}, drop=("jti",)),  # the Salesforce CLI
    Case("audience-differs-by-slash", BEARER, {"aud": TOKEN_ENDPOINT + "/"}),
    Case("additional-audience", ID, {"aud": [CLIENT, "another"], "azp": CLIENT}),
    Case("authorized-party-missing", ID, {"aud": [CLIENT, "b"]}, more={"other_audiences": frozenset({"b"})}),
]
WARNINGS = [
    Case("authentication-class-not-met", ID, {"acr": "bronze"}, more={"acr": ("gold",), "acr_essential": False}),
    Case("authentication-class-not-met", ID, more={"acr": ("gold",), "acr_essential": False}),
    Case("token-without-end", JWT, drop=("exp",)),
    Case("login-a-year-ago", ID, {"auth_time": SECONDS - 400 * 86_400}),
    Case("assertion-for-several", BEARER, {"aud": [TOKEN_ENDPOINT, ISSUER]}),
]
UNCERTAIN = {"token-certificate-expired", "token-without-kid"}  # what the pinned test certificate brings along


def _at(case: Case) -> Case:
    """The one case that lies before its certificate."""
    if case.more.get("now", case) is not None:
        return case
    early = credential("idp").certificate.not_before - timedelta(days=1)
    seconds = int(early.timestamp())
    return Case(
        case.code, case.kind, {"exp": seconds + 120, "iat": seconds}, more={"checks_expiry": None, "now": early}
    )


ERRORS = [_at(case) for case in ERRORS]


def by_id(case: Case) -> str:
    return case.id


@pytest.mark.parametrize("case", ERRORS, ids=by_id)
def test_each_case_is_refused_by_its_own_check_alone(case: Case) -> None:
    report = report_of(case)

    assert codes(report) == [case.code]
    assert report.claims is None
    assert report.verdict == "refused"
    assert report.signature is not None, "the signature itself is right"


@pytest.mark.parametrize("case", ERRORS, ids=by_id)
def test_without_its_check_each_case_would_get_through(case: Case) -> None:
    report = report_of(case, [each for each in CHECKS if each.code != case.code])

    assert codes(report) == []
    assert report.claims is not None


@pytest.mark.parametrize("case", ERRORS, ids=by_id)
def test_an_ignored_check_waives_its_errors_and_shows_them(case: Case) -> None:
    report = report_of(case, ignore=frozenset({case.code}))

    assert report.accepted
    assert case.code in {found.code for found in report.findings if found.waived}


@pytest.mark.parametrize("case", TOLERATED_BY_SALESFORCE, ids=by_id)
def test_what_salesforce_takes_is_reported_by_its_profile_and_refused_by_the_strict_one(case: Case) -> None:
    lenient, strict = report_of(case, profile="salesforce"), report_of(case)

    assert lenient.accepted
    assert set(codes(lenient, Severity.WARNING)) - UNCERTAIN == {case.code}
    assert not strict.accepted


@pytest.mark.parametrize("case", WARNINGS, ids=by_id)
def test_each_doubt_warns_and_lets_the_token_in(case: Case) -> None:
    report = report_of(case)

    assert report.accepted
    assert set(codes(report, Severity.WARNING)) - UNCERTAIN == {case.code}
    without = report_of(case, [each for each in CHECKS if each.code != case.code])
    assert set(codes(without, Severity.WARNING)) - UNCERTAIN == set()


def test_every_check_has_a_case() -> None:
    elsewhere = {"not-judged", "hash-not-compared"}
    cased = {case.code for case in (*ERRORS, *TOLERATED_BY_SALESFORCE, *WARNINGS)}
    assert {each.code for each in CHECKS} == cased | elsewhere


BOUNDS = [
    Case("", ID, {"exp": SECONDS - SKEW + 1}),
    Case("", ID, {"nbf": SECONDS + SKEW}),
    Case("", ID, {"iat": SECONDS + SKEW}),
    Case("", ID, {"exp": SECONDS + 120.75, "iat": SECONDS - 0.5}),
    Case("", ID, {"iat": SECONDS - SKEW - 300}, more={"issued_within": 5 * MINUTE}),
    Case("", ID, {"auth_time": SECONDS - SKEW - 60}, more={"max_age": MINUTE}),
    Case("", ID, {"auth_time": SECONDS - SKEW}, more={"max_age": timedelta(0)}),
    Case("", BEARER, {"exp": SECONDS + 600}),
    Case("", ID, {"exp": SECONDS + 49 * 366 * 86_400}),
    Case("", ID, {"aud": [CLIENT]}),
    Case("", ID, {"aud": [CLIENT], "azp": CLIENT}),
    Case("", ID, more={"audience": ("x", CLIENT)}),
    Case("", ID, {"at_hash": half_hash("RS256", "y"), "c_hash": half_hash("RS256", "z")},
         more={"front_channel": True, "access_token": "y", "code": "z"}),
    Case("", ID, drop=("typ",)),
    Case("", ID, header={"typ": "jwt"}),
    Case("", ACCESS, header={"typ": "application/at+jwt"}),
    Case("", LOGOUT, {"sid": "s"}, drop=("sub",)),
    Case("", LOGOUT, {"events": {LOGOUT_EVENT: {"x": 1}, "https://other": {}}}),
    Case("", LOGOUT, drop=("typ",)),
    Case("", CLIENT_ASSERTION, header={"typ": "client-authentication+jwt"}),
    Case("", ID, {"sub": "a" * 255}),
    Case("", ID, {"acr": "silver"}, more={"acr": ("gold", "silver")}),
    Case("", ACCESS, {"scope": "web api"}, more={"scopes": ("api", "web")}),
]  # fmt: skip


@pytest.mark.parametrize("case", BOUNDS, ids=by_id)
def test_what_lies_just_within_the_bounds_is_accepted(case: Case) -> None:
    report = report_of(case)
    assert codes(report) == []
    assert report.accepted


def test_a_scope_of_another_form_is_shown_as_it_came() -> None:
    for scope in (["api"], "", 7):
        case = Case("scope-not-granted", ACCESS, {"scope": scope}, more={"scopes": ("api",)})
        found = next(each for each in report_of(case).errors if each.code == case.code)
        assert (found.expected, found.observed) == ("api", str(scope))


def test_an_access_token_of_salesforce_is_one_in_its_profile_alone() -> None:
    base: dict[str, Any] = {"scp": "api", "sub": "uid:005000000000001AAA", "nbf": SECONDS - 15, "mty": "oauth"}
    case = Case("", ACCESS, base, {"typ": "JWT", "tty": "sfdc-core-token", "ver": "1.0"}, drop=("jti",))

    assert report_of(case, profile="salesforce").accepted
    assert report_of(case, profile="salesforce", scopes=("api",)).accepted
    assert codes(report_of(case, profile="salesforce", scopes=("web",))) == ["scope-not-granted"]
    assert codes(report_of(case)) == ["missing-claim", "token-type-mismatch"]
    as_id_token = accept(
        token(ACCESS, header=case.header, **base), expected(ID, nonce=None, audience=None, profile="salesforce")
    )
    assert codes(as_id_token) == ["access-token-in-its-place"]


def test_what_is_not_given_is_not_judged_and_said_once_each() -> None:
    report = report_of(Case("", ID), issuer=None, audience=None, nonce=None)
    assert report.accepted
    said = [found.message.partition(" ")[0] for found in report.findings if found.code == "not-judged"]
    assert said == ["issuer", "audience", "nonce"]
    assert [found.code for found in report_of(Case("", BEARER), seen=None).findings if found.code == "not-judged"]


def test_a_hash_that_nothing_was_given_for_is_said_not_to_be_compared() -> None:
    report = report_of(Case("", ID, {"at_hash": "x"}))
    assert report.accepted
    assert "hash-not-compared" in {found.code for found in report.findings}


def test_a_renewed_certificate_over_the_same_key_is_judged_by_the_one_that_is_trusted() -> None:
    report = report_of(Case("", BEARER), keys=(PINNED,), checks_expiry=False)
    assert codes(report, Severity.WARNING) == ["token-certificate-expired"]


def test_all_reasons_are_given_at_once_with_both_sides_the_place_and_the_standard() -> None:
    report = report_of(Case("", ID, {"iss": "https://x", "aud": "y", "exp": 5}))
    assert codes(report) == ["token-audience-mismatch", "token-expired", "token-issuer-mismatch"]
    found = next(each for each in report.errors if each.code == "token-audience-mismatch")
    assert (found.expected, found.observed, str(found.where)) == (CLIENT, "y", "token /payload/aud")
    assert found.cites == "RFC 7519 4.1.3"
