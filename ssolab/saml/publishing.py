"""How a party's metadata is written and dated, which Salesforce does in a way of its own."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, timedelta
from typing import TYPE_CHECKING, Literal

from ssolab.saml.metadata import write_entity

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.saml.metadata import EntityDescriptor

Flavour = Literal["generic", "salesforce"]

_SALESFORCE_YEARS = 10
_LEAP_DAY = (2, 29)


def ten_years_after(moment: datetime) -> datetime:
    """Ten calendar years on, to the millisecond, as Salesforce dates the metadata it writes; 29 February becomes 28."""
    moment = moment.astimezone(UTC)
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if (moment.month, moment.day) == _LEAP_DAY:
        moment -= timedelta(days=1)
    return moment.replace(year=min(moment.year + _SALESFORCE_YEARS, MAXYEAR))


def document_of(entity: EntityDescriptor, flavour: Flavour) -> bytes:
    """Write metadata as the flavour indents it."""
    return write_entity(entity, indent=3 if flavour == "salesforce" else 2)
