"""What a browser may have the mock service provider ask for: the parameters of `/saml/login`, and a form for them.

Each is called as the standard calls the attribute or element of the AuthnRequest that it sets. One that nobody knows is
refused, since a misspelt wish would otherwise silently not be asked for.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.saml.asking import Asking
from ssolab.saml.contexts import COMPARISONS, ORDER, class_named
from ssolab.saml.messages import NameID, NameIDPolicy, RequestedAuthnContext
from ssolab.saml.names import format_named

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

    from ssolab.saml.endpoints import IndexedEndpoint
    from ssolab.saml.parties import RelyingParty

URL: Final = "AssertionConsumerServiceURL"
INDEX: Final = "AssertionConsumerServiceIndex"
PARAMETERS: Final = (
    *(
        "RelayState",
        "binding",
        "Subject",
        "ForceAuthn",
        "IsPassive",
        "AuthnContextClassRef",
        "Comparison",
        "Format",
        "SPNameQualifier",
    ),
    *("AllowCreate", URL, INDEX, "AttributeConsumingServiceIndex", "ProviderName"),
)
NONE: Final = "none"
"""Instead of an address: none is named, so that the identity provider takes the default one of the metadata."""

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_LONGEST = 1024
_HIGHEST = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the form offers; every other value can be written into the address."""

    contexts: tuple[str, ...] = tuple(name for names in reversed(ORDER) for name in names)
    comparisons: tuple[str, ...] = COMPARISONS
    formats: tuple[str, ...] = ("unspecified", "emailAddress", "persistent", "transient")
    indexes: tuple[int, ...] = ()


def choices_of(relying: RelyingParty) -> Choices:
    """Say what the form of this service provider offers."""
    return Choices(indexes=tuple(each.index for each in relying.acs))


def asking_of(fields: MultiDict[str, str], relying: RelyingParty) -> Asking:
    """Read what the request shall ask for; a parameter that is empty counts as left out.

    Raises:
        InputError: a parameter is not known, stands twice, or has a value that it cannot have.
    """
    for name in fields:
        if name not in PARAMETERS:
            near = difflib.get_close_matches(name, PARAMETERS, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"known here: {', '.join(PARAMETERS)}"
            raise InputError(_short(name), "no parameter of this address is called so", remedy)
    classes = tuple(
        class_named(_plain("AuthnContextClassRef", each)) for each in fields.getlist("AuthnContextClassRef")
    )
    address, number = _one(fields, URL), _number(fields, INDEX)
    if address and number is not None:
        raise InputError(INDEX, f"{URL} is there too", "name the address in one of the two ways")
    return Asking(
        acs=number if number is not None else _address(address, relying),
        names_acs=address != NONE,
        subject=NameID(subject) if (subject := _one(fields, "Subject")) else None,
        name_id_policy=_policy(fields),
        requested_authn_context=_context(tuple(filter(None, classes)), _one(fields, "Comparison")),
        force_authn=_flag(fields, "ForceAuthn"),
        is_passive=_flag(fields, "IsPassive"),
        provider_name=_one(fields, "ProviderName"),
        attribute_consuming_service_index=_number(fields, "AttributeConsumingServiceIndex"),
    )


def _address(wanted: str | None, relying: RelyingParty) -> IndexedEndpoint | None:
    if wanted in {None, NONE}:
        return None
    found = next((each for each in relying.acs if each.location == wanted), None)
    if found is None:
        own = " or ".join(dict.fromkeys(each.location for each in relying.acs))
        raise InputError(URL, f"{_short(wanted or '')} is no address of this service provider", f"give {own} or {NONE}")
    return found


def _context(classes: tuple[str, ...], comparison: str | None) -> RequestedAuthnContext | None:
    if comparison is not None and comparison not in COMPARISONS:
        raise InputError("Comparison", f"it cannot be {_short(comparison)!r}", f"give one of {', '.join(COMPARISONS)}")
    return RequestedAuthnContext(class_refs=classes, comparison=comparison) if classes else None


def _policy(fields: MultiDict[str, str]) -> NameIDPolicy | None:
    format_ = _one(fields, "Format")
    policy = NameIDPolicy(
        format=format_named(format_) if format_ else None,
        sp_name_qualifier=_one(fields, "SPNameQualifier"),
        allow_create=_flag(fields, "AllowCreate"),
    )
    return None if policy == NameIDPolicy() else policy


def _one(fields: MultiDict[str, str], name: str) -> str | None:
    given = fields.getlist(name)
    if len(given) > 1:
        raise InputError(name, "it stands there twice", "give it once")
    return _plain(name, given[0]) or None if given else None


def _plain(name: str, value: str) -> str:
    if len(value) > _LONGEST or not value.isprintable():
        raise InputError(name, "it holds control characters or is far too long", "give a short plain text")
    return value.strip()


def _flag(fields: MultiDict[str, str], name: str) -> bool | None:
    value = _one(fields, name)
    if value is not None and value not in _BOOLEANS:
        raise InputError(name, f"it cannot be {_short(value)!r}", "give true or false")
    return None if value is None else _BOOLEANS[value]


def _number(fields: MultiDict[str, str], name: str) -> int | None:
    value = _one(fields, name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and int(value) <= _HIGHEST):
        raise InputError(name, f"it cannot be {_short(value)!r}", f"give a number from 0 to {_HIGHEST}")
    return int(value)


def _short(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:79]}…"  # noqa: PLR2004  one line of a page
