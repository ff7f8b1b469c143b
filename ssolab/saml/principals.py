"""Who logs in, once everything else is settled: what a login may believe, read from nothing but signed elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.saml.assertion_checks import attributes_of, values_of
from ssolab.saml.confirmation_checks import chosen, data_of
from ssolab.saml.materials import Principal, issuer_of, text_of
from ssolab.saml.statements import CLASS_REF

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expected, Materials


def principal_of(message: Materials, expected: Expected) -> Principal | None:
    """Read who logs in; None where a caller left out the checks that see to it that this can be read."""
    issuer = issuer_of(message.assertion)
    if message.name_id is None or issuer is None:
        return None
    attributes: dict[str, list[str]] = {}
    for each in attributes_of(message.assertion):
        attributes.setdefault(each.get("Name", ""), []).extend(values_of(each))
    statement = next(iter(message.statements), None)
    contexts = [] if statement is None else list(statement.iter(CLASS_REF))
    confirmation = chosen(message, expected)
    data = None if confirmation is None else data_of(confirmation)
    return Principal(
        name_id=text_of(message.name_id),
        format=message.name_id.get("Format"),
        attributes={name: tuple(values) for name, values in attributes.items()},
        session_index=None if statement is None else statement.get("SessionIndex"),
        issuer=issuer,
        in_response_to=None if data is None else data.get("InResponseTo"),
        authn_context=text_of(contexts[0]).strip() if contexts else None,
        name_qualifier=message.name_id.get("NameQualifier"),
        sp_name_qualifier=message.name_id.get("SPNameQualifier"),
        attribute_formats=_first(attributes_of(message.assertion), "NameFormat"),
        friendly_names=_first(attributes_of(message.assertion), "FriendlyName"),
        sp_provided_id=message.name_id.get("SPProvidedID"),
    )


def _first(attributes: Iterable[Element], what: str) -> dict[str, str]:
    """Say what the first attribute of each name says of itself, where it does."""
    found: dict[str, str] = {}
    for each in attributes:
        if (said := each.get(what)) is not None:
            found.setdefault(each.get("Name", ""), said)
    return found
