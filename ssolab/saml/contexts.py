"""Whether a way of logging in is as strong as the one that was asked for (SAML2Core 3.3.2.2.1).

The standard names the classes (SAML2AuthnCxt 3.4) and leaves their order to whoever judges. Ours is by what a thief
would need: nothing but a line or an address, then a password that the network may see, a password that it may not, a
key in software, a second factor, a key in hardware. Classes of one line count as equally strong, and a class that does
not stand here is only ever as strong as itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from ssolab.saml.messages import RequestedAuthnContext

Comparison = Literal["exact", "minimum", "maximum", "better"]
COMPARISONS: Final[tuple[str, ...]] = get_args(Comparison)

CLASSES: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
"""What the names of the standard's classes begin with."""

ORDER: Final[tuple[tuple[str, ...], ...]] = (
    ("unspecified",),
    ("InternetProtocol", "PreviousSession", "Telephony", "NomadTelephony", "PersonalTelephony"),
    ("Password", "InternetProtocolPassword", "AuthenticatedTelephony", "MobileOneFactorUnregistered"),
    ("PasswordProtectedTransport", "SecureRemotePassword", "Kerberos", "MobileOneFactorContract"),
    ("X509", "PGP", "SPKI", "XMLDSig", "SoftwarePKI", "TLSClient"),
    ("TimeSyncToken", "MobileTwoFactorUnregistered", "MobileTwoFactorContract"),
    ("Smartcard", "SmartcardPKI"),
)
"""The standard's classes, the weakest first."""

_STRENGTH: Final = {CLASSES + name: strength for strength, names in enumerate(ORDER) for name in names}


def meets(stated: str | None, wanted: RequestedAuthnContext) -> bool:
    """Say whether a context class is one that was asked for.

    `exact` wants one of the listed classes, `minimum` one at least as strong as the weakest of them, `maximum` one no
    stronger than the strongest of them, `better` one stronger than any of them. A comparison that the standard does not
    know is met by nothing.

    Args:
        stated: the AuthnContextClassRef of an assertion; None where it has none.
        wanted: what was asked for; without a single class anything will do.
    """
    if not wanted.class_refs:
        return not wanted.decl_refs
    comparison = wanted.comparison or "exact"
    if stated is None or comparison not in COMPARISONS:
        return False
    if stated in wanted.class_refs and comparison != "better":
        return True
    return comparison != "exact" and _compares(comparison, _STRENGTH.get(stated), wanted.class_refs)


def _compares(comparison: str, strength: int | None, listed: tuple[str, ...]) -> bool:
    known = [_STRENGTH[each] for each in listed if each in _STRENGTH]
    if strength is None or not known:
        return False
    if comparison == "better":
        return len(known) == len(listed) and strength > max(known)
    return strength >= min(known) if comparison == "minimum" else strength <= max(known)


def class_named(word: str) -> str:
    """Give the URI of a class: a standard one may be called by the last part of its name, in any case."""
    short = {uri.removeprefix(CLASSES).lower(): uri for uri in _STRENGTH}
    return short.get(word.lower(), word)
