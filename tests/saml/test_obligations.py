from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ssolab.saml.messages import AuthnRequest, NameID, NameIDPolicy, RequestedAuthnContext, Subject
from ssolab.saml.names import EMAIL, PERSISTENT, TRANSIENT, UNSPECIFIED
from ssolab.saml.obligations import declined, name_for, recognised
from ssolab.saml.statuses import ON_PURPOSE

NOW = datetime(2027, 1, 4, tzinfo=UTC)
WEAK = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
X509 = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def asked(  # noqa: PLR0913  each is a wish that a request may hold
    *,
    format_: str | None = None,
    qualifier: str | None = None,
    passive: bool | None = None,
    fresh: bool | None = None,
    classes: tuple[str, ...] = (),
    comparison: str | None = None,
) -> AuthnRequest:
    return AuthnRequest(
        id="_1",
        issue_instant=NOW,
        issuer=NameID("https://sp.example"),
        is_passive=passive,
        force_authn=fresh,
        name_id_policy=NameIDPolicy(format=format_, sp_name_qualifier=qualifier) if format_ or qualifier else None,
        requested_authn_context=RequestedAuthnContext(class_refs=classes, comparison=comparison) if classes else None,
    )


@pytest.mark.parametrize(
    ("request_", "codes"),
    [
        (asked(passive=True), ("Responder", "NoPassive")),
        (asked(format_="urn:kerberos"), ("Requester", "InvalidNameIDPolicy")),
        (asked(classes=("urn:x509",)), ("Responder", "NoAuthnContext")),
        (asked(qualifier="https://affiliation.example"), ("Requester", "InvalidNameIDPolicy")),
        (asked(classes=("urn:x509", "urn:pgp"), comparison="exact"), ("Responder", "NoAuthnContext")),
        (asked(classes=("urn:x509",), comparison="minimum"), ("Responder", "NoAuthnContext")),
        (asked(classes=(X509,), comparison="minimum"), ("Responder", "NoAuthnContext")),
        (asked(classes=(WEAK,), comparison="maximum"), ("Responder", "NoAuthnContext")),
        (asked(classes=(PASSWORD,), comparison="better"), ("Responder", "NoAuthnContext")),
        (asked(classes=(PASSWORD,), comparison="best"), ("Requester", "RequestUnsupported")),
    ],
)
def test_what_cannot_be_met_is_declined_with_the_status_of_the_standard(
    request_: AuthnRequest, codes: tuple[str, str]
) -> None:
    answer = declined(request_, context=PASSWORD)
    assert answer is not None
    assert answer.codes == tuple(STATUS + code for code in codes)


@pytest.mark.parametrize(
    "request_",
    [
        asked(),
        asked(passive=False),
        asked(format_=UNSPECIFIED),
        asked(format_=EMAIL),
        asked(format_=PERSISTENT),
        asked(format_=TRANSIENT),
        asked(classes=(PASSWORD,)),
        asked(classes=("urn:x509", PASSWORD), comparison="exact"),
        asked(classes=("urn:x509", PASSWORD), comparison="minimum"),
        asked(classes=(WEAK,), comparison="minimum"),
        asked(classes=(X509,), comparison="maximum"),
        asked(classes=(WEAK,), comparison="better"),
        asked(fresh=True),
        asked(qualifier="https://sp.example"),
    ],
)
def test_what_can_be_met_is_not_declined(request_: AuthnRequest) -> None:
    assert declined(request_, context=PASSWORD) is None


def test_an_identity_provider_that_ignores_requested_contexts_declines_none() -> None:
    assert declined(asked(classes=("urn:x509",)), context=None) is None


def test_nobody_has_to_be_asked_where_it_is_known_who_is_there_unless_a_fresh_login_was_asked_for() -> None:
    assert declined(asked(passive=True), context=PASSWORD, known=True) is None
    both = declined(asked(passive=True, fresh=True), context=PASSWORD, known=True)
    assert both is not None
    assert both.codes == (STATUS + "Responder", STATUS + "NoPassive")


def test_a_request_for_a_declared_context_is_not_met_by_a_class() -> None:
    wanted = replace(asked(), requested_authn_context=RequestedAuthnContext(decl_refs=("urn:d",)))
    answer = declined(wanted, context=PASSWORD)
    assert answer is not None
    assert answer.codes == (STATUS + "Responder", STATUS + "NoAuthnContext")


USERS = ("amira", "ben")


def about(*name: str | None) -> AuthnRequest:
    return replace(asked(), subject=Subject(name_id=NameID(*name) if name else None))  # type: ignore[arg-type]  # parts of a NameID


def whom(request: AuthnRequest | None) -> tuple[str, ...]:
    return recognised(request, USERS, issuer="https://a", audience="https://b")


def test_everybody_may_answer_a_request_that_names_nobody() -> None:
    assert whom(None) == whom(asked()) == USERS


@pytest.mark.parametrize(
    "name", [("ben",), ("ben", UNSPECIFIED), ("ben", EMAIL), ("ben", None, "https://x", "https://y")]
)
def test_only_whom_the_subject_names_may_answer(name: tuple[str | None, ...]) -> None:
    assert whom(about(*name)) == ("ben",)


def test_a_persistent_name_is_recognised_with_its_qualifiers() -> None:
    given = name_for(asked(format_=PERSISTENT), "amira", issuer="https://a", audience="https://b", new_id=lambda: "_")
    assert whom(replace(asked(), subject=Subject(name_id=given))) == ("amira",)
    assert whom(about(given.value, PERSISTENT)) == ("amira",)
    assert whom(about(given.value, PERSISTENT, "https://other")) == ()


@pytest.mark.parametrize(
    "name", [(), ("carla",), ("BEN",), ("",), ("", TRANSIENT), ("_2", TRANSIENT), ("ben", "urn:f")]
)
def test_a_name_that_is_nobodys_is_not_recognised_and_declined(name: tuple[str, ...]) -> None:
    request = about(*name)
    assert whom(request) == ()
    answer = declined(request, context=PASSWORD, recognised=False)
    assert answer is not None
    assert answer.codes == (STATUS + "Responder", STATUS + "UnknownPrincipal")


def test_the_name_given_is_of_the_format_of_the_subject_unless_the_policy_says_another() -> None:
    for request, format_ in (
        (about("ben", EMAIL), EMAIL),
        (replace(about("ben", EMAIL), name_id_policy=NameIDPolicy(format=PERSISTENT)), PERSISTENT),
        (about("ben"), UNSPECIFIED),
    ):
        assert name_for(request, "ben", issuer="a", audience="b", new_id=lambda: "_").format == format_


def test_every_inner_status_of_the_standard_can_be_given_on_purpose_below_an_outer_one() -> None:
    # SAML2Core 3.2.2.2
    assert sorted(ON_PURPOSE) == [
        *("AuthnFailed", "InvalidAttrNameOrValue", "InvalidNameIDPolicy", "NoAuthnContext", "NoAvailableIDP"),
        *("NoPassive", "NoSupportedIDP", "PartialLogout", "ProxyCountExceeded", "RequestDenied"),
        *("RequestUnsupported", "RequestVersionDeprecated", "RequestVersionTooHigh", "RequestVersionTooLow"),
        *("ResourceNotRecognized", "TooManyResponses", "UnknownAttrProfile", "UnknownPrincipal"),
        "UnsupportedBinding",
    ]
    for name, each in ON_PURPOSE.items():
        outer, inner = each.codes
        assert outer.removeprefix(STATUS) in {"Requester", "Responder", "VersionMismatch"}
        assert inner == STATUS + name
        assert each.message.startswith("on purpose: ")


def test_a_name_is_unspecified_unless_another_format_was_asked_for() -> None:
    for request_ in (None, asked(), asked(format_=UNSPECIFIED)):
        name = name_for(request_, "amira", issuer="https://a", audience="https://b", new_id=lambda: "_2")
        assert (name.value, name.format, name.name_qualifier) == ("amira", UNSPECIFIED, None)


def test_a_persistent_name_is_opaque_and_another_for_each_pair_of_parties() -> None:
    pairs = [("https://a", "https://b"), ("https://a", "https://c"), ("https://ab", "://b")]
    names = [
        name_for(asked(format_=PERSISTENT), "amira", issuer=issuer, audience=audience, new_id=lambda: "_2")
        for issuer, audience in pairs
    ]
    assert len({name.value for name in names}) == 3
    assert all("amira" not in name.value and len(name.value) <= 256 for name in names)
    assert [(name.name_qualifier, name.sp_name_qualifier) for name in names] == pairs


def test_a_transient_name_is_a_new_id() -> None:
    name = name_for(asked(format_=TRANSIENT), "amira", issuer="https://a", audience="https://b", new_id=lambda: "_2")
    assert (name.value, name.format) == ("_2", TRANSIENT)
