"""How long metadata may be used, and metadata that goes back in time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.instants import format_instant
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import put, rewritten
from ssolab.faults.saml.federating import grouped, republished
from ssolab.saml.metadata import EntityDescriptor
from ssolab.saml.metadata_acceptance import AcceptedMetadata

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.faults.engine import Kit

_ROLE: Final = "md:IDPSSODescriptor"
_PINNED: Final = ("federation",)
_EXPIRED: Final = ("metadata-expired",)
_CITES: Final = "SAML2Meta 2.3.1"
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_MONTH: Final = timedelta(days=30)
_TOO_LONG: Final = timedelta(days=3650)
_HELD_ID: Final = "_20270104"
_OLDER_ID: Final = "_20261221"


def _held(until: datetime | None = None, identifier: str | None = None) -> AcceptedMetadata:
    """Say what the receiver holds of the entity: of its copy only the end and the ID are compared."""
    return AcceptedMetadata(
        entity=EntityDescriptor(entity_id="held"), keys=(), valid_until=until, cache_duration=None, id=identifier
    )


def _until(kit: Kit, later: timedelta) -> str:
    return format_instant(kit.now + later)


@fault("M-02", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, needs=_PINNED, trips=_EXPIRED, cites=_CITES)
def expired_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata is past its validUntil, and its signature is as good as ever.

    Somebody may play an old copy, in which a stolen key still stands. Nothing in it is used any more.
    """
    return republished(xml, kit, lambda root: put(root, ".", validUntil=_until(kit, -_DAY)))


@fault("M-02", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_EXPIRED, cites=_CITES)
def metadata_that_ends_at_this_moment(xml: bytes, kit: Kit) -> bytes:
    """The validUntil of the metadata is this very second.

    It is valid until then and not then any more; no allowance is made for clocks.
    """
    return rewritten(xml, lambda root: put(root, ".", validUntil=_until(kit, timedelta())))


@fault("M-02", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, cites=_CITES)
def metadata_that_ends_in_a_second(xml: bytes, kit: Kit) -> bytes:
    """The validUntil of the metadata is one second away.

    Until then it is as good as ever, and then it is not.
    """
    return rewritten(xml, lambda root: put(root, ".", validUntil=_until(kit, _SECOND)))


@fault("M-02", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_EXPIRED, cites="SAML2Meta 2.4.1")
def metadata_with_an_expired_role(xml: bytes, kit: Kit) -> bytes:
    """The role in the metadata is past its validUntil, the entity is not.

    Group, entity and role may each end on their own, and the earliest end counts.
    """
    return rewritten(
        xml, lambda root: put(put(root, ".", validUntil=_until(kit, _DAY)), _ROLE, validUntil=_until(kit, -_DAY))
    )


@fault("M-02", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_EXPIRED, cites=_CITES)
def metadata_in_an_expired_group(xml: bytes, kit: Kit) -> bytes:
    """The group around the entity is past its validUntil, the entity is not.

    A publisher that stopped may have been taken off the network. The earliest end counts.
    """
    return rewritten(
        xml,
        lambda root: grouped(grouped(put(root, ".", validUntil=_until(kit, _DAY))), validUntil=_until(kit, -_DAY)),
    )


@fault(
    "M-02",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    trips=("unreadable-metadata",),
    cites="SAML2Core 1.3.3",
)
def unreadable_end_of_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The validUntil of the metadata is no moment.

    A reader that takes it for none would use the metadata for ever.
    """
    return rewritten(xml, lambda root: put(root, ".", validUntil="never"))


@fault(
    "M-02",
    Nature.LEGITIMATE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    receiver={"fetched": lambda kit: kit.now - _DAY},
    warns=("metadata-stale",),
    cites=_CITES,
)
def stale_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The copy of the metadata was fetched a day ago, and its cacheDuration is an hour.

    It may be used until it expires, but a new key may be missing in it, so the report warns.
    """
    return rewritten(xml, lambda root: put(root, ".", cacheDuration="PT1H"))


@fault(
    "M-02",
    Nature.LEGITIMATE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    receiver={"fetched": lambda kit: kit.now - _DAY},
    warns=("metadata-stale",),
    cites="SAML2Meta 2.4.1",
)
def metadata_with_a_stale_role(xml: bytes, _kit: Kit) -> bytes:
    """The copy was fetched a day ago; its entity may be kept for a week, and its role for an hour.

    The least of them counts. The copy may be used until it expires all the same, so the report only warns.
    """
    return rewritten(xml, lambda root: put(put(root, ".", cacheDuration="P7D"), _ROLE, cacheDuration="PT1H"))


@fault(
    "M-02",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    receiver={"longest": _MONTH},
    warns=("metadata-valid-too-long",),
    cites=_CITES,
)
def metadata_without_an_end(xml: bytes, _kit: Kit) -> bytes:
    """The metadata has no validUntil, where the receiver wants one within a month.

    An old copy could be played to the receiver for ever. It is used all the same, and the report warns.
    """
    return rewritten(xml, lambda root: put(root, ".", validUntil=None))


@fault(
    "M-02",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    receiver={"longest": _MONTH},
    warns=("metadata-valid-too-long",),
    cites=_CITES,
)
def metadata_that_ends_in_ten_years(xml: bytes, kit: Kit) -> bytes:
    """The metadata is valid for ten years, where the receiver wants a month at most.

    Salesforce writes it so. An old copy can be played until then; it is used, and the report warns.
    """
    return rewritten(xml, lambda root: put(root, ".", validUntil=_until(kit, _TOO_LONG)))


@fault(
    "M-05",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    receiver={"held": lambda kit: _held(kit.now + 2 * _DAY)},
    trips=("metadata-rolled-back",),
    cites=_CITES,
)
def older_metadata_than_the_held(xml: bytes, kit: Kit) -> bytes:
    """A refresh brings signed metadata that ends before the copy in use.

    It was published earlier, so a key that was removed since stands in it again. The copy that is held stays.
    """
    return republished(xml, kit, lambda root: put(root, ".", validUntil=_until(kit, _DAY)))


@fault(
    "M-05",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    receiver={"held": lambda kit: _held(kit.now + 2 * _DAY)},
    trips=("metadata-rolled-back",),
    cites=_CITES,
)
def metadata_that_lost_its_end(xml: bytes, kit: Kit) -> bytes:
    """A refresh brings signed metadata without a validUntil, where the copy in use has one.

    It may be from a time before the publisher wrote one, and would then be good for ever.
    """
    return republished(xml, kit, lambda root: put(root, ".", validUntil=None))


@fault(
    "M-05",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    receiver={"held": lambda _kit: _held(identifier=_HELD_ID)},
    trips=("metadata-rolled-back",),
    cites=_CITES,
)
def metadata_with_an_older_date_in_its_id(xml: bytes, kit: Kit) -> bytes:
    """A refresh brings signed metadata whose ID holds an earlier date than that of the copy in use.

    Neither has a validUntil, but this publisher numbers what it publishes. The copy that is held stays.
    """
    return republished(xml, kit, lambda root: put(root, ".", ID=_OLDER_ID))


@fault(
    "M-05",
    Nature.LEGITIMATE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    receiver={"held": lambda kit: _held(kit.now + _DAY, _HELD_ID)},
    cites=_CITES,
)
def same_metadata_again(xml: bytes, kit: Kit) -> bytes:
    """A refresh brings the very metadata that is held.

    Nothing went back and nothing is new, so it is as good as before.
    """
    return republished(xml, kit, lambda root: put(root, ".", ID=_HELD_ID, validUntil=_until(kit, _DAY)))
