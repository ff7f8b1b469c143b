from __future__ import annotations

import pytest

from ssolab.saml.contexts import CLASSES, ORDER, class_named, meets
from ssolab.saml.messages import RequestedAuthnContext

NONE = CLASSES + "unspecified"
PASSWORD = CLASSES + "Password"
PROTECTED = CLASSES + "PasswordProtectedTransport"
KERBEROS = CLASSES + "Kerberos"
X509 = CLASSES + "X509"
CARD = CLASSES + "SmartcardPKI"
OWN = "https://refeds.org/profile/mfa"


@pytest.mark.parametrize(
    ("comparison", "listed", "met", "unmet"),
    [
        (None, (PROTECTED,), (PROTECTED,), (NONE, PASSWORD, KERBEROS, X509, OWN, None)),
        ("exact", (X509, PASSWORD), (X509, PASSWORD), (PROTECTED, CARD, OWN, None)),
        ("exact", (OWN,), (OWN,), (X509, OWN + "/")),
        ("minimum", (PROTECTED,), (PROTECTED, KERBEROS, X509, CARD), (NONE, PASSWORD, OWN, None)),
        ("minimum", (X509, PROTECTED), (PROTECTED, CARD), (PASSWORD,)),
        ("minimum", (OWN,), (OWN,), (CARD, None)),
        ("minimum", (OWN, X509), (OWN, X509, CARD), (PROTECTED,)),
        ("maximum", (PROTECTED,), (NONE, PASSWORD, KERBEROS, PROTECTED), (X509, CARD, OWN, None)),
        ("maximum", (PASSWORD, X509), (PROTECTED, X509), (CARD,)),
        ("maximum", (OWN,), (OWN,), (NONE, PASSWORD)),
        ("better", (PASSWORD,), (PROTECTED, X509, CARD), (NONE, PASSWORD, OWN, None)),
        ("better", (PASSWORD, X509), (CARD,), (PROTECTED, X509)),
        ("better", (OWN,), (), (OWN, CARD)),
        ("better", (OWN, PASSWORD), (), (CARD, OWN)),
        ("strongest", (PASSWORD,), (), (PASSWORD, CARD, None)),
    ],
)
def test_a_class_meets_what_was_asked_for_or_does_not(
    comparison: str | None, listed: tuple[str, ...], met: tuple[str | None, ...], unmet: tuple[str | None, ...]
) -> None:
    wanted = RequestedAuthnContext(class_refs=listed, comparison=comparison)
    assert [each for each in met if not meets(each, wanted)] == []
    assert [each for each in unmet if meets(each, wanted)] == []


def test_who_names_no_class_takes_any_and_who_names_a_declaration_takes_none() -> None:
    assert meets(None, RequestedAuthnContext())
    assert not meets(CARD, RequestedAuthnContext(decl_refs=("urn:d",)))


def test_the_order_holds_every_class_of_the_standard_once() -> None:
    # SAML2AuthnCxt 3.4.1 to 3.4.25
    names = [name for line in ORDER for name in line]
    assert sorted(names) == sorted(
        [
            *("InternetProtocol", "InternetProtocolPassword", "Kerberos", "MobileOneFactorUnregistered"),
            *("MobileTwoFactorUnregistered", "MobileOneFactorContract", "MobileTwoFactorContract", "Password"),
            *("PasswordProtectedTransport", "PreviousSession", "X509", "PGP", "SPKI", "XMLDSig", "Smartcard"),
            *("SmartcardPKI", "SoftwarePKI", "Telephony", "NomadTelephony", "PersonalTelephony"),
            *("AuthenticatedTelephony", "SecureRemotePassword", "TLSClient", "TimeSyncToken", "unspecified"),
        ]
    )


def test_a_standard_class_may_be_called_by_its_last_part() -> None:
    assert class_named("x509") == class_named("X509") == class_named(X509) == X509
    assert class_named("passwordprotectedtransport") == PROTECTED
    assert class_named(OWN) == OWN
